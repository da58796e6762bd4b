"""``reconcile`` and ``verify`` over the sample, whose invoices its writer made beside the bills."""

import shutil
from decimal import Decimal
from pathlib import Path

import click
import duckdb
import pytest
from click.testing import CliRunner, Result

from handlers.commands.reconcile import reconcile
from handlers.commands.verify import verify
from tests.handlers.commands.conftest import Collected


@pytest.fixture
def warehouse(collected: Collected, tmp_path: Path) -> Path:
    for file in collected.path.parent.glob("costs*"):
        if file.is_file():
            shutil.copy2(file, tmp_path)
    return tmp_path / collected.path.name


def run(command: click.Command, *words: str) -> Result:
    return CliRunner().invoke(command, words)


def kept(warehouse: Path, columns: str) -> list[tuple[object, ...]]:
    with duckdb.connect(warehouse.with_suffix(".read.duckdb"), read_only=True) as connection:
        return connection.execute(f"SELECT {columns} FROM reconciliation ORDER BY ALL").fetchall()


def test_every_month_with_invoices_is_compared_and_only_the_one_that_differs_is_unexplained(
    warehouse: Path,
    collected: Collected,
) -> None:
    site = str(collected.sample / "site")
    result = run(reconcile, "--warehouse", f"duckdb:{warehouse}", "--site", site)
    assert result.exit_code == 0, result.output
    billed: dict[tuple[str, str], Decimal] = {}
    invoiced: dict[tuple[str, str], Decimal] = {}
    for row in collected.truth("invoices.csv"):
        key = (row["cloud"], row["scope"])
        billed[key] = billed.get(key, Decimal(0)) + Decimal(row["billed"])
        invoiced[key] = invoiced.get(key, Decimal(0)) + Decimal(row["invoiced"])
    whole = {
        (str(cloud), str(scope)): (Decimal(str(stated)), Decimal(str(loaded)), reason)
        for cloud, scope, kind, stated, loaded, reason in kept(
            warehouse, "cloud_provider, scope, charge_type, stated, loaded, reason"
        )
        if kind is None
    }
    assert whole.keys() == billed.keys()
    for key, (stated, loaded, _) in whole.items():
        assert stated == invoiced[key]
        assert abs(loaded - billed[key]) <= Decimal("0.000000001")
    wrong = [key for key in billed if abs(invoiced[key] - billed[key]) > Decimal("0.01")]
    assert [key for key, (_, _, reason) in whole.items() if reason == "unexplained"] == wrong
    assert len(wrong) == 1


def test_a_difference_that_the_invoice_s_own_tax_explains_is_called_tax(
    warehouse: Path,
    tmp_path: Path,
) -> None:
    text = (
        "cloud,scope,billing_period,invoice_id,currency,amount,tax\n"
        "AWS,777788889999,2026-10,1,USD,628.94,50\n"
    )
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "invoices.csv").write_text(text, encoding="utf-8")
    result = run(reconcile, "--warehouse", f"duckdb:{warehouse}", "--site", str(tmp_path / "site"))
    assert result.exit_code == 0, result.output
    rows = kept(warehouse, "charge_type, stated, reason")
    assert (None, Decimal("628.94"), "tax, rounding") in rows
    assert ("tax", Decimal(50), "tax") in rows


def test_verify_says_where_to_look_what_is_there_and_takes_what_was_seen(
    warehouse: Path,
) -> None:
    bill = ("--cloud", "aws", "--period", "2026-10", "--scope", "777788889999")
    told = run(verify, "--warehouse", f"duckdb:{warehouse}", *bill)
    assert told.exit_code == 0, told.output
    for part in (
        "AWS 777788889999 2026-10",
        "cost-explorer",
        "2026-10-01 to 2026-10-31",
        "there     578.94 USD",
    ):
        assert part in told.output
    seen = run(verify, "--warehouse", f"duckdb:{warehouse}", *bill, "--seen", "580.94")
    assert seen.exit_code == 0, seen.output
    assert "differs   2.00 USD" in seen.output
    [row] = [row for row in kept(warehouse, "source, charge_type, stated") if row[1] is None]
    assert row == ("console", None, Decimal("580.94"))


def test_verify_takes_a_number_for_one_bill_only(
    warehouse: Path,
) -> None:
    result = run(verify, "--warehouse", f"duckdb:{warehouse}", "--seen", "1")
    assert result.exit_code == 1
    assert "--seen is for one bill" in str(result.exception)
