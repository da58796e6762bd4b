"""An AWS bill's columns become bill lines, the same from CSV, parquet and the legacy report."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from handlers.errors import BillError
from handlers.scan.scan import scan
from handlers.sources.aws.discover import discover
from tests.handlers.sources.aws.bills import (
    COLUMNS,
    LINE,
    OTHER,
    Export,
    csv_bytes,
    lines,
    parquet_bytes,
    write_legacy,
)

COST = "line_item_unblended_cost"
NET = "line_item_net_unblended_cost"
TYPE = "line_item_line_item_type"
START, END = "line_item_usage_start_date", "line_item_usage_end_date"
RESERVED = "reservation_effective_cost"
PLANNED = "savings_plan_savings_plan_effective_cost"
UPFRONT = "reservation_unused_amortized_upfront_fee_for_billing_period"
RECURRING = "reservation_unused_recurring_fee"
ARN = "reservation_reservation_a_r_n"


def read(folder: Path) -> list[dict[str, Any]]:
    """The lines of the only bill in ``folder``, all kept whole, in the order of their cost."""
    (snapshot,) = discover(folder)
    with duckdb.connect() as connection:
        scan(connection, snapshot, lambda _: "TRUE")
        cursor = connection.execute("SELECT * FROM bill_lines ORDER BY cost, line_id")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def line_of(folder: Path, changes: Mapping[str, str]) -> dict[str, Any]:
    """The one line that the usual one becomes with ``changes``, which may add columns."""
    columns = list(dict.fromkeys([*COLUMNS, *changes]))
    Export(folder).write(csv_bytes([{**LINE, **changes}], columns))
    (line,) = read(folder)
    return line


EXPECTED = {
    "line_id": "a1",
    "usage_date": date(2026, 11, 5),
    "service_id": "AmazonBedrock",
    "service": "Amazon Bedrock",
    "sku": "USE1-NovaPro-input-tokens",
    "description": "$0.0008 per 1K input tokens for Nova Pro",
    "unit": "1K tokens",
    "billing_entity": "AWS",
    "line_type": "Usage",
    "charge_type": "usage",
    "account_id": "210987654321",
    "invoice_id": "INV-1",
    "currency": "USD",
    "quantity": Decimal(1000),
    "cost": Decimal("0.8"),
    "gross": Decimal("0.8"),
    "list_cost": Decimal("0.8"),
}


@pytest.mark.parametrize("layout", ["csv", "parquet", "legacy"])
def test_a_line_says_the_same_in_every_layout(layout: str, tmp_path: Path) -> None:
    folder = tmp_path / "bills"
    if layout == "csv":
        Export(folder).write(csv_bytes([LINE]))
    elif layout == "parquet":
        Export(folder).write(parquet_bytes([LINE], tmp_path), "cur2-00001.snappy.parquet")
    else:
        write_legacy(folder, [LINE])

    (line,) = read(folder)

    stated = {name: value for name, value in line.items() if value is not None}
    assert json.loads(stated.pop("tags")) in (
        {"user_customer": "acme"},
        {"user:customer": "acme"},
    )
    assert stated.pop("line_file").startswith(("cur2-00001", "hourly-00001"))
    assert stated == EXPECTED


@pytest.mark.parametrize(
    ("line_type", "charge_type"),
    [
        ("Usage", "usage"),
        ("DiscountedUsage", "usage"),
        ("SavingsPlanCoveredUsage", "usage"),
        ("SavingsPlanNegation", "discount"),
        ("EdpDiscount", "discount"),
        ("Credit", "credit"),
        ("Refund", "refund"),
        ("Tax", "tax"),
        ("Fee", "fee"),
        ("RIFee", "purchase"),
        ("SomethingNew", "adjustment"),
    ],
)
def test_line_types_become_charge_types(line_type: str, charge_type: str, tmp_path: Path) -> None:
    assert line_of(tmp_path, {TYPE: line_type})["charge_type"] == charge_type


def test_a_credit_has_no_gross_cost(tmp_path: Path) -> None:
    line = line_of(tmp_path, {TYPE: "Credit", COST: "-3"})

    assert (line["cost"], line["gross"]) == (Decimal(-3), Decimal(0))


@pytest.mark.parametrize(("net", "cost"), [("0.6", Decimal("0.6")), ("", Decimal("0.8"))])
def test_what_is_paid_is_net_of_discounts_where_the_bill_says(
    net: str, cost: Decimal, tmp_path: Path
) -> None:
    assert line_of(tmp_path, {NET: net})["cost"] == cost


@pytest.mark.parametrize(
    ("changes", "effective", "idle"),
    [
        ({}, "0.8", None),
        ({TYPE: "DiscountedUsage", COST: "0", RESERVED: "0.35"}, "0.35", None),
        ({TYPE: "SavingsPlanCoveredUsage", PLANNED: "0.45"}, "0.45", None),
        ({TYPE: "SavingsPlanNegation", COST: "-0.8"}, "0", None),
        ({TYPE: "RIFee", UPFRONT: "1.5", RECURRING: "0.25"}, "0", "1.75"),
        ({TYPE: "RIFee", UPFRONT: "0", RECURRING: ""}, "0", None),
        ({TYPE: "Fee", ARN: "arn:aws:reserved"}, "0", None),
        ({TYPE: "Fee"}, "0.8", None),
    ],
)
def test_a_commitment_costs_on_the_days_it_covers(
    changes: dict[str, str], effective: str, idle: str | None, tmp_path: Path
) -> None:
    absent = dict.fromkeys((RESERVED, PLANNED, UPFRONT, RECURRING, ARN), "")

    line = line_of(tmp_path, absent | changes)

    assert line["effective"] == Decimal(effective)
    assert line["idle"] == (Decimal(idle) if idle else None)


@pytest.mark.parametrize(
    ("start", "end", "day", "hour"),
    [
        ("2026-11-05T00:00:00.000Z", "2026-11-06T00:00:00.000Z", 5, None),
        ("2026-11-05T23:00:00Z", "2026-11-06T00:00:00Z", 5, 23),
        ("2026-11-30 23:00:00", "2026-12-01 00:00:00", 30, 23),
        ("2026-11-05 00:00:00 UTC", "2026-11-05 01:00:00 UTC", 5, 0),
    ],
)
def test_days_and_hours_are_utc(
    start: str, end: str, day: int, hour: int | None, tmp_path: Path
) -> None:
    line = line_of(tmp_path, {START: start, END: end})

    assert (line["usage_date"], line["usage_hour"]) == (date(2026, 11, day), hour)


@pytest.mark.parametrize(
    "column", [RESERVED, PLANNED, UPFRONT, RECURRING, "pricing_public_on_demand_cost"]
)
def test_an_amount_that_need_not_be_there_is_still_one_when_it_is(
    column: str, tmp_path: Path
) -> None:
    with pytest.raises(BillError, match="'1,5' is not an amount") as refusal:
        line_of(tmp_path, {column: "1,5"})

    assert (refusal.value.place.row, refusal.value.place.column) == (2, column)


@pytest.mark.parametrize("cell", ["", "{}", '{"user_customer": "a\\nb"}'])
def test_tags_may_be_empty(cell: str, tmp_path: Path) -> None:
    assert line_of(tmp_path, {"resource_tags": cell})["tags"] == (cell or None)


def test_tags_of_both_maps_count_and_those_of_the_resource_first(tmp_path: Path) -> None:
    both = {"resource_tags": '{"customer": "acme"}', "tags": '{"customer": "x", "project": "p"}'}

    assert json.loads(line_of(tmp_path, both)["tags"]) == {"customer": "acme", "project": "p"}


def test_what_is_left_out_is_added_up_per_currency(tmp_path: Path) -> None:
    rupees = OTHER | {"line_item_currency_code": "INR", COST: "100"}
    Export(tmp_path).write(csv_bytes(lines(OTHER, OTHER, rupees)))
    (snapshot,) = discover(tmp_path)

    with duckdb.connect() as connection:
        scan(connection, snapshot, lambda _: "FALSE")
        left_out = connection.execute(
            "SELECT service, currency, line_count, cost FROM left_out ORDER BY currency"
        ).fetchall()

    assert left_out == [
        ("Amazon Elastic Compute Cloud", "INR", 1, Decimal(100)),
        ("Amazon Elastic Compute Cloud", "USD", 2, Decimal(5)),
    ]
