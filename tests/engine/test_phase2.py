"""Phase 2 on the real engine: from nothing, and from phase 1 on the same stack and back."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from infra.stages import Stage
from infra.updates import Change, unlisted, unused
from tests.engine.cloud import Fault
from tests.engine.conftest import NewStack
from tests.engine.phase1 import PAYER, files
from tests.engine.phase2 import (
    ALL,
    DUAL,
    HUB,
    NATIVE,
    SECRET,
    inputs_by_urn,
    new_environment,
)
from tests.engine.stack import Stack, Step
from tests.engine.values import Value, plain

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]

ACCESS_KEY = "an-access-key-of-the-test-cloud"
HOLDS_DATA = (
    "aws:redshiftserverless/namespace:Namespace",
    "azure-native:sql:Server",
    "azure-native:sql:Database",
    "gcp:bigquery/table:Table",
)


@pytest.fixture(scope="module")
def made(new_stack: NewStack) -> Stack:
    """An environment that began in phase 2. Tests that share it leave it as it is."""
    stack = new_environment(new_stack)
    stack.up()
    return stack


def test_phase_2_is_made_from_nothing_and_a_second_up_changes_nothing(made: Stack) -> None:
    types = Counter(resource["type"] for resource in made.resources().values())
    for token in (
        "aws:redshiftserverless/workgroup:Workgroup",
        "aws:lambda/function:Function",
        "azure-native:sql:Database",
        "azure-native:web:WebApp",
        "azure-native:resources:Deployment",
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool",
    ):
        assert types[token] == 1, token
    assert types["grafana:oss/dataSource:DataSource"] == 3
    assert made.up("--expect-no-changes").counts() == {}


def test_a_refresh_finds_phase_2_as_the_program_described_it(made: Stack) -> None:
    made.refresh("--expect-no-changes")


def test_what_holds_data_in_phase_2_is_protected_and_destroy_is_refused(made: Stack) -> None:
    before = set(made.cloud.things)
    refused = made.failing("destroy")
    assert "because it is protected" in refused.text
    assert set(made.cloud.things) == before
    for urn, resource in made.resources().items():
        empty = "stand-in" in urn or "view" in resource.get("inputs", {})
        if resource["type"] in HOLDS_DATA and not empty:
            assert resource.get("protect"), urn


def test_no_key_and_no_secret_of_phase_2_stands_in_a_file_or_a_message_in_clear(
    made: Stack,
) -> None:
    said = made.preview_json("--diff").text
    for text in (said, *(path.read_text(errors="replace") for path in files(made.folder))):
        assert SECRET not in text
        assert ACCESS_KEY not in text


def test_the_lambda_and_the_function_app_are_trusted_by_name_and_nobody_else_is(
    made: Stack,
) -> None:
    conditions = {
        thing.id.rpartition("/")[2]: plain(thing.inputs["attributeCondition"])
        for thing in made.cloud.of_type(
            "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
        )
    }
    role = f"arn:aws:sts::{PAYER}:assumed-role/ai-cost-native-collector/aws-native-etl"
    [identity] = [
        thing
        for thing in made.cloud.of_type("azure-native:managedidentity:UserAssignedIdentity")
        if thing.id.endswith("ai-cost-native-collector")
    ]
    principal = plain(identity.outputs["principalId"])
    tenant = "00000000-0000-4000-8000-00000000000b"
    assert conditions == {
        "aws-lambda": f"assertion.arn == '{role}'",
        "azure-function": f"assertion.sub == '{principal}' && assertion.tid == '{tenant}'",
    }


@dataclass(frozen=True)
class Promoted:
    """A stack of phase 1 that went on to phase 2, and what its move did."""

    stack: Stack
    phase1: Mapping[str, Mapping[str, Value]]
    dual: Mapping[str, Mapping[str, Value]]
    kept: frozenset[str]
    previewed: frozenset[str]
    steps: Sequence[Step]


@pytest.fixture(scope="module")
def promoted(new_stack: NewStack) -> Promoted:
    stack = new_environment(new_stack)
    stack.configure(HUB)
    stack.up()
    phase1 = inputs_by_urn(stack)
    kept = frozenset(urn for urn, one in stack.resources().items() if one.get("protect"))
    stack.configure(DUAL)
    previewed = frozenset(step.urn for step in stack.preview_json().steps if step.op != "same")
    steps = stack.up().steps
    return Promoted(stack, phase1, inputs_by_urn(stack), kept, previewed, steps)


def test_promotion_to_dual_replaces_and_deletes_nothing_and_changes_what_is_listed(
    promoted: Promoted,
) -> None:
    assert {step.op for step in promoted.steps} <= {"same", "create", "update"}
    assert {step.urn for step in promoted.steps if step.op != "same"} == promoted.previewed
    assert unlisted(changes(promoted.steps), Stage.SINGLE, Stage.DUAL) == set()


def test_phase_1_is_a_part_of_phase_2_with_the_same_inputs(promoted: Promoted) -> None:
    assert promoted.phase1.keys() < promoted.dual.keys()
    changed = {urn for urn in promoted.phase1 if promoted.phase1[urn] != promoted.dual[urn]}
    assert changed == {step.urn for step in promoted.steps if step.op == "update"}
    assert not changed & promoted.kept


def test_moving_customers_changes_no_resource(promoted: Promoted) -> None:
    promoted.stack.configure(ALL)
    assert promoted.stack.preview_json().counts() == {}


def test_native_retires_the_listed_and_keeps_all_data_and_the_way_back_makes_it_again(
    promoted: Promoted,
) -> None:
    stack = promoted.stack
    stack.configure(NATIVE)
    retired = stack.up()
    done = changes(retired.steps)
    assert unlisted(done, Stage.ALL, Stage.NATIVE) == set()
    assert unused(done, Stage.ALL, Stage.NATIVE) == []
    assert promoted.kept <= stack.resources().keys()

    stack.configure(ALL)
    assert set(stack.up().counts()) <= {"create", "update"}
    assert promoted.dual.keys() == stack.resources().keys()


def test_a_promotion_that_fails_in_the_middle_is_finished_by_the_next_up(
    new_stack: NewStack,
) -> None:
    stack = new_environment(new_stack)
    stack.configure(HUB)
    stack.up()
    before = set(stack.cloud.things)
    stack.configure(DUAL)
    stack.cloud.fail_creation(
        Fault(type="azure-native:resources:Deployment", message="OneDeploy: 403, try again")
    )
    assert "OneDeploy: 403" in stack.failing("up").text
    assert before <= set(stack.cloud.things)
    assert set(stack.up().counts()) <= {"create", "update"}
    assert stack.up().counts() == {}


def changes(steps: Iterable[Step]) -> set[Change]:
    """What was done to things that were there before."""
    return {Change(step.op, step.name) for step in steps if step.op not in ("same", "create")}
