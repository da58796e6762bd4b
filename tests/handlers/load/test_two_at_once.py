"""Two collectors at once: one waits for the other, and the tables are as one would leave them."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from handlers.warehouses.lock import writer_lock
from tests.conftest import RunHandlers
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import collect, ledger, tables

pytestmark = pytest.mark.slow

PERIODS = (date(2026, 10, 1), date(2026, 11, 1))
SCOPES = ("111122223333", "444455556666")


@pytest.fixture
def bills(tmp_path: Path) -> Path:
    for scope in SCOPES:
        for period in PERIODS:
            written = datetime(period.year, period.month, 20, 4, tzinfo=UTC)
            lines = [Line(period, "1.5", tags={"customer": scope})]
            write_bill(tmp_path / "bills", AwsBill(scope, period, lines, written))
    return tmp_path / "bills"


def start(bills: Path, warehouse: Path) -> subprocess.Popen[str]:
    words = ["collect", str(bills), "--warehouse", f"duckdb:{warehouse}"]
    return subprocess.Popen(
        [sys.executable, "-m", "handlers", *words, "--now", "2026-11-21T06:00:00"],
        cwd=bills.parent,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_first_collects_at_once_both_end_well_and_load_everything_once(
    bills: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "two" / "costs.duckdb"
    both = [start(bills, warehouse) for _ in range(2)]
    answers = [(*process.communicate(timeout=50), process.returncode) for process in both]
    assert [(error, code) for _, error, code in answers] == [("", 0), ("", 0)]
    assert sum(text.startswith("nothing changed: all 4 bills") for text, _, _ in answers) == 1
    collect(bills, tmp_path / "one" / "costs.duckdb")
    assert tables(warehouse) == tables(tmp_path / "one" / "costs.duckdb")
    assert len(ledger(warehouse)) == 4


@pytest.mark.parametrize("wait", ["0", "0.3"])
def test_one_that_may_not_wait_says_who_writes_and_changes_nothing(
    wait: str, bills: Path, tmp_path: Path, run_handlers: RunHandlers
) -> None:
    warehouse = tmp_path / "w" / "costs.duckdb"
    with writer_lock(warehouse.with_suffix(".lock"), 0):
        answer = run_handlers(
            "collect", bills, "--warehouse", f"duckdb:{warehouse}", "--wait", wait
        )
    assert answer.returncode == 1
    assert f"is being written by process {os.getpid()}." in answer.stderr
    assert f"Waited {wait} seconds" in answer.stderr
    assert not warehouse.exists()
