"""The ledger never adds up amounts of different currencies."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import RunHandlers
from tests.handlers.sources.azure.bills import ea_bytes, export

NOW = "2026-11-21T06:00:00"
OTHER = {"MeterCategory": "Virtual Machines", "MeterSubCategory": "D2", "MeterName": "D2",
         "ProductName": "D2", "ConsumedService": "Microsoft.Compute"}  # fmt: skip
TOTALS = "source_total, ai_total, platform_total, other_total, loaded_total, quarantined_total"


def costing(cost: str, currency: str, **changes: str) -> dict[str, str]:
    return {"CostInBillingCurrency": cost, "BillingCurrencyCode": currency, **changes}


@pytest.fixture
def folder(tmp_path: Path, run_handlers: RunHandlers) -> Path:
    """A billing account whose profiles bill in euros and yen."""
    changes = [
        costing("8.60", "EUR"),
        costing("1.72", "EUR", **OTHER),
        costing("310", "JPY"),
        costing("155", "JPY", Tags='"managed-by": "ai-cost-monitoring"'),
    ]
    export(ea_bytes(*changes), rows=4).write(tmp_path / "bills")
    (tmp_path / "site").mkdir()
    rates = "currency,month,rate\nEUR,2026-11,0.86\nJPY,2026-11,155\n"
    (tmp_path / "site" / "rates.csv").write_text(rates, encoding="utf-8")
    result = run_handlers(
        *("collect", "bills", "--warehouse", "duckdb:costs.duckdb", "--site", "site", "--now", NOW)
    )
    assert result.returncode == 0, result.stderr
    return tmp_path


def ledger(folder: Path, columns: str) -> tuple[Any, ...]:
    with duckdb.connect(folder / "costs.read.duckdb", read_only=True) as connection:
        (row,) = connection.execute(f"SELECT {columns} FROM ledger").fetchall()
    return row


def test_a_bill_in_two_currencies_has_the_totals_of_each_and_their_sum_in_usd(
    folder: Path,
) -> None:
    assert ledger(folder, TOTALS) == (None,) * 6
    assert ledger(folder, "billing_currency, cost_usd, source_lines") == (
        "EUR+JPY",
        Decimal(12),
        4,
    )
    (stated,) = ledger(folder, "currency_totals")
    found = {
        currency: {part: Decimal(cost) for part, cost in parts.items()}
        for currency, parts in json.loads(stated).items()
    }
    assert found == {
        "EUR": {"ai": Decimal("8.6"), "platform": Decimal(0), "other": Decimal("1.72")},
        "JPY": {"ai": Decimal(310), "platform": Decimal(155), "other": Decimal(0)},
    }


@pytest.mark.usefixtures("folder")
def test_the_ledger_shows_the_split_of_each_currency(run_handlers: RunHandlers) -> None:
    answer = run_handlers("ledger", "--warehouse", "duckdb:costs.duckdb")

    assert "bill 10.32 EUR = AI 8.60 + own platform 0.00 + other 1.72\n" in answer.stdout
    assert "bill 465.00 JPY = AI 310.00 + own platform 155.00 + other 0.00\n" in answer.stdout
    assert "loaded 12.00 USD (2 rows)" in answer.stdout
    assert "EUR+JPY" not in answer.stdout


def test_a_bill_in_one_currency_has_its_totals_and_no_others(
    tmp_path: Path, run_handlers: RunHandlers
) -> None:
    export(ea_bytes(costing("5", "USD"), costing("2", "USD", **OTHER)), rows=2).write(
        tmp_path / "bills"
    )
    run_handlers("collect", "bills", "--warehouse", "duckdb:costs.duckdb", "--now", NOW)

    assert ledger(tmp_path, TOTALS) == tuple(map(Decimal, (7, 5, 0, 2, 5, 0)))
    assert ledger(tmp_path, "currency_totals") == (None,)
