"""What is stored is rounded once, half away from zero, after the lines of a row are added up."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import collect, query

PERIOD = date(2026, 11, 1)
WRITTEN = datetime(2026, 11, 15, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "stored"),
    [
        (["0.0000000005"], "0.000000001"),
        (["-0.0000000005"], "-0.000000001"),
        (["0.000000000499999999"], "0"),
        (["2.0000000025"], "2.000000003"),
        (["2.0000000035"], "2.000000004"),
        (["0.0000000003", "0.0000000003"], "0.000000001"),
        (["0.0000000004", "0.00000000009"], "0"),
    ],
)
def test_a_row_is_rounded_half_away_from_zero(
    lines: list[str], stored: str, tmp_path: Path
) -> None:
    bill = AwsBill("111122223333", PERIOD, [Line(PERIOD, cost) for cost in lines], WRITTEN)
    write_bill(tmp_path / "bills", bill)
    warehouse = tmp_path / "w" / "costs.duckdb"
    collect(tmp_path / "bills", warehouse)

    assert query(warehouse, "SELECT billing_cost, cost_usd FROM llm_costs") == [
        (Decimal(stored), Decimal(stored))
    ]
