"""``python -m tests.migration``: the seven-week migration of the demo environment, offline.

Takes an environment of phase 1 to 'native' and back by the code of 'infra promote' and 'infra
rollback', with the real Pulumi engine over clouds in memory, the product's own collectors, and
stand-ins of the three warehouses on DuckDB and PostgreSQL. Each stage ends with the parity table
and with every customer's day held against what the clouds billed.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from handlers.errors import CostError
from tests.engine.stack import PulumiMissing
from tests.migration.bills import Clouds
from tests.migration.checks import CheckFailed, Tally
from tests.migration.clock import Clock
from tests.migration.engines import RememberedEngine, real_engine
from tests.migration.script import STAGES, WEEKS, Week, migrate
from tests.migration.warehouses import warehouses
from tests.migration.world import START, Infrastructure, World


@dataclass(frozen=True)
class Demo:
    """What is shown: the weeks, the days with bills in each, and whether Pulumi is the real one."""

    weeks: Sequence[Week] = WEEKS
    days: int = 2
    is_real: bool = True


def run(demo: Demo, say: Callable[[str], None], meddle: Callable[[World], object]) -> bool:
    """Make the migration; whether everything held. ``meddle`` gets the world before it begins.

    Raises:
        PulumiMissing: there is no executable of Pulumi.
    """
    clock = Clock(START)
    tally = Tally(say)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="migration-")))
        engine: Infrastructure = RememberedEngine()
        if demo.is_real:
            engine = stack.enter_context(real_engine(folder, say))
        world = World(
            clock=clock,
            clouds=Clouds(folder / "exports", START.date()),
            warehouses=stack.enter_context(warehouses(clock)),
            engine=engine,
            folder=folder,
            say=say,
            parity_days=demo.days,
        )
        meddle(world)
        try:
            migrate(world, tally, demo.days, demo.weeks)
        except (CheckFailed, CostError) as error:
            say(f"\nThe migration stopped: {error}")
            say(str(tally))
            return False
    say(f"\n{tally}")
    return True


def main(arguments: Sequence[str], meddle: Callable[[World], object] = lambda _: None) -> int:
    """The exit code: 0 when everything held, 1 when not, 2 when it could not begin."""
    words = __doc__ or ""
    parser = argparse.ArgumentParser(
        "python -m tests.migration",
        description=words.partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--days", type=int, default=2, choices=range(1, 8), metavar="1..7",
        help="days of bills in each week, and days in a row that the paths must agree (default 2)",
    )  # fmt: skip
    parser.add_argument(
        "--stages", action="store_true", help="each stage once, without the weeks of waiting"
    )
    parser.add_argument(
        "--engine", choices=("pulumi", "none"), default="pulumi",
        help="'none' only remembers what would be deployed: for a quick look at the data",
    )  # fmt: skip
    said = parser.parse_args(arguments)
    demo = Demo(STAGES if said.stages else WEEKS, said.days, said.engine == "pulumi")
    try:
        held = run(demo, _say, meddle)
    except PulumiMissing as missing:
        _say(f"{missing}. Run 'make engines' first.")
        return 2
    return 0 if held else 1


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the door


if __name__ == "__main__":
    # Everything is on this machine, whatever leads out of it.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1,::1"
    sys.exit(main(sys.argv[1:]))
