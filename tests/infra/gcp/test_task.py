"""The hub's jobs as container tasks: what the configuration adds, changes and refuses."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from handlers.runtimes.task import PAUSES, RUN_SECONDS
from infra.cost import estimate, read_prices
from infra.gcp.alarm import quiet_query
from infra.gcp.task import TIMEOUT_SECONDS
from infra.policies import POLICIES, check
from infra.policies.labels import as_registered
from infra.policies.secrecy import keeps
from infra.reading import ConfigError
from infra.recording import Recorded, Recording
from tests.infra.gcp.hub import one
from tests.infra.test_platform import TOKEN, recorded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

IMAGE = f"us-central1-docker.pkg.dev/demo-costs/collectors/ai-cost-collector@sha256:{'ab' * 32}"
CONTAINER = {"gcp_runtime": "container", "gcp_image": IMAGE}
CLOUDS = ("aws", "azure", "gcp")
JOB = "gcp:cloudrunv2/job:Job"
SCHEDULE = "gcp:cloudscheduler/job:Job"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"


@pytest.fixture(scope="module")
def function(request: pytest.FixtureRequest) -> Recording:
    return recorded(request.config.rootpath, {}, preview=False)


@pytest.fixture(scope="module")
def task(request: pytest.FixtureRequest) -> Recording:
    return recorded(request.config.rootpath, CONTAINER, preview=False)


def inner(recording: Recording, cloud: str) -> Mapping[str, Any]:
    return one(recording, JOB, f"{cloud}-task-job").inputs["template"]["template"]


def container(recording: Recording, cloud: str) -> Mapping[str, Any]:
    (found,) = inner(recording, cloud)["containers"]
    return found


def alarm(recording: Recording, name: str) -> Recorded:
    return one(recording, POLICY, f"alarm-{name}")


def test_the_schedule_of_each_cloud_starts_its_task_and_the_hubs_own_job_stays_a_function(
    task: Recording,
) -> None:
    for cloud in CLOUDS:
        schedule = one(task, SCHEDULE, f"{cloud}-job-schedule").inputs
        job = one(task, JOB, f"{cloud}-task-job").inputs
        assert "pubsubTarget" not in schedule
        target = schedule["httpTarget"]
        assert (target["httpMethod"], target["uri"]) == (
            "POST",
            "https://run.googleapis.com/v2/projects/demo-costs/locations/us-central1"
            f"/jobs/{job['name']}:run",
        )
        grant = one(task, "gcp:cloudrunv2/jobIamMember:JobIamMember", f"{cloud}-task-invoker")
        starter = target["oauthToken"]["serviceAccountEmail"]
        assert grant.inputs["member"] == f"serviceAccount:{starter}"
        assert (grant.inputs["role"], grant.inputs["name"]) == ("roles/run.invoker", job["name"])
    hub = one(task, SCHEDULE, "hub-job-schedule").inputs
    assert "httpTarget" not in hub
    assert len(task.of_type(JOB)) == len(CLOUDS)


def test_of_what_is_there_only_the_schedules_and_what_is_watched_change(
    function: Recording, task: Recording
) -> None:
    before = {each.urn: each for each in function.resources}
    assert set(before) <= {each.urn for each in task.resources}
    changed = {
        each.name
        for each in task.resources
        if each.urn in before and each.inputs != before[each.urn].inputs
    }
    assert changed == {
        *(f"{cloud}-job-schedule" for cloud in CLOUDS),
        *("alarm-failed", "alarm-quiet", "alarm-steps"),
    }


def test_a_task_has_its_functions_environment_and_account_and_runs_the_days_command(
    task: Recording,
) -> None:
    for cloud in CLOUDS:
        service = one(task, FUNCTION, f"{cloud}-job-function").inputs["serviceConfig"]
        told = {each["name"]: each["value"] for each in container(task, cloud)["envs"]}
        assert told.pop("COST_WORKERS") == container(task, cloud)["resources"]["limits"]["cpu"]
        assert told == service["environmentVariables"]
        assert inner(task, cloud)["serviceAccount"] == service["serviceAccountEmail"]
        assert container(task, cloud)["image"] == IMAGE
        assert [json.loads(word) for word in container(task, cloud)["args"]] == [{"run": "daily"}]


def test_a_task_has_time_for_all_its_attempts_and_nobody_else_tries_again(task: Recording) -> None:
    assert (len(PAUSES) + 1) * RUN_SECONDS + sum(PAUSES) < TIMEOUT_SECONDS < 24 * 3600
    assert inner(task, "aws")["timeout"] == f"{TIMEOUT_SECONDS}s"
    assert inner(task, "aws")["maxRetries"] == 0


def test_what_a_task_writes_is_watched_as_what_a_function_writes(task: Recording) -> None:
    jobs = {cloud: one(task, JOB, f"{cloud}-task-job").inputs["name"] for cloud in CLOUDS}
    (failed,) = alarm(task, "failed").inputs["conditions"]
    found = failed["conditionMatchedLog"]
    (metric,) = task.of_type("gcp:logging/metric:Metric")
    for text in (found["filter"], metric.inputs["filter"]):
        named = re.search(r'"cloud_run_job" AND resource.labels.job_name=\(([^)]*)\)', text)
        assert named is not None
        assert set(re.findall(r'"([^"]+)"', named[1])) == set(jobs.values())
        # Commands still go to the functions.
        assert 'resource.type="cloud_run_revision"' in text
    assert found["labelExtractors"] == {"job": "EXTRACT(jsonPayload.job)"}


def test_a_function_that_is_only_for_commands_is_not_told_of_as_quiet() -> None:
    series = "logging_googleapis_com:user_ai_cost_job_steps"
    hub = 'monitored_resource="cloud_run_revision", service_name=~"hub-daily"'
    task = 'monitored_resource="cloud_run_job", job_name=~"aws-daily-etl-task"'
    assert quiet_query(["hub-daily", "aws-daily-etl"], ["aws-daily-etl"]) == (
        f"(sum by (service_name) (increase({series}{{{hub}}}[30d] offset 36h)) > 0) unless"
        f' (sum by (service_name) (increase({series}{{{hub}, step="finished"}}[36h])) > 0)'
        f" or label_replace((sum by (job_name) (increase({series}{{{task}}}[30d] offset 36h)) > 0)"
        f' unless (sum by (job_name) (increase({series}{{{task}, step="finished"}}[36h])) > 0),'
        ' "service_name", "$1", "job_name", "(.*)")'
    )


def test_no_policy_is_broken_and_every_resource_has_a_price(task: Recording) -> None:
    graph = as_registered(task.resources, {"managed-by": "ai-cost-monitoring"})
    assert [str(violation) for violation in check(graph, [*POLICIES, keeps([TOKEN])])] == []
    found = estimate(task, read_prices())
    assert found.unknown == {}
    spent = [item.usd for item in found.items if "Cloud Run jobs" in item.usage.price.title]
    # For each of three clouds 30.4 hours of 4 vCPUs and 16 GiB.
    by_hand = 3 * Decimal("30.4") * 3600 * (4 * Decimal("0.000018") + 16 * Decimal("0.000002"))
    assert sum(spent) == by_hand


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"gcp_runtime": "vm"}, "gcp_runtime.*function, container"),
        ({"gcp_runtime": "container"}, "gcp_image: is not set"),
        ({**CONTAINER, "gcp_image": "python:3.13"}, "by its digest"),
        ({**CONTAINER, "gcp_image": IMAGE.partition("@")[0] + ":latest"}, "by its digest"),
        ({"azure_native_runtime": "container"}, "docs/scale.md says why"),
    ],
)
def test_a_task_without_a_right_image_or_in_azure_is_refused_before_anything_is_made(
    root: Path, changes: Mapping[str, str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        recorded(root, changes, preview=False)
