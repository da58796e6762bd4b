"""The script of the seven weeks, from phase 1 to ``native``, and of the way back.

A week is its last days: on each the clouds write, one path loads before the other, the hub compares
both. On the first of them something is restated. The calendar is that of docs/runbooks/promote.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from handlers.periods import is_open, period_of
from handlers.serving import Path as ServingPath
from infra.commands.moving import carry_out
from infra.promotion.moves import planned
from infra.promotion.standing import standing
from infra.stages import Stage
from tests.migration.checks import Tally, check_parity, check_served
from tests.migration.world import CLOUDS, READERS, World

PILOTS = ("acme", "globex", "initech", "wayne", "zürich 日本")
DAYS_OF_A_WEEK = 7


@dataclass(frozen=True)
class Week:
    """A week: what is done before its days of loads, and at which stage they find everybody."""

    name: str
    stage: Stage
    customers: Sequence[str] = ()


WEEKS = (
    Week("Before the migration", Stage.SINGLE),
    Week("Week 1: AWS and Azure get their own warehouses", Stage.DUAL),
    Week("Week 2: both paths fill", Stage.DUAL),
    Week("Week 3: both paths fill", Stage.DUAL),
    Week("Week 4: over the end of the month", Stage.DUAL),
    Week("Week 5: Grafana; the last month is restated", Stage.DUAL),
    Week("Week 6: five pilots", Stage.PILOT, PILOTS),
    Week("Week 7: the rest", Stage.ALL),
    Week("The end of week 7: the old path is retired", Stage.NATIVE),
    Week("Back: the old path is filled again", Stage.ALL),
    Week("Back: the pilots alone", Stage.PILOT),
    Week("Back: everybody is served as before", Stage.DUAL),
    Week("Back in phase 1", Stage.SINGLE),
)

STAGES = (WEEKS[0], *(week for before, week in pairwise(WEEKS) if week.stage is not before.stage))
"""Each stage once, on the way there and back: what a test has time for."""


def migrate(world: World, tally: Tally, days: int, weeks: Sequence[Week] = WEEKS) -> None:
    """The whole way, with ``days`` days of loads in each week.

    Raises:
        CheckFailed: something did not hold; nothing more is done.
        CostError: a step was refused or failed.
    """
    world.begin()
    for week in weeks:
        world.say(f"\n== {week.name} ({world.clock.now:%Y-%m-%d})")
        _reach(world, week)
        found = standing(world.hub)
        tally.check(holds=found.stage is week.stage, otherwise=f"it is at '{found.stage}'")
        check_served(world, tally)
        _pass(world, tally, days)
        check_parity(world, tally)
        check_served(world, tally)


def _reach(world: World, week: Week) -> None:
    """Promote or roll back, by the code of the two commands."""
    stage = standing(world.hub).stage
    if stage is week.stage:
        return
    here = world.environment()
    leads_on = stage.next is week.stage
    move = planned(here, week.stage, week.customers if leads_on else ())
    carry_out(here, move, READERS if leads_on else (), confirmed=True)


def _pass(world: World, tally: Tally, days: int) -> None:
    """A week goes by; its last ``days`` days have bills."""
    for day in range(days):
        world.clock.next_day(DAYS_OF_A_WEEK - days + 1 if day == 0 else 1)
        world.write_bills()
        if day == 0:
            restated = _restate(world)
            world.say(f"{' and '.join(map(str, CLOUDS))} restate {restated:%Y-%m}.")
        # The paths take turns in being first; what is served is whole in between as well.
        first, second = (
            (ServingPath.HUB, ServingPath.NATIVE)
            if day % 2 == 0
            else (ServingPath.NATIVE, ServingPath.HUB)
        )
        world.load(first)
        if day == 0:
            check_served(world, tally)
        world.load(second)
        world.compare()


def _restate(world: World) -> date:
    """Another cost of a day of the month before, or of this one once that is closed."""
    today = world.clock.now.date()
    before = period_of(period_of(today) - timedelta(days=1))
    period = before if is_open(before, today) else period_of(today - timedelta(days=1))
    for cloud in CLOUDS:
        world.clouds.restate(cloud, period, world.clock())
    return period
