"""A FOCUS export that is collected leaves as FOCUS with the same sums and the same kinds."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from handlers.focus import focus_columns
from tests.conftest import RunHandlers
from tests.handlers.load.runs import collect
from tests.handlers.sources.azure.bills import csv_bytes, export
from tests.handlers.sources.azure.test_focus import LINE

pytestmark = pytest.mark.slow

BILLED, EFFECTIVE, LIST = "x_BilledCostInUsd", "x_EffectiveCostInUsd", "x_ListCostInUsd"
LINES: list[dict[str, str]] = [
    {},
    {"BilledCost": "1e-9", BILLED: "0.000000001", EFFECTIVE: "0.000000001", LIST: "1"},
    {"ChargePeriodStart": "2026-11-06T00:00Z", BILLED: "0", "BilledCost": "0"},
    {"ChargeCategory": "Purchase", BILLED: "100.25", EFFECTIVE: "0", "EffectiveCost": "0"},
    {"CommitmentDiscountStatus": "Unused", "BilledCost": "0", BILLED: "0", EFFECTIVE: "7.5"},
    {"ChargeCategory": "Credit", "BilledCost": "-3", BILLED: "-3.5", EFFECTIVE: "-3.5", LIST: "0"},
    {"ChargeCategory": "Tax", "BilledCost": "4", BILLED: "4.65", EFFECTIVE: "4.65", LIST: "4.65"},
    {"ChargeCategory": "Adjustment", "BilledCost": "-1", BILLED: "-1.1", EFFECTIVE: "-1.1"},
]


def by_category(rows: Iterable[Mapping[str, str]], *columns: str) -> dict[str, tuple[Decimal, ...]]:
    """The columns' sums for each kind of charge."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(columns))
    for row in rows:
        before = sums[row["ChargeCategory"]]
        sums[row["ChargeCategory"]] = [
            total + Decimal(row[column]) for total, column in zip(before, columns, strict=True)
        ]
    return {category: tuple(found) for category, found in sums.items()}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("focus")
    lines = [LINE | change for change in LINES]
    export(csv_bytes(list(LINE), lines), len(lines), type="FocusCost").write(folder / "bills")
    collect(folder / "bills", folder / "costs.duckdb")
    return folder / "costs.duckdb"


def test_focus_in_and_focus_out_have_the_same_sums_of_each_category(
    warehouse: Path, run_handlers: RunHandlers
) -> None:
    answer = run_handlers(
        "costs", "--warehouse", f"duckdb:{warehouse}", "--format", "focus", "--period", "2026-11"
    )
    assert answer.returncode == 0, answer.stderr
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert list(rows[0]) == [column.name for column in focus_columns()]
    given = by_category([LINE | change for change in LINES], BILLED, EFFECTIVE, LIST, "BilledCost")
    assert by_category(rows, "BilledCost", "EffectiveCost", "ListCost", "x_BillCost") == given
    assert {row["CommitmentDiscountStatus"] for row in rows} == {"", "Unused"}
    assert {row["ChargePeriodEnd"] for row in rows} == {
        "2026-11-06T00:00:00Z", "2026-11-07T00:00:00Z"
    }  # fmt: skip


def test_a_file_of_parquet_and_the_view_hold_what_the_csv_holds(
    warehouse: Path, run_handlers: RunHandlers, tmp_path: Path
) -> None:
    words = ("costs", "--warehouse", f"duckdb:{warehouse}", "--format", "focus")
    written = run_handlers(*words, "--output", str(tmp_path / "focus.parquet"))
    assert written.returncode == 0, written.stderr
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        ordered = "ORDER BY ALL"
        view = connection.execute(f"SELECT * FROM focus_costs {ordered}").fetchall()
        file = connection.execute(
            f"SELECT * FROM read_parquet('{tmp_path / 'focus.parquet'}') {ordered}"
        ).fetchall()
    assert file == view
    assert view
    refused = run_handlers(*words, "--by", "model")
    assert refused.returncode == 1
    assert "leave --by and --amount out" in refused.stderr
