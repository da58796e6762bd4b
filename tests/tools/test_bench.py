"""What the benchmark reads is a bill like any other, and what it holds is known beforehand."""

import csv
import gzip
import hashlib
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.warehouses.duckdb import open_reader
from tests.conftest import RunHandlers
from tools.bench.bill import Format, make_bill
from tools.bench.measure import measure

pytestmark = pytest.mark.slow

LINES = 4_000


@pytest.mark.parametrize("file_format", Format)
def test_a_made_bill_loads_with_the_total_that_it_states(
    tmp_path: Path, run_handlers: RunHandlers, file_format: Format
) -> None:
    bill = make_bill(tmp_path / "data", LINES, file_format)
    warehouse = tmp_path / "bench.duckdb"
    done = run_handlers("collect", bill.folder, "--warehouse", f"duckdb:{warehouse}")
    assert done.returncode == 0, done.stderr
    with open_reader(warehouse) as connection:
        found = connection.execute(
            "SELECT source_lines, ai_lines, source_total FROM ledger"
        ).fetchall()
    assert found == [(LINES, bill.ai_lines, bill.total.quantize(Decimal("1e-9")))]


def test_the_stated_total_is_what_the_csv_cells_add_up_to(tmp_path: Path) -> None:
    bill = make_bill(tmp_path, LINES, Format.CSV)
    with gzip.open(bill.parts[0], "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sum(Decimal(row["line_item_unblended_cost"]) for row in rows) == bill.total
    assert (bill.lines, len(rows), {len(row) for row in rows}) == (LINES, LINES, {96})
    ai = [row for row in rows if "Bedrock" in row["product"] or "SageMaker" in row["product"]]
    assert len(ai) == bill.ai_lines
    assert 0.015 < len(ai) / LINES < 0.025


def test_the_bill_is_the_same_whenever_it_is_made(tmp_path: Path) -> None:
    made = [make_bill(tmp_path / name, LINES, Format.CSV) for name in ("first", "second")]
    first, second = (hashlib.sha256(bill.parts[0].read_bytes()).hexdigest() for bill in made)
    assert first == second


def test_a_program_over_its_time_limit_is_stopped(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(30)"]
    measured = measure(sleep, tmp_path / "log", limit_seconds=0.5)
    assert (measured.ended, measured.exit_code) == (False, -9)
    assert measured.wall_seconds < 20
