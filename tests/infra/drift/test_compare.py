"""Drift is what a preview with a look at the clouds would do beyond one without."""

from infra.drift.compare import Drift, Kind, compare
from infra.guard.preview import Op, read_preview
from tests.infra.guard.previews import Json, document, state, step, topic

PUSH = state("gcp:pubsub/subscription:Subscription", "push", {"name": "push"})


def found(believed: list[Json], refreshed: list[Json]) -> Drift:
    return compare(read_preview(document(*believed)), read_preview(document(*refreshed)))


def looked_at(*things: Json) -> list[Json]:
    """The steps by which the engine looks at each thing, before it says what it would do."""
    return [step("refresh", thing, thing) for thing in things]


def test_nothing_changed_is_no_drift() -> None:
    same = [step("same", topic(), topic())]
    assert found(same, [*looked_at(topic()), *same]) == Drift("prod", (), ())


def test_a_property_changed_in_the_cloud_is_told_by_its_name_and_not_by_its_value() -> None:
    changed = topic(retention="secret-plan")
    drift = found(
        [step("same", topic(), topic())],
        [*looked_at(changed), step("update", changed, topic(), diffReasons=["retention"])],
    )
    (one,) = drift.drifted
    assert (one.name, one.kind, one.properties) == ("hub-job-topic", Kind.CHANGED, ("retention",))
    assert "secret-plan" not in str(drift.document())


def test_what_is_gone_from_its_cloud_is_told() -> None:
    drift = found(
        [step("same", topic(), topic()), step("same", PUSH, PUSH)],
        [*looked_at(topic(), PUSH), step("same", topic(), topic()), step("create", None, PUSH)],
    )
    assert [(one.name, one.kind) for one in drift.drifted] == [("push", Kind.GONE)]


def test_a_change_of_the_program_waits_and_is_no_drift() -> None:
    planned = [
        step("update", topic(), topic(name="x"), diffReasons=["name"]),
        step("create", None, PUSH),
    ]
    drift = found(planned, [*looked_at(topic()), *planned])
    assert drift.drifted == ()
    assert {(one.name, one.op) for one in drift.pending} == {
        ("hub-job-topic", Op.UPDATE),
        ("push", Op.CREATE),
    }


def test_drift_beside_a_change_of_the_same_resource_is_told_apart() -> None:
    drift = found(
        [step("update", topic(), topic(name="x"), diffReasons=["name"])],
        [step("update", topic(), topic(name="x"), diffReasons=["name", "labels"])],
    )
    assert [one.properties for one in drift.drifted] == [("labels",)]


def test_what_left_the_program_and_is_gone_already_is_no_drift() -> None:
    drift = found(
        [step("delete", PUSH, None), step("same", topic(), topic())],
        [step("same", topic(), topic())],
    )
    assert drift.drifted == ()
