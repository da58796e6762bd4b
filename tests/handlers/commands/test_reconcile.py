"""``reconcile`` and ``verify`` over the sample, whose invoices its writer made beside the bills."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click
import duckdb
import pytest
from click.testing import CliRunner, Result

from handlers.commands.reconcile import reconcile
from handlers.commands.verify import verify
from handlers.errors import CostError
from tests.fakes.cost_explorer import Cost, FakeCostExplorer, fake_cost_explorer
from tests.handlers.commands.conftest import Collected
from tests.handlers.sample.rereading import read

pytestmark = pytest.mark.slow

NANO = Decimal("0.000000002")
"""A document's lines, each rounded to nine places per service and day."""

PAYER = "777788889999"


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


def test_every_document_and_month_is_compared_and_only_the_one_that_differs_is_unexplained(
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
    documents = {row["invoice_id"]: row for row in collected.truth("invoices.csv")}
    rows = kept(warehouse, "cloud_provider, scope, invoice_id, charge_type, stated, loaded, reason")
    whole: dict[tuple[str, str], tuple[Decimal, Decimal, object]] = {}
    for cloud, scope, invoice, kind, stated, loaded, reason in rows:
        if kind is None:
            amounts = (Decimal(str(stated)), Decimal(str(loaded)))
            if invoice is None or (str(cloud), str(scope)) not in whole:
                whole[str(cloud), str(scope)] = (*amounts, reason)
            if invoice is not None:
                document = documents.pop(str(invoice))
                assert amounts[0] == Decimal(document["invoiced"])
                assert abs(amounts[1] - Decimal(document["billed"])) <= NANO
    assert documents == {}
    assert whole.keys() == billed.keys()
    for key, (stated, loaded, _) in whole.items():
        assert stated == invoiced[key]
        assert abs(loaded - billed[key]) <= NANO
    wrong = [key for key in billed if abs(invoiced[key] - billed[key]) > Decimal("0.01")]
    assert [key for key, (_, _, reason) in whole.items() if reason == "unexplained"] == wrong
    assert len(wrong) == 1


@pytest.fixture
def explorer(collected: Collected, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCostExplorer]:
    """Cost Explorer of one of the sample's payers: what a plain reader finds in its bill."""
    costs = [
        Cost(line.day, f"{line.cost:f}", line.service, record_type=line.line_type)
        for line in read(collected.sample)
        if (line.scope, line.period) == (PAYER, "2026-10")
    ]
    with fake_cost_explorer(FakeCostExplorer(datetime.now(UTC).date(), costs, page=100)) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_COST_EXPLORER", fake.address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.delenv("COST_SCOPES_AZURE", raising=False)
        scope = {
            "id": PAYER,
            "role_arn": f"arn:aws:iam::{PAYER}:role/reader",
            "region": "us-east-1",
            "bucket": "bills",
            "prefix": "",
            "export": "legacy",
        }
        monkeypatch.setenv("COST_SCOPES_AWS", json.dumps([scope]))
        yield fake


def ask(warehouse: Path, collected: Collected, *clouds: str) -> Result:
    site = str(collected.sample / "site")
    chosen = [word for cloud in clouds for word in ("--cloud", cloud)]
    return run(
        reconcile,
        *("--warehouse", f"duckdb:{warehouse}", "--site", site, "--period", "2026-10", "--ask"),
        *chosen,
    )


def test_what_cost_explorer_says_of_the_whole_bill_is_what_was_loaded(
    warehouse: Path, collected: Collected, explorer: FakeCostExplorer
) -> None:
    result = ask(warehouse, collected, "aws")
    assert result.exit_code == 0, result.output
    columns = "charge_type, loaded, difference, reason, date"
    said = kept(warehouse, f"source, {columns}")
    [row] = [row for row in said if row[:2] == ("cost_explorer", None)]
    [right] = [
        row
        for row in collected.truth("scopes.csv")
        if (row["scope"], row["billing_period"]) == (PAYER, "2026-10")
    ]
    assert abs(Decimal(str(row[2])) - Decimal(right["all_cost"])) <= NANO
    assert abs(Decimal(str(row[3]))) <= NANO
    assert row[4] in (None, "rounding")
    assert len(explorer.requests) >= 1


def test_the_kind_the_service_and_the_day_of_a_difference_are_kept_though_a_cloud_is_not_asked(
    warehouse: Path, collected: Collected, explorer: FakeCostExplorer
) -> None:
    service, day = min((cost.service, cost.day) for cost in explorer.costs)
    explorer.costs += [
        Cost(day, "5.25", service),
        Cost(day, "1.75", "Tax", record_type="Tax"),
    ]
    result = ask(warehouse, collected, "aws", "azure")
    assert result.exit_code == 1
    assert isinstance(result.exception, CostError)
    assert str(result.exception) == (
        "Azure: It can't be asked: COST_SCOPES_AZURE names no scope of Azure."
    )
    rows = kept(warehouse, "source, cloud_provider, charge_type, difference, reason, service, date")
    parts = {
        (kind, service, day): (Decimal(str(amount)).quantize(Decimal("0.01")), reason)
        for source, _, kind, amount, reason, service, day in rows
        if source == "cost_explorer"
    }
    assert parts.pop((None, None, None))[0] == Decimal("7.00")
    unexplained = (Decimal("5.25"), "unexplained")
    assert {key: part for key, part in parts.items() if part[0]} == {
        ("tax", None, None): (Decimal("1.75"), "tax"),
        ("usage", None, None): unexplained,
        ("usage", service, day): unexplained,
    }
    assert {row[1] for row in rows if row[0] == "invoice"} == {"AWS", "Azure"}


def test_a_difference_in_tax_alone_is_called_tax(
    warehouse: Path, collected: Collected, tmp_path: Path
) -> None:
    billed = sum(
        line.cost
        for line in read(collected.sample)
        if (line.scope, line.period, line.line_type) == (PAYER, "2026-10", "Tax")
    )
    text = (
        "cloud,scope,billing_period,invoice_id,currency,amount,tax\n"
        f"AWS,{PAYER},2026-10,1,USD,628.94,{billed + 50:.9f}\n"
    )
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "invoices.csv").write_text(text, encoding="utf-8")
    result = run(reconcile, "--warehouse", f"duckdb:{warehouse}", "--site", str(tmp_path / "site"))
    assert result.exit_code == 0, result.output
    rows = kept(warehouse, "charge_type, stated, reason")
    assert (None, Decimal("628.94"), "tax, rounding") in rows
    assert ("tax", billed + 50, "tax") in rows


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
