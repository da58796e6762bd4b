"""``python -m tests.migration``: the seven-week migration of the demo environment, offline."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from handlers.errors import CostError
from tests.migration.bills import Clouds
from tests.migration.checks import CheckFailed, Tally
from tests.migration.clock import Clock
from tests.migration.engines import RememberedEngine
from tests.migration.script import migrate
from tests.migration.warehouses import warehouses
from tests.migration.world import START, World


def run(days: int, say: Callable[[str], None], meddle: Callable[[World], object]) -> bool:
    """Make the migration; whether everything held. ``meddle`` gets the world before it begins."""
    clock = Clock(START)
    tally = Tally(say)
    with (
        tempfile.TemporaryDirectory(prefix="migration-") as folder,
        warehouses(clock) as three,
    ):
        world = World(
            clock=clock,
            clouds=Clouds(Path(folder) / "exports", START.date()),
            warehouses=three,
            engine=RememberedEngine(),
            folder=Path(folder),
            say=say,
            parity_days=days,
        )
        meddle(world)
        try:
            migrate(world, tally, days)
        except (CheckFailed, CostError) as error:
            say(f"\nThe migration stopped: {error}")
            say(str(tally))
            return False
    say(f"\n{tally}")
    return True


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 when everything held, else 1."""
    parser = argparse.ArgumentParser("python -m tests.migration", description=__doc__)
    parser.add_argument("--days", type=int, default=2, choices=range(1, 8), metavar="1..7")
    days = int(parser.parse_args(arguments).days)
    return 0 if run(days, print, lambda _: None) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
