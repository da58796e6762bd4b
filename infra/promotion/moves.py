"""The steps of a move. Each can be done again: what was done is found done.

The order is what keeps every dollar served once. On the way on, a path is filled and compared
before anybody is served from it; on the way back everybody is served from the other path before
anything of this one goes.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast

from handlers import cut
from handlers.errors import CostError, UsageError
from handlers.parity import BillParity, compare
from handlers.parity import Status as Parity
from infra.guard.judge import holds_data, judge
from infra.guard.preview import Op, Preview, read_preview
from infra.promotion.environment import Environment
from infra.promotion.gates import Blocker, blockers, is_forward
from infra.promotion.standing import Move, Standing, Status, check_file, note, standing
from infra.stack_file import secret_keys
from infra.stages import Stage, keys_of

PAUSE = timedelta(seconds=20)
"""Between two looks at what collectors have loaded."""

AT_ONCE = 6
"""Periods that a collector is asked for in one message; it stops before its time is up, and what it
left is asked for again."""

ASK_AGAIN = timedelta(minutes=15)
"""How long nothing may come before a collector is asked again."""


class MoveBlocked(CostError):
    """The move can't be made now; nothing was changed."""

    def __init__(self, move: Move, found: Sequence[Blocker]) -> None:
        lines = "\n".join(f"  {each}" for each in found)
        super().__init__(f"{move} is blocked, and nothing was changed:\n{lines}")
        self.blockers = tuple(found)


class ChangeRefused(CostError):
    """What the engine would do would lose data; nothing was updated."""


class NotFilled(CostError):
    """A path did not get all that the other has within the time; asking again goes on."""


@dataclass(frozen=True)
class Step:
    """One thing of a move, told before it is done."""

    told: str
    do: Callable[[], None]


def planned(environment: Environment, target: Stage, customers: Sequence[str] = ()) -> Move:
    """The move to ``target``, from where the environment stands.

    A move that has begun is gone on with, or taken back by asking for the stage it began at.
    Without ``customers`` a pilot has those of the last one.

    Raises:
        FileContradicts: the stack's file was edited to a stage that was not reached.
        UsageError: it is not the next stage, nor the one before, or another move has begun.
        PilotOfNobody: a pilot without customers.
    """
    found = standing(environment.hub)
    check_file(found, environment.engine.keys())
    begun = found.begun
    if begun is not None:
        if target is begun.target and tuple(customers) in ((), begun.customers):
            return begun
        if target is found.stage:
            return Move(begun.target, target, found.customers)
        raise UsageError(
            f"The move {begun} has begun and not ended. Finish it with --to {begun.target}, or take"
            f" it back with --to {found.stage}."
        )
    served = keys_of(target, customers or found.pilots)["migrated_customers"]
    move = Move(found.stage, target, tuple(cast("list[str]", served)))
    _refuse_leap(found, move)
    return move


def _refuse_leap(found: Standing, move: Move) -> None:
    others = move.target is found.stage is Stage.PILOT and move.customers != found.customers
    if move.target in (found.stage.next, found.stage.previous) or others:
        return
    if move.target is found.stage:
        raise UsageError(f"This environment is at '{found.stage}' already.")
    ways = [stage for stage in (found.stage.previous, found.stage.next) if stage]
    raise UsageError(
        f"From '{found.stage}' the way to '{move.target}' leads over the stages between: allowed"
        f" is {' or '.join(ways)}."
    )


def preflight(environment: Environment, move: Move, acknowledged: Collection[str] = ()) -> None:
    """Refuse what must not be moved now; ``acknowledged`` are readers who may lose new costs.

    Raises:
        MoveBlocked: with each reason.
    """
    found = blockers(environment, move, acknowledged)
    if found:
        raise MoveBlocked(move, found)


def make(environment: Environment, move: Move) -> None:
    """Make the move, or what is left of it, step by step.

    Raises:
        ChangeRefused: the engine would lose data; the stack's file is as it was.
        EngineFailed, NotFilled, CostError: a step failed; the same command goes on from there.
    """
    steps = steps_of(environment, move)
    for number, step in enumerate(steps, start=1):
        environment.say(f"{number}/{len(steps)} {step.told}")
        step.do()


def steps_of(environment: Environment, move: Move) -> list[Step]:
    """The steps of ``move``, in their order."""
    begin = Step(f"write down that {move} begins", lambda: _begin(environment, move))
    update = Step("preview, and update the environment", lambda: _update(environment, move))
    end = Step(f"write down that '{move.target}' is reached", lambda: _end(environment, move))
    serve = Step("move the cut", lambda: _cut(environment, move))
    fill = Step("fill the path that is new", lambda: _fill(environment, move))
    migrate = Step("make the clouds' tables", lambda: _migrate(environment))
    if move.target is Stage.DUAL and move.source is Stage.SINGLE:
        return [begin, update, migrate, fill, end]
    if move.source is Stage.NATIVE:
        return [begin, update, fill, end]
    if is_forward(move):
        return [begin, update, serve, end]
    return [begin, serve, update, end]


def _begin(environment: Environment, move: Move) -> None:
    if standing(environment.hub).begun != move:
        note(environment.hub, move, Status.BEGUN, environment.by, environment.clock())


def _end(environment: Environment, move: Move) -> None:
    note(environment.hub, move, Status.REACHED, environment.by, environment.clock())


def _update(environment: Environment, move: Move) -> None:
    """Write the keys, look at what they would do, and do it.

    Back to phase 1 the clouds' own warehouses leave the stack and stay in their cloud.

    Raises:
        ChangeRefused: it would lose data; the keys are as they were.
    """
    engine = environment.engine
    engine.write(move.keys)
    released: set[str] = set()
    while True:
        preview = read_preview(engine.preview())
        kept = _kept(preview) if move.target is Stage.SINGLE else ()
        _refuse_losses(environment, move, preview, kept)
        # A preview ends at what is protected: what lies beneath shows once that is let go.
        found = [urn for urn in kept if urn not in released]
        if not found:
            break
        engine.release(found)
        released |= set(found)
    if released:
        environment.say(f"   {len(released)} resources leave the stack and stay in their cloud")
    engine.up()


def _refuse_losses(
    environment: Environment, move: Move, preview: Preview, kept: Collection[str]
) -> None:
    """Put the keys back and refuse, where the preview shows what must not be done."""
    refusals = judge(preview, secret_keys(), kept).refusals
    if refusals:
        environment.engine.write(standing(environment.hub).keys)
        lines = "\n".join(f"  {each}" for each in refusals)
        raise ChangeRefused(f"{move}: the update is refused, and was not made:\n{lines}")


def _kept(preview: Preview) -> Sequence[str]:
    """What holds data and would leave the stack, where deleting it is not what the engine does."""
    return [
        change.urn
        for change in preview.of(Op.DELETE)
        if holds_data(change) and change.before is not None and change.before.retain_on_delete
    ]


def _cut(environment: Environment, move: Move) -> None:
    served = cut.Cut.of(move.customers)
    cut.move(environment.hub, served, environment.by, environment.clock())


def _migrate(environment: Environment) -> None:
    for cloud in environment.clouds:
        environment.collectors.ask_native(cloud, {"run": "migrate"})


def _fill(environment: Environment, move: Move) -> None:
    """Load what one path has and the other has not, period by period.

    Raises:
        NotFilled: it did not come within the time.
    """
    until = environment.clock() + environment.patience
    asked_at: datetime | None = None
    missing: list[BillParity] = []
    while True:
        bills = compare(environment.hub, environment.clouds)
        wrong = [str(bill) for bill in bills if bill.status is Parity.DIFFERENT]
        if wrong:
            raise NotFilled(f"The paths differ in {', '.join(wrong)}: docs/runbooks/parity.md.")
        left = [bill for bill in bills if bill.status is not Parity.EQUAL]
        if not left:
            environment.say(f"   {len(bills)} bills are on both paths, and equal")
            return
        now = environment.clock()
        if now >= until:
            raise NotFilled(
                f"{len(left)} of {len(bills)} bills are not on both paths yet, the first is"
                f" {left[0]}. What came stays: the same command goes on."
            )
        if asked_at is None or len(left) < len(missing) or now - asked_at >= ASK_AGAIN:
            environment.say(f"   {len(bills) - len(left)} of {len(bills)} bills are on both paths")
            _ask_for(environment, move, left)
            missing, asked_at = left, now
        environment.pause(PAUSE)


def _ask_for(environment: Environment, move: Move, left: Sequence[BillParity]) -> None:
    """Ask each cloud's collectors for the oldest periods that are not on both paths.

    A path that is new gets them from the hub's archive. That archive ends where the hub's jobs were
    retired, and what was loaded since is archived in the clouds, where the hub reads nothing but
    exports. So on the way back both paths load the newest export, which is one version.
    """
    for cloud in environment.clouds:
        periods = sorted({bill.period for bill in left if bill.cloud is cloud})[:AT_ONCE]
        if not periods:
            continue
        message: dict[str, object] = {"run": "collect", "period": list(map(_month, periods))}
        if move.source is Stage.NATIVE:
            environment.collectors.ask_hub(cloud, message)
            environment.collectors.ask_native(cloud, message)
        else:
            environment.collectors.ask_native(cloud, {**message, "from_archive": True})


def _month(period: date) -> str:
    return f"{period:%Y-%m}"
