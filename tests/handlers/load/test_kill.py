"""Killed at any instant, a collector leaves what a clean run makes whole; no reader notices."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from handlers.errors import WarehouseError
from handlers.load.load import Outcome
from handlers.tables import DIGESTS, FACTS
from handlers.warehouses.duckdb import open_reader
from tests.handlers.load.bills import AwsBill, Line, days_of, write_bill
from tests.handlers.load.runs import Tables, collect, ledger, query, tables, timeless

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PERIODS = (date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1))
SCOPES = ("111122223333", "444455556666")
GIVE_UP_SECONDS = 30


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kill") / "bills"
    for scope in SCOPES:
        for period in PERIODS:
            lines = [
                Line(day, f"{day.day}.25", tags={"customer": f"c{number}"})
                for day in days_of(period)[:20]
                for number in range(20)
            ]
            written = datetime(period.year, period.month, 22, 4, tzinfo=UTC)
            write_bill(folder, AwsBill(scope, period, lines, written))
    return folder


@pytest.fixture(scope="module")
def undisturbed(bills: Path) -> Path:
    warehouse = bills.parent / "undisturbed" / "costs.duckdb"
    collect(bills, warehouse)
    return warehouse


def start(bills: Path, warehouse: Path) -> subprocess.Popen[bytes]:
    words = ["collect", str(bills), "--warehouse", f"duckdb:{warehouse}"]
    return subprocess.Popen(
        [sys.executable, "-m", "handlers", *words, "--now", "2026-11-21T06:00:00"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_when(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """SIGKILL as soon as ``reached``; at once if it has ended by then."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while process.poll() is None and not reached() and time.monotonic() < deadline:
        time.sleep(0.0005)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()


def assert_consistent(warehouse: Path, whole: Tables) -> int:
    """The published copy holds whole loads only; how many."""
    try:
        with open_reader(warehouse) as connection:
            loads, facts, digests = (
                set(connection.execute(statement).fetchall())
                for statement in (
                    "SELECT load_id FROM ledger WHERE status = 'loaded'",
                    f"SELECT {', '.join(FACTS.names)} FROM llm_costs",
                    f"SELECT {', '.join(DIGESTS.names)} FROM load_digests",
                )
            )
    except WarehouseError:
        return 0
    assert facts == {row for row in whole["llm_costs"] if row[-1:] in loads}
    assert digests == {row for row in whole["load_digests"] if row[:1] in loads}
    return len(loads)


def assert_one_clean_run_mends_it(bills: Path, warehouse: Path, undisturbed: Path) -> None:
    whole = tables(undisturbed)
    assert_consistent(warehouse, whole)
    collect(bills, warehouse)
    assert tables(warehouse) == whole
    assert timeless(ledger(warehouse)) == timeless(ledger(undisturbed))
    outcomes = {loaded.outcome for loaded in collect(bills, warehouse)}
    assert outcomes == {Outcome.UNCHANGED}
    assert not list((warehouse.parent / "archive").rglob("*.tmp"))
    left = {path.name for path in warehouse.parent.iterdir()}
    assert left <= {"costs.duckdb", "costs.read.duckdb", "costs.lock", "archive", "spill"}


POINTS: dict[str, Callable[[Path], bool]] = {
    "the lock is there": lambda folder: (folder / "costs.lock").exists(),
    "the file is being made": lambda folder: (folder / "costs.new.duckdb").exists(),
    "the file is there": lambda folder: (folder / "costs.duckdb").exists(),
    "the write-ahead log is there": lambda folder: (folder / "costs.duckdb.wal").exists(),
    "the first bill is archived": lambda folder: any(folder.rglob("*.parquet")),
    "an archive is being written": lambda folder: any((folder / "archive").rglob("*.tmp")),
    "a copy is being published": lambda folder: (folder / "costs.read.tmp").exists(),
    "the first copy is published": lambda folder: (folder / "costs.read.duckdb").exists(),
    "half of the bills are archived": lambda folder: len(list(folder.rglob("*.parquet"))) > 2,
}


@pytest.mark.parametrize("point", list(POINTS))
def test_killed_at_a_chosen_point_a_clean_run_gives_the_tables_of_an_undisturbed_one(
    point: str, bills: Path, undisturbed: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "w" / "costs.duckdb"
    kill_when(start(bills, warehouse), lambda: POINTS[point](warehouse.parent))
    assert_one_clean_run_mends_it(bills, warehouse, undisturbed)


def test_killed_again_and_again_at_random_instants_it_still_gets_there(
    bills: Path, undisturbed: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "w" / "costs.duckdb"
    whole = tables(undisturbed)
    chance = random.Random(7)
    for _ in range(12):
        process = start(bills, warehouse)
        end = time.monotonic() + chance.uniform(0.3, 1.6)
        kill_when(process, lambda end=end: time.monotonic() >= end)
        assert_consistent(warehouse, whole)
    assert_one_clean_run_mends_it(bills, warehouse, undisturbed)


def test_readers_meanwhile_always_see_whole_loads_and_never_fewer_than_before(
    bills: Path, undisturbed: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "w" / "costs.duckdb"
    whole = tables(undisturbed)
    process = start(bills, warehouse)
    seen = [0]
    while process.poll() is None:
        seen.append(assert_consistent(warehouse, whole))
    assert process.returncode == 0
    assert seen == sorted(seen)
    assert assert_consistent(warehouse, whole) == len(SCOPES) * len(PERIODS)
    assert query(warehouse, "SELECT count(*) FROM ledger") == [(6,)]
