from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest

from handlers.cut import Cut, read_cut
from handlers.errors import CostError, UsageError
from handlers.record import Cloud
from handlers.tables import LEDGER, RECONCILIATION
from infra.promotion.environment import EngineFailed
from infra.promotion.moves import ChangeRefused, MoveBlocked, NotFilled, make, planned, preflight
from infra.promotion.standing import FileContradicts, standing
from infra.stages import PilotOfNobody, Stage
from tests.infra.guard.previews import Json, dataset, document, step, topic
from tests.infra.promotion.simulated import (
    MONTHS,
    SCOPES,
    SimulatedEngine,
    Simulation,
    keys,
    simulation,
)

pytestmark = pytest.mark.slow

NOV = MONTHS[1]


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = simulation()
    yield made
    made.hub.connection.close()


def move(
    world: Simulation, target: Stage, *customers: str, acknowledged: tuple[str, ...] = ()
) -> None:
    environment = world.environment()
    found = planned(environment, target, customers)
    preflight(environment, found, acknowledged)
    make(environment, found)


def at(world: Simulation, stage: Stage) -> Simulation:
    """The world at that later stage, with days on which the paths agreed."""
    while (reached := standing(world.hub).stage) is not stage:
        assert reached.next is not None
        move(world, reached.next, *(["acme"] if reached.next is Stage.PILOT else []))
        world.day()
        world.day()
    return world


def test_the_whole_way_and_back_serves_everyone_the_same_all_along(world: Simulation) -> None:
    before = world.served()
    for stage in (Stage.DUAL, Stage.PILOT, Stage.ALL, Stage.NATIVE):
        at(world, stage)
        assert standing(world.hub).stage is stage
        assert world.served() == before
    assert world.engine.deployed == keys(
        '{"phase": 2, "dual_run": false, "migrated_customers": ["*"]}'
    )
    for stage in (Stage.ALL, Stage.PILOT, Stage.DUAL, Stage.SINGLE):
        move(world, stage)
        world.day()
        assert standing(world.hub).stage is stage
        assert world.served() == before
    assert world.engine.deployed == keys(
        '{"phase": 1, "dual_run": false, "migrated_customers": []}'
    )


def test_dual_run_loads_the_history_from_the_archive_and_moves_nobody(world: Simulation) -> None:
    move(world, Stage.DUAL)
    asked = [message for _, message in world.sent]
    assert asked.count({"run": "migrate"}) == 2
    assert {"run": "collect", "from_archive": True, "period": ["2026-10", "2026-11"]} in asked
    assert world.held("redshift").keys() | world.held("azuresql").keys() == world.held("hub").keys()
    assert read_cut(world.hub) == Cut.of([])


def test_back_from_native_both_paths_get_what_the_clouds_have_restated_since(
    world: Simulation,
) -> None:
    at(world, Stage.NATIVE)
    world.write((Cloud.AWS, NOV), "2", {"acme": Decimal(7), "untagged": Decimal(1)})
    world.day()
    world.write((Cloud.AZURE, NOV), "2", {"globex": Decimal(9)})  # which no path has loaded yet
    move(world, Stage.ALL)
    assert world.held("hub") == world.held("redshift") | world.held("azuresql")
    assert world.held("hub")["acme", Cloud.AWS, NOV] == 7


def test_the_pilots_are_those_that_were_named_and_come_back_on_the_way_back(
    world: Simulation,
) -> None:
    at(world, Stage.ALL)
    assert read_cut(world.hub) == Cut.of(["*"])
    move(world, Stage.PILOT)
    assert read_cut(world.hub) == Cut.of(["acme"])
    assert world.engine.file["migrated_customers"] == ["acme"]


def test_more_pilots_can_be_added_to_a_pilot(world: Simulation) -> None:
    at(world, Stage.PILOT)
    move(world, Stage.PILOT, "acme", "globex")
    assert read_cut(world.hub) == Cut.of(["acme", "globex"])
    with pytest.raises(UsageError, match="is at 'pilot' already"):
        move(world, Stage.PILOT, "acme", "globex")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (Stage.PILOT, "leads over the stages between: allowed is dual"),
        (Stage.NATIVE, "leads over the stages between"),
        (Stage.SINGLE, "is at 'single' already"),
    ],
)
def test_a_skipped_stage_is_refused(world: Simulation, target: Stage, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        move(world, target, *(["acme"] if target is Stage.PILOT else []))
    assert (world.engine.ups, world.sent) == (0, [])


def test_a_pilot_of_nobody_is_refused(world: Simulation) -> None:
    at(world, Stage.DUAL)
    with pytest.raises(PilotOfNobody, match="name its customers"):
        move(world, Stage.PILOT)


def test_a_file_that_was_edited_by_hand_is_refused_with_what_to_put_back(
    world: Simulation,
) -> None:
    world.engine.file["phase"], world.engine.file["dual_run"] = 2, True
    with pytest.raises(
        FileContradicts, match=r"says 'dual', but .* has reached 'single'"
    ) as caught:
        move(world, Stage.DUAL)
    assert "phase: 1, dual_run: false, migrated_customers: []" in str(caught.value)


def blocked(world: Simulation, target: Stage, *customers: str) -> str:
    before = (world.engine.file, world.engine.ups, read_cut(world.hub), len(world.sent))
    with pytest.raises(MoveBlocked) as caught:
        move(world, target, *customers)
    assert (world.engine.file, world.engine.ups, read_cut(world.hub), len(world.sent)) == before
    return str(caught.value)


def test_an_unknown_customer_is_refused_and_nobody_moves(world: Simulation) -> None:
    at(world, Stage.DUAL)
    said = blocked(world, Stage.PILOT, "acme", "globx")
    assert "No bill names 'globx' (is it 'globex'?)" in said


def test_too_few_days_of_agreement_are_told_with_what_is_missing(world: Simulation) -> None:
    move(world, Stage.DUAL)
    world.day()
    said = blocked(world, Stage.PILOT, "acme")
    assert "AWS: the paths agreed on 1 days in a row, of 2." in said
    assert "Azure: the paths agreed on 1 days in a row, of 2." in said


def test_dollars_in_transit_are_waited_for(world: Simulation) -> None:
    at(world, Stage.DUAL)
    world.write((Cloud.AWS, NOV), "2", {"acme": Decimal(7)})
    world.load((Cloud.AWS, NOV), "hub")
    said = blocked(world, Stage.PILOT, "acme")
    assert "AWS 111122223333 2026-11: the paths hold different versions" in said


def test_paths_that_differ_are_refused(world: Simulation) -> None:
    at(world, Stage.DUAL)
    world.hub.connection.execute(
        "UPDATE project.hub.load_digests SET cost_usd = cost_usd + 0.000000001"
        " WHERE warehouse = 'redshift' AND billing_period = '2026-11-01'"
    )
    assert "AWS 111122223333 2026-11: the paths differ in 4 groups." in blocked(
        world, Stage.PILOT, "acme"
    )


@pytest.mark.parametrize(
    ("status", "said"), [("failed", "failed: no such column"), ("held", "The load L9 of")]
)
def test_a_failed_or_held_load_is_refused(world: Simulation, status: str, said: str) -> None:
    world.hub.add(
        LEDGER,
        warehouse="hub",
        load_id="L9",
        cloud_provider="AWS",
        scope=SCOPES[Cloud.AWS],
        billing_period=NOV,
        status=status,
        error="no such column",
        finished_at=(world.now + timedelta(minutes=1)).replace(tzinfo=None),
    )
    assert said in blocked(world, Stage.DUAL)


def test_a_path_that_has_gone_quiet_is_refused(world: Simulation) -> None:
    world.now += timedelta(hours=37)
    said = blocked(world, Stage.DUAL)
    assert "AWS: nothing was loaded on the path 'hub' since 2026-11-20 06:00 UTC" in said


def test_a_path_whose_bills_no_longer_go_on_is_refused(world: Simulation) -> None:
    at(world, Stage.DUAL)
    last = "UPDATE project.hub.ledger SET data_through = DATE '{}' WHERE warehouse = 'redshift'"
    stopped = world.now.date() - timedelta(days=5)
    world.hub.connection.execute(last.format(stopped))
    said = blocked(world, Stage.PILOT, "acme")
    assert f"AWS: the costs on the path 'redshift' are complete up to {stopped}" in said
    world.hub.connection.execute(last.format(world.now.date() - timedelta(days=4)))
    move(world, Stage.PILOT, "acme")


def test_a_statement_that_nothing_explains_is_refused(world: Simulation) -> None:
    at(world, Stage.DUAL)
    for at_hour, dollars, reason in ((1, "40", "unexplained"), (2, "0.60", "unexplained")):
        world.hub.add(
            RECONCILIATION,
            cloud_provider="AWS",
            scope=SCOPES[Cloud.AWS],
            billing_period=MONTHS[0],
            warehouse="hub",
            source="cost_explorer",
            reason=reason,
            difference_usd=Decimal(dollars),
            checked_at=world.now.replace(tzinfo=None, hour=at_hour),
        )
    planned(world.environment(), Stage.PILOT, ["acme"])
    move(world, Stage.PILOT, "acme")  # the newest comparison is within a dollar
    world.hub.connection.execute("UPDATE project.hub.reconciliation SET difference_usd = -40")
    assert "cost_explorer differs by -40" in blocked(world, Stage.ALL)


def test_who_reads_the_retired_view_must_be_acknowledged(world: Simulation) -> None:
    at(world, Stage.ALL)
    world.readers = ["bi@example.com", "ops@example.com"]
    said = blocked(world, Stage.NATIVE)
    assert "bi@example.com has queried unified_costs" in said
    move(world, Stage.NATIVE, acknowledged=("bi@example.com", "ops@example.com"))
    assert standing(world.hub).stage is Stage.NATIVE


def test_an_update_that_would_lose_data_is_refused_and_the_file_is_as_it_was(
    world: Simulation,
) -> None:
    world.engine.steps = [step("replace", dataset(), dataset(location="EU"), replaceReasons=["x"])]
    with pytest.raises(ChangeRefused, match="warehouse-dataset"):
        move(world, Stage.DUAL)
    assert world.engine.file == keys('{"phase": 1, "dual_run": false, "migrated_customers": []}')
    assert world.engine.ups == 0


def test_back_to_phase_1_what_holds_data_leaves_the_stack_and_stays_in_its_cloud(
    world: Simulation,
) -> None:
    at(world, Stage.DUAL)
    native = {**dataset(), "retainOnDelete": True}
    world.engine.steps = [step("delete", native, None), step("same", topic(), topic())]
    move(world, Stage.SINGLE)
    assert world.engine.released == [native["urn"]]

    world.engine.steps = [step("same", topic(), topic())]
    at(world, Stage.DUAL)
    world.engine.steps = [step("delete", dataset(), None)]
    with pytest.raises(ChangeRefused, match="would be deleted"):
        move(world, Stage.SINGLE)


@dataclass
class LayeredEngine(SimulatedEngine):
    """Shows of what is protected the uppermost layer only, as the engine's preview does."""

    layers: list[list[Json]] = field(default_factory=list[list[Json]])

    def preview(self) -> str:
        shown: list[Json] = []
        for layer in self.layers:
            shown += layer
            if any(each["urn"] not in self.released for each in layer):
                break
        return document(step("same", topic(), topic()), *shown)


def kept(name: str, **changes: object) -> Json:
    """A step that takes a dataset out of the stack and leaves it in its cloud."""
    urn = f"{dataset()['urn']}-{name}"
    return step("delete", {**dataset(), "urn": urn, "retainOnDelete": True, **changes}, None)


def test_back_to_phase_1_what_lies_beneath_what_is_kept_leaves_the_stack_too(
    world: Simulation,
) -> None:
    at(world, Stage.DUAL)
    layers = [[kept("container"), kept("database")], [kept("account")], [kept("group")]]
    engine = LayeredEngine(file=world.engine.file, deployed=world.engine.deployed, layers=layers)
    world.engine = engine
    move(world, Stage.SINGLE)
    assert engine.released == [each["urn"] for layer in layers for each in layer]


def test_back_to_phase_1_a_loss_that_shows_late_is_refused_before_anything_is_updated(
    world: Simulation,
) -> None:
    at(world, Stage.DUAL)
    lost = kept("account", retainOnDelete=False)
    layers = [[kept("container")], [lost]]
    engine = LayeredEngine(file=world.engine.file, deployed=world.engine.deployed, layers=layers)
    world.engine = engine
    with pytest.raises(ChangeRefused, match="would be deleted"):
        move(world, Stage.SINGLE)
    assert engine.ups == 0
    assert engine.file["phase"] == 2


def test_an_update_that_failed_is_gone_on_with(world: Simulation) -> None:
    world.engine.failing = ["the stack is locked by somebody@host"]
    with pytest.raises(EngineFailed, match="locked by somebody"):
        move(world, Stage.DUAL)
    begun = standing(world.hub).begun
    assert begun is not None
    with pytest.raises(
        UsageError, match=r"Finish it with --to dual, or take it back with --to sing"
    ):
        move(world, Stage.PILOT, "acme")
    move(world, Stage.DUAL)
    assert (standing(world.hub).stage, standing(world.hub).begun) == (Stage.DUAL, None)


def test_a_move_that_has_begun_can_be_taken_back(world: Simulation) -> None:
    at(world, Stage.DUAL)
    world.engine.failing = ["the login has expired"]
    with pytest.raises(EngineFailed):
        move(world, Stage.PILOT, "acme")
    move(world, Stage.DUAL)
    found = standing(world.hub)
    assert (found.stage, found.begun, found.customers) == (Stage.DUAL, None, ())
    assert read_cut(world.hub) == Cut.of([])


def test_a_collector_that_does_not_answer_ends_the_wait_and_is_asked_again_by_the_next_try(
    world: Simulation,
) -> None:
    world.deaf = True
    with pytest.raises(NotFilled, match="4 of 4 bills are not on both paths yet"):
        move(world, Stage.DUAL)
    world.deaf = False
    move(world, Stage.DUAL)
    assert standing(world.hub).stage is Stage.DUAL


def test_a_step_that_fails_anywhere_leaves_a_move_that_the_same_command_ends(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(CostError):
        """The process died."""

    def after(calls: int) -> None:
        left = [calls]
        for name in ("rows", "insert", "replace"):
            real = getattr(type(world.hub), name)

            def counted(*arguments: object, real: object = real) -> object:
                left[0] -= 1
                if left[0] < 0:
                    raise Killed("killed")
                return real(*arguments)  # type: ignore[operator]

            monkeypatch.setattr(type(world.hub), name, counted)

    before = world.served()
    deaths = 0
    for calls in range(200):
        after(calls)
        try:
            move(world, Stage.DUAL)
        except Killed:
            deaths += 1
            monkeypatch.undo()
            assert world.served() == before
        else:
            break
    monkeypatch.undo()
    assert deaths > 5
    assert standing(world.hub).stage is Stage.DUAL
    assert world.served() == before
