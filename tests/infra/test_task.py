"""The collector in AWS as a container task: what the configuration adds, changes and refuses."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from infra.cost import estimate, read_prices
from infra.policies import POLICIES, check
from infra.policies.labels import as_registered
from infra.policies.secrecy import keeps
from infra.reading import ConfigError
from infra.recording import Recorded, Recording
from infra.stages import Stage
from tests.infra.test_phase2 import HOME, SECRET, in_stage
from tests.infra.test_platform import TOKEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

IMAGE = f"{HOME}.dkr.ecr.us-east-1.amazonaws.com/ai-cost-collector@sha256:{'ab' * 32}"
CONTAINER = {"aws_native_runtime": "container", "aws_native_image": IMAGE}


@pytest.fixture(scope="module")
def function(request: pytest.FixtureRequest) -> Recording:
    return in_stage(request.config.rootpath, Stage.DUAL)


@pytest.fixture(scope="module")
def task(request: pytest.FixtureRequest) -> Recording:
    return in_stage(request.config.rootpath, Stage.DUAL, CONTAINER)


def named(recording: Recording, name: str) -> Recorded:
    (found,) = [each for each in recording.resources if each.custom and each.name == name]
    return found


def container(recording: Recording) -> Mapping[str, Any]:
    (one,) = json.loads(named(recording, "aws-task-definition").inputs["containerDefinitions"])
    return cast("Mapping[str, Any]", one)


def test_the_schedule_and_the_deliveries_start_either_the_lambda_or_the_task(
    function: Recording, task: Recording
) -> None:
    names = {each.name for each in function.resources}
    there = {each.name for each in task.resources}
    assert {name.split("-")[1] for name in there - names} == {"task", "egress"}
    assert names - there == {
        name for name in names if name.startswith(("aws-trigger", "aws-collector-schedule"))
    } | {"aws-collector-daily"}
    target = named(task, "aws-task-daily").inputs["target"]
    assert target["arn"] != named(task, "aws-collector-function").urn
    assert target["ecsParameters"]["launchType"] == "FARGATE"
    schedules = [named(one, name).inputs for one, name in
                 ((function, "aws-collector-daily"), (task, "aws-task-daily"))]  # fmt: skip
    assert schedules[0]["scheduleExpression"] == schedules[1]["scheduleExpression"]
    # While one takes over from the other both are there for a moment.
    assert schedules[0]["name"] != schedules[1]["name"]


def test_of_what_is_there_only_who_takes_the_role_and_who_is_trusted_changes(
    function: Recording, task: Recording
) -> None:
    before = {each.urn: each for each in function.resources}
    changed = {
        each.name: {key for key in each.inputs if each.inputs[key] != before[each.urn].inputs[key]}
        for each in task.resources
        if each.urn in before and each.inputs != before[each.urn].inputs
    }
    assert changed == {
        "aws-native-identity-role": {"assumeRolePolicy"},
        "aws-federation-provider": {"attributeCondition"},
    }
    trust = json.loads(named(task, "aws-native-identity-role").inputs["assumeRolePolicy"])
    services = trust["Statement"][0]["Principal"]["Service"]
    assert services == ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]
    condition = named(task, "aws-federation-provider").inputs["attributeCondition"]
    role = f"arn:aws:sts::{HOME}:assumed-role/ai-cost-native-collector/"
    assert condition == f"assertion.arn.startsWith('{role}')"


def test_the_task_has_the_lambdas_environment_role_and_log(task: Recording) -> None:
    lambda_ = named(task, "aws-collector-function").inputs
    told = {each["name"]: each["value"] for each in container(task)["environment"]}
    assert told.pop("AWS_REGION") == "us-east-1"
    # A vCPU is 1,024 units.
    assert int(told.pop("COST_WORKERS")) * 1024 == int(
        named(task, "aws-task-definition").inputs["cpu"]
    )
    assert told == lambda_["environment"]["variables"]
    definition = named(task, "aws-task-definition").inputs
    assert definition["taskRoleArn"] == lambda_["role"]
    log = container(task)["logConfiguration"]["options"]
    assert log["awslogs-group"] == lambda_["loggingConfig"]["logGroup"]


def test_the_task_is_nobody_writes_to_its_scratch_alone_and_lets_nothing_in(
    task: Recording,
) -> None:
    one = container(task)
    assert (one["image"], one["user"], one["readonlyRootFilesystem"]) == (
        IMAGE,
        "65532:65532",
        True,
    )
    assert [each["containerPath"] for each in one["mountPoints"]] == ["/tmp"]
    group = named(task, "aws-egress-group").inputs
    assert group["ingress"] == []
    assert [(each["fromPort"], each["toPort"]) for each in group["egress"]] == [(443, 443)]


def test_the_schedule_may_start_this_task_alone_and_hand_it_its_two_roles(task: Recording) -> None:
    policy = json.loads(named(task, "aws-task-schedule-policy").inputs["policy"])
    start, roles, _ = policy["Statement"]
    assert start["Action"] == "ecs:RunTask"
    assert start["Resource"] == (f"arn:aws:ecs:us-east-1:{HOME}:task-definition/aws-native-etl:*")
    assert "ecs:cluster" in start["Condition"]["ArnEquals"]
    assert len(roles["Resource"]) == 2
    assert roles["Condition"]["StringEquals"]["iam:PassedToService"] == "ecs-tasks.amazonaws.com"
    fetch = json.loads(named(task, "aws-task-starter-policy").inputs["policy"])["Statement"][1]
    assert fetch["Resource"] == f"arn:aws:ecr:us-east-1:{HOME}:repository/ai-cost-collector"


def test_no_policy_is_broken_and_every_resource_has_a_price(task: Recording) -> None:
    graph = as_registered(task.resources, {"managed-by": "ai-cost-monitoring"})
    violations = check(graph, [*POLICIES, keeps([TOKEN, SECRET])])
    assert [str(violation) for violation in violations] == []
    found = estimate(task, read_prices())
    assert found.unknown == {}
    fargate = [item.usd for item in found.items if "Fargate" in item.usage.price.title]
    # 30.4 hours of 4 vCPUs, 16 GB and 80 GB more.
    by_hand = Decimal("30.4") * (
        4 * Decimal("0.04048") + 16 * Decimal("0.004445") + 80 * Decimal("0.000111")
    )
    assert sum(fargate) == by_hand


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"aws_native_runtime": "vm"}, "function, container"),
        ({"aws_native_runtime": "container"}, "aws_native_image"),
        ({**CONTAINER, "aws_native_image": "python:3.13"}, "by its digest"),
        ({**CONTAINER, "aws_native_image": IMAGE.partition("@")[0] + ":latest"}, "by its digest"),
    ],
)
def test_a_task_without_a_right_image_is_refused_before_anything_is_made(
    root: Path, changes: Mapping[str, str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        in_stage(root, Stage.DUAL, changes)
