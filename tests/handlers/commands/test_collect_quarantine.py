"""``collect --quarantine``: rows that can't be parsed are kept apart and counted in the ledger."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import RunHandlers
from tests.handlers.sources.aws.bills import LINE, OTHER, PAYER, Export, csv_bytes, lines

pytestmark = pytest.mark.slow

COST = "line_item_unblended_cost"
COLLECT = ("collect", "--warehouse", "duckdb:build/costs.duckdb", "--now", "2026-11-21T06:00:00")
FAULTY = LINE | {COST: "4", "line_item_usage_start_date": "yesterday"}
BILL = [*lines({}, {COST: "1,234.56"}, OTHER), FAULTY]


def ledger(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(folder / "build/costs.read.duckdb", read_only=True) as connection:
        return connection.execute(f"SELECT {columns} FROM ledger ORDER BY rowid").fetchall()


def test_rows_that_can_not_be_parsed_are_kept_apart_and_counted(
    tmp_path: Path, run_handlers: RunHandlers
) -> None:
    Export(tmp_path / "bills").write(csv_bytes(BILL))

    refused = run_handlers(*COLLECT, "bills")
    result = run_handlers(*COLLECT, "bills", "--quarantine")

    assert (refused.returncode, result.returncode) == (1, 0), result.stderr
    place = f"build/quarantine/aws/{PAYER}/2026-11"
    assert f"AWS {PAYER} 2026-11: 2 rows that can't be parsed, of 4.00 USD: see {place}" in (
        result.stdout
    )
    (file,) = (tmp_path / place).iterdir()
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["quarantine_row"], row[COST]) for row in rows] == [("3", "1,234.56"), ("5", "4")]
    totals = "ai_total, other_total, quarantined_total, source_total"
    counts = "status, source_lines, quarantined_rows"
    assert ledger(tmp_path, f"{counts}, {totals}") == [
        ("failed", None, None, None, None, None, None),
        ("loaded", 4, 2, *map(Decimal, ("0.8", "2.5", "4", "7.3"))),
    ]


def test_a_mended_bill_and_the_archive_take_the_place_of_what_was_set_aside(
    tmp_path: Path, run_handlers: RunHandlers
) -> None:
    export = Export(tmp_path / "bills")
    export.write(csv_bytes(BILL))
    run_handlers(*COLLECT, "bills", "--quarantine")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "customers.csv").write_text(
        "id,name,aliases,from,to\nacme-corp,Acme,acme,,\n", encoding="utf-8"
    )

    archived = run_handlers(*COLLECT, "--from-archive", "--reclassify")
    export.write(csv_bytes(lines({}, {COST: "1234.56"}, OTHER, {COST: "4"})), "mended.csv")
    mended = run_handlers(*COLLECT, "bills", "--quarantine")

    assert (archived.returncode, mended.returncode) == (0, 0), archived.stderr + mended.stderr
    assert ledger(tmp_path, "quarantined_rows, quarantined_total, source_total") == [
        (2, Decimal(4), Decimal("7.3")),
        (2, Decimal(4), Decimal("7.3")),
        (0, Decimal(0), Decimal("1241.86")),
    ]


@pytest.mark.parametrize("options", [(), ("--quarantine",)])
def test_what_was_set_aside_is_said_as_long_as_that_bill_is_unchanged(
    options: tuple[str, ...], tmp_path: Path, run_handlers: RunHandlers
) -> None:
    Export(tmp_path / "bills").write(csv_bytes(BILL))
    run_handlers(*COLLECT, "bills", "--quarantine")

    again = run_handlers(*COLLECT, "bills", *options)

    assert again.returncode == 0
    assert "nothing changed" in again.stdout
    assert (
        f"set aside: AWS {PAYER} 2026-11: 2 rows that can't be parsed, of 4.00 USD: see"
        f" build/quarantine/aws/{PAYER}/2026-11\n" in again.stdout
    )
    shown = run_handlers("ledger", "--warehouse", "duckdb:build/costs.duckdb")
    assert "quarantined 2 lines of 4.00 USD" in shown.stdout


def test_a_bill_whose_lines_were_all_read_sets_nothing_aside(
    tmp_path: Path, run_handlers: RunHandlers
) -> None:
    Export(tmp_path / "bills").write(csv_bytes(lines({}, OTHER)))

    for _ in range(2):
        assert "set aside" not in run_handlers(*COLLECT, "bills", "--quarantine").stdout
