import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from infra.recording import SECRET, Recorded, Recording
from tests.infra.gcp.hub import JOBS, build_hub, one, recorded

POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"


def condition(policy: Recorded) -> Mapping[str, Any]:
    [found] = policy.inputs["conditions"]
    [kind] = [key for key in found if key.startswith("condition")]
    return found[kind]


def test_mail_and_web_addresses_each_get_a_channel_of_their_kind(either: Recording) -> None:
    labels = {c.inputs["type"]: c.inputs["labels"] for c in either.of_type(CHANNEL)}
    url = labels["webhook_tokenauth"]["url"]
    assert labels["email"] == {"email_address": "platform@example.com"}
    assert SECRET in url  # whoever knows it may write there
    assert url["value"] == "https://hooks.example.com/T0/secret-part"


def test_a_channel_s_name_shows_nothing_of_a_url_but_its_host(either: Recording) -> None:
    for channel in either.of_type(CHANNEL):
        assert "secret-part" not in channel.urn
        assert "secret-part" not in channel.inputs["displayName"]
        assert "sensitiveLabels" not in channel.inputs


def test_another_order_of_addresses_changes_no_channel() -> None:
    other = recorded(partial(build_hub, notify=("https://hooks.example.com/T0/secret-part",
                                                "mailto:platform@example.com")))  # fmt: skip
    before = {c.urn: c.inputs for c in recorded().of_type(CHANNEL)}
    assert {c.urn: c.inputs for c in other.of_type(CHANNEL)} == before


def test_every_policy_tells_every_channel_and_names_what_to_do(hub: Recording) -> None:
    ids = {f"{channel.name}-id" for channel in hub.of_type(CHANNEL)}
    policies = hub.of_type(POLICY)
    assert len(policies) == 3
    for policy in policies:
        assert set(policy.inputs["notificationChannels"]) == ids
        assert len(policy.inputs["documentation"]["content"]) > 40
        assert policy.inputs["userLabels"] == {"managed-by": "ai-cost-monitoring"}


def test_an_error_in_the_log_of_a_job_raises_an_alarm_that_names_the_job(
    either: Recording,
) -> None:
    policy = one(either, POLICY, "alarm-failed")
    found = condition(policy)
    prefix, names, suffix = re.split(r"[()]", found["filter"])
    assert prefix == 'resource.type="cloud_run_revision" AND resource.labels.service_name='
    assert set(names.split(" OR ")) == {f'"{job}"' for job in JOBS}
    assert suffix == " AND severity>=ERROR"
    assert found["labelExtractors"] == {"job": "EXTRACT(resource.labels.service_name)"}
    # A policy over log lines is refused without this limit; the jobs run an hour apart.
    assert policy.inputs["alertStrategy"]["notificationRateLimit"] == {"period": "1800s"}


def test_a_message_in_any_dead_letter_raises_an_alarm(either: Recording) -> None:
    found = condition(one(either, POLICY, "alarm-given-up"))
    for job in JOBS:
        assert f'"{job}-dead-letter"' in found["filter"]
    assert "num_undelivered_messages" in found["filter"]
    assert (found["comparison"], found["thresholdValue"]) == ("COMPARISON_GT", 0)


def test_the_dead_letters_that_are_watched_are_those_that_are_kept(hub: Recording) -> None:
    names = {
        s.inputs["name"]
        for s in hub.of_type("gcp:pubsub/subscription:Subscription")
        if "pushConfig" not in s.inputs
    }
    found = condition(one(hub, POLICY, "alarm-given-up"))
    assert (
        set(found["filter"].split("one_of(")[1].split(")")[0].replace('"', "").split(", ")) == names
    )


def test_a_job_that_finished_nothing_for_36_hours_raises_an_alarm(either: Recording) -> None:
    found = condition(one(either, POLICY, "alarm-quiet"))
    series = "logging_googleapis_com:user_ai_cost_job_steps"
    match = re.search(r'service_name=~"([^"]*)"', found["query"])
    assert match is not None
    assert set(match[1].split("|")) == set(JOBS)
    ours = f'monitored_resource="cloud_run_revision", {match[0]}'
    assert found["query"] == (
        f"(sum by (service_name) (increase({series}{{{ours}}}[30d] offset 36h)) > 0) unless"
        f' (sum by (service_name) (increase({series}{{{ours}, step="finished"}}[36h])) > 0)'
    )
    assert found["duration"] == "0s"
    assert found["disableMetricValidation"] is True


def test_what_is_counted_is_what_the_query_asks_for(either: Recording) -> None:
    [metric] = either.of_type("gcp:logging/metric:Metric")
    assert metric.inputs["name"] == "ai-cost-job-steps"  # / : . and - are _ in PromQL
    assert metric.inputs["labelExtractors"] == {"step": "EXTRACT(jsonPayload.step)"}
    assert metric.inputs["metricDescriptor"]["metricKind"] == "DELTA"
    for job in JOBS:
        assert f'"{job}"' in metric.inputs["filter"]


def test_without_an_address_the_policies_are_there_and_tell_nobody() -> None:
    silent = recorded(partial(build_hub, notify=()))
    assert silent.of_type(CHANNEL) == []
    assert len(silent.of_type(POLICY)) == 3
