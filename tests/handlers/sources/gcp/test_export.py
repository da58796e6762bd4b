"""Rows of the billing export become the bill lines that a reader of the file expects."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from handlers.scan.scan import scan
from handlers.sources.gcp.discover import discover
from tests.handlers.sources.gcp.tables import ROW, STANDARD, read, row, write, write_parquet

Writer = Callable[..., Path]

EXPECTED = {
    "line_id": None,
    "usage_date": date(2026, 10, 5),
    "usage_hour": 3,
    "service_id": "C7E2-9256-1C43",
    "service": "Vertex AI",
    "sku": " Gemini 2.5 Flash GA Input Text Caching",
    "description": "2737-2D33-D986",
    "sku_id": "2737-2D33-D986",
    "unit": "requests",
    "billing_entity": "Google LLC",
    "line_type": "regular",
    "charge_type": "usage",
    "account_id": "acme-ai-prod",
    "region": "us-central1",
    "resource_id": "//aiplatform.googleapis.com/endpoints/bot",
    "resource_group": None,
    "invoice_id": None,
    "currency": "EUR",
    # 0.8588123456789 to nine places.
    "rate": Decimal("0.858812346"),
    "quantity": Decimal(59328000),
    # 0.30000000000000004 - 0.1 - 0.05, exactly.
    "cost": Decimal("0.15000000000000004"),
    "gross": Decimal("0.30000000000000004"),
    "effective": None,
    "list_cost": Decimal("0.4"),
    "cost_usd": None,
    "effective_usd": None,
    "list_usd": None,
    "idle": None,
}
# The first value of a repeated key; the project's, tags and system labels where labels say nothing.
TAGS = {"customer": "acme", "team": "platform", "env": "prod", "compute.googleapis.com/cores": "8"}


def only_line(folder: Path) -> dict[str, Any]:
    (snapshot,) = discover(folder)
    (line,), scanned = read(snapshot)
    assert scanned.first == scanned.second
    return line


@pytest.mark.parametrize("written", [write, write_parquet])
def test_a_row_of_the_detailed_export(written: Writer, tmp_path: Path) -> None:
    path = written(tmp_path, ROW)

    line = only_line(tmp_path)

    assert json.loads(line.pop("tags")) == TAGS
    assert line == EXPECTED | {"line_file": path.name}


def test_a_row_of_the_standard_export_names_no_resource(tmp_path: Path) -> None:
    write(tmp_path, row(resource=None), table=STANDARD)

    assert only_line(tmp_path)["resource_id"] is None


@pytest.mark.parametrize("written", [write, write_parquet])
def test_rows_without_what_not_every_row_has(written: Writer, tmp_path: Path) -> None:
    bare = row(
        project=None,
        labels=None,
        tags=None,
        system_labels=None,
        location=None,
        resource=None,
        seller_name=None,
        currency="USD",
        currency_conversion_rate=None,
        cost_at_list=None,
        export_time=None,
        credits=[],
    )
    written(tmp_path, bare)

    line = only_line(tmp_path)

    absent = ("tags", "account_id", "region", "resource_id", "list_cost")
    assert [line[name] for name in absent] == [None] * len(absent)
    assert (line["billing_entity"], line["rate"]) == ("Google", Decimal(1))
    assert line["cost"] == line["gross"] == Decimal("0.30000000000000004")


@pytest.mark.parametrize(
    ("cost_type", "adjustment", "charge_type"),
    [
        ("regular", None, "usage"),
        ("tax", None, "tax"),
        ("rounding_error", None, "adjustment"),
        ("adjustment", None, "adjustment"),
        ("adjustment", "USAGE_CORRECTION", "adjustment"),
        ("adjustment", "GOODWILL", "credit"),
        ("adjustment", "SALES_BASED_GOODWILL", "credit"),
        ("adjustment", "SLA_VIOLATION", "credit"),
    ],
)
def test_cost_type_and_adjustment_say_what_kind_of_charge_it_is(
    cost_type: str, adjustment: str | None, charge_type: str, tmp_path: Path
) -> None:
    info = {"mode": "MANUAL_ADJUSTMENT", "type": adjustment} if adjustment else None
    write(tmp_path, row(cost=-4.25, credits=[], cost_type=cost_type, adjustment_info=info))

    line = only_line(tmp_path)

    assert (line["line_type"], line["charge_type"]) == (cost_type, charge_type)
    assert line["cost"] == Decimal("-4.25")
    assert line["gross"] == (Decimal(0) if charge_type == "credit" else Decimal("-4.25"))


@pytest.mark.parametrize(
    ("start", "end", "day", "hour"),
    [
        ("2026-10-05 23:00:00 UTC", "2026-10-06 00:00:00 UTC", date(2026, 10, 5), 23),
        ("2026-10-05T00:30:00Z", "2026-10-05T01:00:00Z", date(2026, 10, 5), 0),
        ("2026-10-05 07:00:00 UTC", "2026-10-06 07:00:00 UTC", date(2026, 10, 5), None),
        ("2026-10-05 07:00:00.123456 UTC", "2026-10-05 08:00:00 UTC", date(2026, 10, 5), 7),
    ],
)
@pytest.mark.parametrize("written", [write, write_parquet])
def test_days_and_hours_are_utc_and_only_an_hours_row_has_an_hour(
    written: Writer, start: str, end: str, day: date, hour: int | None, tmp_path: Path
) -> None:
    written(tmp_path, row(usage_start_time=start, usage_end_time=end))

    line = only_line(tmp_path)

    assert (line["usage_date"], line["usage_hour"]) == (day, hour)


@pytest.mark.parametrize(
    ("cost", "credits", "expected"),
    [
        (0.1, [], "0.1"),
        (0.1, [0.2], "0.3"),
        (1e-07, [-1e-07], "0"),
        (1.5e-17, [], "0.000000000000000015"),
        (5, [-5], "0"),
        (123456.789, [-0.000000001, -23456], "100000.788999999"),
        ("0.1000000000000000055", [], "0.100000000000000006"),
    ],
)
def test_a_cost_is_the_shortest_decimal_of_its_float_and_its_credits_are_added_exactly(
    cost: float | str, credits: list[float], expected: str, tmp_path: Path
) -> None:
    write(tmp_path, row(cost=cost, credits=[{"amount": amount} for amount in credits]))

    assert only_line(tmp_path)["cost"] == Decimal(expected)


def test_a_float_written_with_all_its_digits_is_the_same_amount(tmp_path: Path) -> None:
    path = write(tmp_path, row(cost=0.1, credits=[]), name="rows.json")
    path.write_bytes(path.read_bytes().replace(b'"cost": 0.1,', b'"cost": 0.10000000000000001,'))

    assert only_line(tmp_path)["cost"] == Decimal("0.1")


def test_one_day_can_belong_to_two_invoice_months(tmp_path: Path) -> None:
    late = row(invoice={"month": "202611"}, cost=7.0, credits=[])
    write(tmp_path, ROW, late)

    october, november = discover(tmp_path)
    (first,), first_totals = read(october)
    (second,), second_totals = read(november)

    assert (october.period, november.period) == (date(2026, 10, 1), date(2026, 11, 1))
    assert first["usage_date"] == second["usage_date"] == date(2026, 10, 5)
    assert (first["cost"], second["cost"]) == (Decimal("0.15000000000000004"), Decimal(7))
    assert first_totals.second.lines == second_totals.second.lines == 1


def test_lines_that_are_not_kept_and_those_that_are_make_up_the_bill(tmp_path: Path) -> None:
    other = row(service={"id": "6F81-5844-456A", "description": "Compute Engine"}, cost=2.0)
    write(tmp_path, ROW, other, ROW)
    (snapshot,) = discover(tmp_path)

    with duckdb.connect() as connection:
        scanned = scan(connection, snapshot, lambda reading: f"{reading.lines['service_id']} = 'x'")
        rest = connection.execute(
            "SELECT service_id, service, line_count, cost, currency FROM left_out ORDER BY 2"
        ).fetchall()

    assert scanned.first == scanned.second
    assert rest == [
        ("6F81-5844-456A", "Compute Engine", 1, Decimal("1.85"), "EUR"),
        ("C7E2-9256-1C43", "Vertex AI", 2, Decimal("0.30000000000000008"), "EUR"),
    ]
