"""The demo of the migration holds, with the real engine, and does not when a dollar is lost."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.migration.__main__ import main
from tests.migration.script import STAGES
from tests.migration.world import World

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NANO_DOLLAR = (
    "UPDATE `demo-project.costs.daily_costs` SET cost = cost - 0.000000001"
    " WHERE cloud_provider = 'AWS' AND date = DATE '2026-08-17' AND customer_key ="
    " (SELECT MAX(found.customer_key) FROM `demo-project.costs.daily_costs` AS found"
    " WHERE found.cloud_provider = 'AWS' AND found.date = DATE '2026-08-17')"
)


@pytest.mark.timeout(600)
def test_each_stage_there_and_back_on_the_real_engine_serves_each_dollar_once(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.migration", "--stages", "--days", "1"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    held = re.fullmatch(r"(\d+) checks held\.", said[-1])
    assert held, said[-1]
    # Of each stage more than the customers' days of history, of each bill its parity.
    assert int(held[1]) > 3_000
    assert sum(line.startswith("== ") for line in said) == len(STAGES)
    assert sum("restate" in line for line in said) >= len(STAGES)
    with_two_paths = len(STAGES) - 1
    assert sum(line.startswith("bill ") for line in said) == with_two_paths


@pytest.mark.timeout(180)
def test_a_nano_dollar_that_is_lost_ends_the_demo_with_what_was_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def lose(world: World) -> None:
        compare = world.compare

        def compare_and_lose() -> None:
            compare()
            world.hub.execute(NANO_DOLLAR)

        world.compare = compare_and_lose

    assert main(["--stages", "--days", "1", "--engine", "none"], lose) == 1
    said = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\d+ checks held, 1 did not\.", said[-1])
    assert any(
        line.startswith("  DOES NOT HOLD: AWS ") and "2026-08-17: billed is " in line
        for line in said
    )
