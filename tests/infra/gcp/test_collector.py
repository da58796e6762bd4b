import base64
import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from handlers.messages import Run, parse
from handlers.settings import names_for
from infra.gcp.collector import push_audience
from infra.recording import Recorded, Recording, record
from tests.infra.gcp.hub import JOBS, one

AGENT = "serviceAccount:services-pubsub-agent@recorded.iam.gserviceaccount.com"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"
SUBSCRIPTION = "gcp:pubsub/subscription:Subscription"
TOPIC = "gcp:pubsub/topic:Topic"
JOB = "gcp:cloudscheduler/job:Job"


@pytest.fixture(params=list(JOBS))
def job(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def service(recording: Recording, job: str) -> Mapping[str, Any]:
    return one(recording, FUNCTION, f"{job}-function").inputs["serviceConfig"]


def push(recording: Recording, job: str) -> Recorded:
    return one(recording, SUBSCRIPTION, f"{job}-push")


def test_a_function_has_the_size_that_was_asked_for(either: Recording, job: str) -> None:
    config = service(either, job)
    assert config["availableMemory"] == "512Mi"
    assert config["timeoutSeconds"] == 540
    assert config["maxInstanceCount"] == 1
    assert config["maxInstanceRequestConcurrency"] == 1
    build = one(either, FUNCTION, f"{job}-function").inputs["buildConfig"]
    assert build["runtime"] == "python313"
    assert build["entryPoint"] == "handle"
    assert build["environmentVariables"] == {"GOOGLE_VENDOR_PIP_DEPENDENCIES": "vendor"}


def test_a_function_is_reached_from_inside_the_project_alone(either: Recording, job: str) -> None:
    assert service(either, job)["ingressSettings"] == "ALLOW_INTERNAL_ONLY"


def test_a_function_has_no_trigger_of_its_own(either: Recording, job: str) -> None:
    assert "eventTrigger" not in one(either, FUNCTION, f"{job}-function").inputs


def test_a_function_is_built_by_an_account_and_into_a_repository_of_our_own(
    hub: Recording, job: str
) -> None:
    build = one(hub, FUNCTION, f"{job}-function").inputs["buildConfig"]
    assert build["serviceAccount"] == "build-account"
    assert build["dockerRepository"] == (
        "projects/demo-costs/locations/europe-west3/repositories/ai-cost-jobs"
    )
    grants = {r.urn for r in hub.resources if r.name.startswith("build-") and "role" in r.inputs}
    assert len(grants) == 4
    assert grants <= set(one(hub, FUNCTION, f"{job}-function").dependencies)


def test_a_function_is_made_of_the_bundle_that_was_put_there(hub: Recording, job: str) -> None:
    [bundle] = hub.of_type("gcp:storage/bucketObject:BucketObject")
    function = one(hub, FUNCTION, f"{job}-function")
    assert function.inputs["buildConfig"]["source"]["storageSource"] == {
        "bucket": "demo-costs-bundles",
        "object": "google-0123456789abcdef.zip",
    }
    assert bundle.inputs["name"] == "google-0123456789abcdef.zip"
    assert bundle.urn in function.dependencies


def test_pubsub_waits_for_an_answer_longer_than_the_function_may_take(
    either: Recording, job: str
) -> None:
    deadline = push(either, job).inputs["ackDeadlineSeconds"]
    assert deadline == 600
    assert deadline > service(either, job)["timeoutSeconds"]


def test_a_message_refused_while_two_others_run_is_not_given_up(
    either: Recording, job: str
) -> None:
    inputs = push(either, job).inputs
    first = int(inputs["retryPolicy"]["minimumBackoff"].removesuffix("s"))
    longest = int(inputs["retryPolicy"]["maximumBackoff"].removesuffix("s"))
    pauses = [
        min(first * 2**attempt, longest)
        for attempt in range(int(inputs["deadLetterPolicy"]["maxDeliveryAttempts"]) - 1)
    ]
    assert longest <= 600
    assert sum(pauses) > 2 * 540


def test_a_push_goes_to_the_function_and_says_whom_it_is_from_and_for(
    hub: Recording, job: str
) -> None:
    config = push(hub, job).inputs["pushConfig"]
    environment = service(hub, job)["environmentVariables"]
    assert config["pushEndpoint"] == f"https://{job}-function.recorded.run.app"
    assert config["oidcToken"] == {
        "serviceAccountEmail": "ai-cost-push@recorded.iam.gserviceaccount.com",
        "audience": environment["COST_PUSH_AUDIENCE"],
    }
    assert environment["COST_PUSH_ACCOUNT"] == config["oidcToken"]["serviceAccountEmail"]


def test_the_audience_is_the_url_that_cloud_run_gives_by_the_project_s_number() -> None:
    found: list[str] = []

    def program() -> None:
        number = pulumi.Output.from_input(123456789012)
        push_audience("hub-daily", "europe-west3", number).apply(found.append)

    record(program, {})
    assert found == ["https://hub-daily-123456789012.europe-west3.run.app"]


def test_only_the_account_that_pushes_may_call_a_function(hub: Recording, job: str) -> None:
    callers = [
        grant.inputs["member"]
        for grant in hub.of_type("gcp:cloudrunv2/serviceIamMember:ServiceIamMember")
        if grant.inputs["name"] == job
    ]
    assert callers == ["serviceAccount:ai-cost-push@recorded.iam.gserviceaccount.com"]


def test_a_message_that_fails_ends_in_a_topic_that_keeps_it_for_31_days(
    hub: Recording, job: str
) -> None:
    topic = one(hub, TOPIC, f"{job}-dead-letter")
    assert push(hub, job).inputs["deadLetterPolicy"]["deadLetterTopic"] == f"{topic.name}-id"
    kept = one(hub, SUBSCRIPTION, f"{job}-dead-letter-kept").inputs
    assert kept["topic"] == f"{topic.name}-id"
    assert kept["messageRetentionDuration"] == f"{31 * 24 * 3600}s"
    assert "pushConfig" not in kept


def test_pubsub_may_take_a_message_off_and_put_it_into_the_dead_letter(
    hub: Recording, job: str
) -> None:
    publisher = one(hub, "gcp:pubsub/topicIAMMember:TopicIAMMember", f"{job}-dead-letter-publisher")
    assert (publisher.inputs["role"], publisher.inputs["member"]) == (
        "roles/pubsub.publisher",
        AGENT,
    )
    assert publisher.inputs["topic"] == f"{job}-dead-letter"
    taker = one(
        hub, "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember", f"{job}-push-subscriber"
    )
    assert (taker.inputs["role"], taker.inputs["member"]) == ("roles/pubsub.subscriber", AGENT)
    assert taker.inputs["subscription"] == job


def test_no_subscription_expires_when_it_is_not_used(either: Recording) -> None:
    subscriptions = either.of_type(SUBSCRIPTION)
    assert len(subscriptions) == 2 * len(JOBS)
    for subscription in subscriptions:
        assert subscription.inputs["expirationPolicy"] == {"ttl": ""}


def test_the_schedule_sends_the_daily_message_in_utc(hub: Recording, job: str) -> None:
    inputs = one(hub, JOB, f"{job}-schedule").inputs
    assert inputs["timeZone"] == "Etc/UTC"
    assert inputs["schedule"] == "0 3 * * *"
    sent = base64.b64decode(inputs["pubsubTarget"]["data"], validate=True)
    assert json.loads(sent) == {"run": "daily"}
    assert parse(sent).run is Run.DAILY
    assert inputs["pubsubTarget"]["topicName"] == f"{job}-topic-id"


def test_nothing_is_sent_before_someone_listens(either: Recording, job: str) -> None:
    waits = set(one(either, JOB, f"{job}-schedule").dependencies)
    assert push(either, job).urn in waits
    invoker = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"
    assert one(either, invoker, f"{job}-invoker").urn in waits


def test_the_function_gets_exactly_the_environment_that_its_job_reads(
    hub: Recording, job: str
) -> None:
    environment = service(hub, job)["environmentVariables"]
    assert environment["COST_JOB"] == job
    assert environment["COST_PUSH_SIGNATURE"] == "cloud-run"
    assert ("COST_CLOUD" in environment) is (JOBS[job] is not None)
    assert set(environment) == {name.value for name in names_for(JOBS[job])}
