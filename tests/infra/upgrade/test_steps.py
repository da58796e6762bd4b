"""In which order an upgrade is to be applied."""

import shlex

from infra.guard.preview import read_preview
from infra.policies.labels import label_types
from infra.upgrade.steps import Step, Waiting, step_types, waiting
from tests.infra.guard.previews import PREFIX, Json, document, state, step

TABLE = "gcp:bigquery/table:Table"
FUNCTION = "gcp:cloudfunctionsv2/function:Function"
BUNDLE = "gcp:storage/bucketObject:BucketObject"
BOARD = "grafana:oss/dashboard:Dashboard"
THERE = state(TABLE, "warehouse-ledger", {})
SAME = step("same", THERE, THERE)


def updated(type_: str, name: str, **inputs: object) -> Json:
    return step("update", state(type_, name, inputs), state(type_, name, {**inputs, "new": 1}))


def created(type_: str, name: str, *needs: str) -> Json:
    after = {**state(type_, name, {}), "dependencies": [f"{PREFIX}{need}" for need in needs]}
    return step("create", None, after)


def found(*steps: Json, natives: bool = False) -> Waiting:
    return waiting(read_preview(document(SAME, *steps)), has_natives=natives)


def commands(*steps: Json, natives: bool = False) -> list[list[str]]:
    return [shlex.split(each) for each in found(*steps, natives=natives).commands()]


def up(*targets: str) -> list[str]:
    options = [word for target in targets for word in ("--target", f"{PREFIX}{target}")]
    return ["pulumi", "up", "--stack", "prod", *options]


MIGRATE = ["python", "-m", "infra", "run", "migrate", "--stack", "prod", "--path", "native"]
NEW_TABLE = created(TABLE, "warehouse-refunds")
NEW_CODE = updated(FUNCTION, "aws-job-function")
NEW_VIEW = updated(TABLE, "warehouse-unified_costs", view={"query": "SELECT 1"})
NEW_BOARD = updated(BOARD, "grafana-overview")


def test_what_is_as_this_version_has_it_needs_no_command() -> None:
    assert commands() == []


def test_tables_come_before_collectors_and_views_and_dashboards_last() -> None:
    assert commands(NEW_BOARD, NEW_VIEW, NEW_CODE, NEW_TABLE) == [
        up(f"{TABLE}::warehouse-refunds"),
        up(f"{FUNCTION}::aws-job-function"),
        up(),
    ]


def test_a_clouds_own_tables_are_brought_forward_by_the_new_collector_before_views_ask_them() -> (
    None
):
    assert commands(NEW_CODE, NEW_BOARD, natives=True) == [
        up(f"{FUNCTION}::aws-job-function"),
        MIGRATE,
        up(),
    ]
    assert commands(NEW_CODE, natives=True) == [up(), MIGRATE]


def test_one_kind_of_change_is_one_update() -> None:
    for change in (NEW_TABLE, NEW_CODE, NEW_VIEW, NEW_BOARD):
        assert commands(change) == [up()]


def test_an_update_of_single_resources_takes_along_what_is_new_and_needed() -> None:
    bundle = created(BUNDLE, "build-bundle", f"{TABLE}::not-new", "gcp:pubsub/topic:Topic::new")
    topic = created("gcp:pubsub/topic:Topic", "new")
    assert commands(bundle, topic, NEW_BOARD)[0] == up(
        "gcp:pubsub/topic:Topic::new", f"{BUNDLE}::build-bundle"
    )


def test_a_view_is_no_table() -> None:
    waits = found(NEW_VIEW, NEW_TABLE).changes
    assert [change.name for change in waits[Step.VIEWS]] == ["warehouse-unified_costs"]
    assert [change.name for change in waits[Step.TABLES]] == ["warehouse-refunds"]


def test_an_environment_that_is_not_made_yet_is_made_at_once() -> None:
    preview = read_preview(document(NEW_TABLE, created(FUNCTION, "f"), created(BOARD, "b")))
    assert list(waiting(preview, has_natives=False).commands()) == ["pulumi up --stack prod"]


def test_every_type_that_a_step_names_is_one_that_the_program_knows() -> None:
    known = label_types()
    named = {type_ for type_ in step_types() if not type_.startswith("grafana:")}
    assert named
    assert named - known.carries.keys() - known.cannot.keys() == set()
