"""The rendered classification gives in BigQuery what the collector gives from the same rows."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from handlers.ledger import LedgerRow
from handlers.sample import write_sample
from handlers.site.forgotten import tombstone_of
from handlers.tables import LOADED
from handlers.warehouses.bigquery.schema import hub_fields
from tests.engine.bigquery.emulator import Emulator, Row
from tests.engine.bigquery.exports import (
    Bill,
    classify,
    comparable,
    dollars,
    in_bigquery,
    in_duckdb,
    rows_of,
)
from tests.handlers.load.runs import collect, ledger
from tests.handlers.sources.gcp.tables import ACCOUNT, DETAILED, row, write

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

DOLLARS, EUROS = "01A2B3-C4D5E6-F7A8B9", "0A1B2C-3D4E5F-6A7B8C"
NANO = Decimal("1e-9")
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
COLUMNS = (
    "billing_account_id", "invoice", "service", "sku", "usage_start_time", "usage_end_time",
    "usage", "cost", "cost_type", "credits", "currency", "project", "labels", "tags",
    "system_labels", "location", "resource", "currency_conversion_rate", "cost_at_list",
    "seller_name", "adjustment_info", "export_time",
)  # fmt: skip


@pytest.fixture(scope="module")
def bills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bills") / "sample"
    write_sample(folder, seed=1, days=10, end=date(2026, 11, 5))
    return folder


@pytest.fixture(scope="module")
def warehouse(bills: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warehouse") / "costs.duckdb"
    collect(bills / "gcp", path, bills / "site")
    return path


def ledger_of(warehouse: Path, bill: Bill) -> LedgerRow:
    (found,) = (
        each
        for each in ledger(warehouse)
        if (each.scope, each.billing_period) == (bill.account, bill.period)
    )
    return found


def nano(amount: object) -> Decimal:
    return Decimal(str(amount)).quantize(NANO, ROUND_HALF_UP)


def totals_of(said: LedgerRow) -> dict[str, object]:
    """A bill's totals as its own lines have them, whatever their currencies."""
    if said.currency_totals is None:
        names = ("source_total", "ai_total", "platform_total", "other_total", "loaded_total")
        return {name: getattr(said, name) for name in names}
    currencies: dict[str, dict[str, str]] = json.loads(said.currency_totals)
    parts = {
        f"{part}_total": sum((Decimal(each[part]) for each in currencies.values()), Decimal(0))
        for part in ("ai", "platform", "other")
    }
    return {**parts, "source_total": sum(parts.values(), Decimal(0))}


def refuse_differences(
    emulator: Emulator, rows: Sequence[Row], warehouse: Path, bill: Bill, site: Path | None
) -> None:
    export = emulator.load_export(rows)
    classification = classify(emulator, export, COLUMNS, bill, site)
    (totals,) = emulator.run(f"SELECT * FROM {classification.table('totals')}")
    ours, theirs = in_bigquery(emulator, classification), in_duckdb(warehouse, bill)
    for table in LOADED:
        in_hub, collected = comparable(ours[table.name]), comparable(theirs[table.name])
        assert in_hub == collected, (table.name, _differing(in_hub, collected))
        assert all(set(row) >= set(table.names) for row in ours[table.name])
        assert {name for row in ours[table.name] for name in row} <= {
            field.name for field in hub_fields(table)
        }
    said = ledger_of(warehouse, bill)
    assert dollars(ours["llm_costs"]) == said.cost_usd
    assert totals["source_lines"] == totals["first_lines"] == said.source_lines
    assert totals["source_total"] == totals["first_total"]
    for name, total in totals_of(said).items():
        assert nano(totals[name]) == nano(total), name
    assert (
        totals["ai_total"] + totals["platform_total"] + totals["other_total"]
        == (totals["source_total"])
    )
    for name in ("ai_lines", "rows", "cost_usd", "gross_cost_usd", "billing_currency"):
        assert totals[name] == getattr(said, name), name
    assert (totals["faults"], totals["lost_lines"], totals["without_rate"]) == (0, 0, 0)


def _differing(some: Sequence[tuple[str, ...]], others: Sequence[tuple[str, ...]]) -> list[object]:
    """Of the rows that only one side has the first pair, and there only what differs."""
    mine = sorted(set(some) - set(others))
    theirs = sorted(set(others) - set(some))
    pairs = [sorted(set(a) ^ set(b)) for a, b in zip(mine, theirs, strict=False)]
    return [len(mine), len(theirs), *pairs[:3]]


# The emulator needs 20 seconds for each: both months and both currencies, but not all four.
@pytest.mark.parametrize(("account", "period"), [(DOLLARS, NOVEMBER), (EUROS, OCTOBER)], ids=str)
def test_a_sample_bill_gives_the_same_rows_and_totals_to_the_nano_dollar(
    emulator: Emulator, bills: Path, warehouse: Path, account: str, period: date
) -> None:
    (table,) = (bills / "gcp").glob(f"*_{account.replace('-', '_')}")
    rows = rows_of(table)
    refuse_differences(emulator, rows, warehouse, Bill(account, period), bills / "site")


def labels(**pairs: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs.items()]


SITE = {
    "attribution.toml": """
        customer_keys = ["customer-id", "customer", "tenant"]
        project_keys = ["project"]
        [[map]]
        match = "resource"
        exact = "//aiplatform.googleapis.com/endpoints/bot"
        customer = "by-resource"
        to = 2026-10-05
        [[map]]
        match = "project"
        regex = '^team-(.+)-prod$'
        [[map]]
        match = "account"
        exact = "fallback"
        customer = "GLX"
    """,
    "customers.csv": (
        "id,name,aliases,from,to\n"
        "acme,Acme,ACME Corp|l'a\"c\\me,,\n"
        "globex,Globex,GLX,,2026-10-10\nglobex-2,Globex,GLX,2026-10-11,\nSTRASSE,,straße,,\n"
    ),
    "rates.csv": "currency,month,rate\nSEK,2026-10,9.4567\nEUR,2026-09,0.86\n",
    "forgotten.toml": (
        tombstone_of(
            ("gone", "Gone GmbH", "red"), "00112233445566778899aabbccddeeff", "0a1b2c3d"
        ).text()
    ),
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    for name, content in SITE.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def hard_rows() -> list[dict[str, Any]]:
    """One row for each thing that a Google bill does to whoever reads it."""
    late = {
        "usage_start_time": "2026-10-12 23:00:00 UTC",
        "usage_end_time": "2026-10-13 00:00:00 UTC",
    }
    compute = {
        "service": {"id": "6F81-5844-456A", "description": "Compute Engine"},
        "sku": {"id": "2E27-4F75-95CD", "description": "N2 Instance Core"},
    }
    unlabelled: dict[str, Any] = {"labels": [], "resource": None}
    return [
        row(),
        row(),
        row(cost=0.1 + 0.2, credits=[]),
        row(cost=1e-7 / 3, cost_at_list=0.1234567890123456, credits=[]),
        row(cost=-12.5, credits=[{"name": "x", "amount": 12.5}]),
        row(cost=123456789.12345679, usage={"amount": 1.0, "unit": "count"}),
        row(usage={"unit": "requests"}, cost_at_list=None),
        row(labels=labels(customer_id="ACME Corp", project=" p-1 ")),
        row(labels=[{"key": "Customer", "value": " "}, *labels(tenant="l'a\"c\\me")]),
        row(labels=labels(customer=" "), tags=labels(customer="\u3000Straße ")),
        row(labels=labels(customer="GLX")),
        row(labels=labels(customer="GLX"), **late),
        row(labels=labels(customer="x" * 300)),
        row(labels=labels(customer="gone", project="of-gone")),
        row(labels=labels(customer=" GONE ")),
        row(labels=labels(customer="Gone GmbH"), resource=None),
        row(labels=labels(customer="gone-too")),
        row(labels=labels(**{"customer_id": "first", "customer-id": "second"})),
        row(labels=labels(**{"customer-id": "first", "Customer-ID": "second"})),
        row(labels=[], project={"id": "team-red-prod"}),
        row(**unlabelled, project={"id": "team-red-prod"}),
        row(**unlabelled, project={"id": "fallback"}, **late),
        row(**unlabelled, project={"id": "nobody"}),
        row(**unlabelled, project=None, location=None),
        row(**unlabelled, project={"id": "weak", "labels": labels(customer="of-the-project")}),
        row(sku={"id": "S", "description": "Gemini 2.5 Flash Input " + "é🦙" * 300}),
        row(sku={"id": "S2", "description": "Something nobody has heard of"}),
        row(usage_end_time="2026-10-06 03:00:00 UTC"),
        row(usage_start_time="2026-09-30 23:00:00 UTC", usage_end_time="2026-10-01 00:00:00 UTC"),
        row(cost_type="tax", cost=0.07, credits=[]),
        row(cost_type="rounding_error", cost=1e-9, credits=[]),
        row(cost_type="adjustment", adjustment_info={"type": "GOODWILL"}, cost=-5.0, credits=[]),
        row(cost_type="adjustment", adjustment_info={"type": "USAGE_CORRECTION"}, cost=-1.0),
        row(currency="USD", currency_conversion_rate=1.0),
        row(currency="USD", currency_conversion_rate=None),
        row(currency="SEK", currency_conversion_rate=None),
        row(seller_name="Anthropic, PBC"),
        row(**compute),
        row(**compute, currency="SEK", currency_conversion_rate=None),
        row(**compute, labels=labels(**{"managed-by": "ai-cost-monitoring"})),
        row(labels=labels(managed_by="ai-cost-monitoring"), cost=0.25),
        row(invoice={"month": "202611"}),
        row(billing_account_id="01A2B3-C4D5E6-F7A8BA"),
    ]  # fmt: skip


def test_what_is_hard_in_a_bill_is_told_alike(
    emulator: Emulator, tmp_path: Path, site: Path
) -> None:
    rows = hard_rows()
    write(tmp_path / "bills", *rows, table=DETAILED)
    warehouse = tmp_path / "costs.duckdb"
    collect(tmp_path / "bills", warehouse, site)
    refuse_differences(emulator, rows, warehouse, Bill(ACCOUNT, OCTOBER), site)


AT_FAULT: dict[str, object] = {
    "cost_type": None,
    "currency": "",
    "currency_conversion_rate": -0.5,
    "usage_start_time": f"{date(2026, 11, 1) + timedelta(days=1)} 00:00:00 UTC",
}


def test_rows_that_can_not_be_understood_or_have_no_rate_are_counted_and_their_columns_named(
    emulator: Emulator,
) -> None:
    faulty = [row(**{column: value}) for column, value in AT_FAULT.items()]
    without_rate = row(currency="SEK", currency_conversion_rate=None)
    export = emulator.load_export([row(), *faulty, without_rate])
    classification = classify(emulator, export, COLUMNS, Bill(ACCOUNT, OCTOBER), None)
    found = emulator.run(f"SELECT fault FROM {classification.table('bill_lines')}")
    assert sorted(each["fault"] or "" for each in found) == ["", "", *sorted(AT_FAULT)]
    (totals,) = emulator.run(f"SELECT * FROM {classification.table('totals')}")
    assert (totals["faults"], totals["fault"]) == (4, "cost_type")
    assert (totals["without_rate"], totals["site_rate_currencies"]) == (1, "SEK")


def test_an_export_without_the_newer_columns_is_read(emulator: Emulator, tmp_path: Path) -> None:
    newer = {"resource", "tags", "seller_name", "cost_at_list", "adjustment_info", "system_labels"}
    rows = [{name: cell for name, cell in row().items() if name not in newer}]
    write(tmp_path / "bills", *rows, table=DETAILED)
    collect(tmp_path / "bills", tmp_path / "costs.duckdb")
    export = emulator.load_export(rows)
    columns = [name for name in COLUMNS if name not in newer]
    bill = Bill(ACCOUNT, OCTOBER)
    classification = classify(emulator, export, columns, bill, None)
    ours = in_bigquery(emulator, classification)
    theirs = in_duckdb(tmp_path / "costs.duckdb", bill)
    assert len(ours["llm_costs"]) == 1
    assert comparable(ours["llm_costs"]) == comparable(theirs["llm_costs"])
