"""Google's billing export: nested rows, hourly, in the detailed and the standard schema.

https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage and
``/standard-usage``. Files are what an extract job of BigQuery writes: JSON in which NULL is left
out, NUMERIC is text and FLOAT64 a number, or parquet.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from handlers.record import ChargeType
from handlers.sample.bills import Bill, Printed, plain_text, rounded
from handlers.sample.charges import Charge
from handlers.sample.files import gzipped, json_to_parquet, write_bytes
from handlers.sample.tables import meter_id, types

STANDARD_TYPES = types("gcp_standard.csv")
SHARD_ROWS = 15_000
NOISY_EVERY = 11
"""Every so many lines the cost is what a multiplication of doubles left, not a round number."""

COST_TYPES = {
    ChargeType.USAGE: "regular",
    ChargeType.TAX: "tax",
    ChargeType.ADJUSTMENT: "rounding_error",
}
"""Of charges without a note; one with a note is an ``adjustment`` that ``ADJUSTMENTS`` explains."""
ADJUSTMENTS = {
    "COMPLETE_NEGATION": "METADATA_CORRECTION",
    "COMPLETE_NEGATION_WITH_REMONETIZATION": "METADATA_CORRECTION",
    "MANUAL_ADJUSTMENT": "GOODWILL",
}

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

Json = dict[str, Any]
Line = tuple[Charge, Printed, Json]


def table_name(bill: Bill) -> str:
    """The table's fixed name for a billing account."""
    kind = "resource_v1" if bill.scope.format == "gcp-detailed" else "v1"
    return f"gcp_billing_export_{kind}_{bill.scope.id.replace('-', '_')}"


def _moment(moment: datetime) -> str:
    return f"{moment.isoformat(' ')[:19]} UTC"


def _labels(charge: Charge) -> list[Json]:
    labels = [{"key": key, "value": value} for key, value in sorted(charge.place.tags.items())]
    repeat = charge.place.repeat
    if repeat:
        labels.append({"key": repeat, "value": charge.place.tags[repeat]})
    return labels


def _project(account: str) -> Json:
    number = str(int(meter_id(account)[:8], 16))
    return {
        "id": account,
        "number": number,
        "name": account,
        "labels": [{"key": "team", "value": "platform"}],
        "ancestry_numbers": "/5550001/123456789/",
        "ancestors": [
            {"resource_name": f"projects/{number}", "display_name": account},
            {"resource_name": "organizations/123456789", "display_name": "acme.example"},
        ],
    }


def _price(bill: Bill, charge: Charge) -> Json:
    price = plain_text(rounded(charge.sku.price * bill.rate, 9))
    return {
        "effective_price": price,
        "tier_start_amount": "0",
        "unit": charge.sku.pricing_unit,
        "pricing_unit_quantity": "1",
        "list_price": price,
        "effective_price_default": price,
        "list_price_consumption_model": price,
    }


def _fixed(bill: Bill, charge: Charge) -> Json:
    sku, place, scope = charge.sku, charge.place, bill.scope
    third_party = sku.seller not in {"GOOGLE", ""}
    row: Json = {
        "billing_account_id": scope.id,
        "service": {"id": sku.service_id, "description": sku.service},
        "sku": {"id": sku.sku_id, "description": sku.name},
        "labels": _labels(charge),
        "system_labels": [],
        "tags": [],
        "transaction_type": "THIRD_PARTY_RESELLER" if third_party else "GOOGLE",
        "seller_name": "Anthropic, PBC" if third_party else "Google LLC",
        "currency": scope.currency,
        "currency_conversion_rate": float(bill.rate),
        "invoice": {"month": f"{bill.period:%Y%m}", "publisher_type": "GOOGLE"},
        "cost_type": "adjustment" if charge.note else COST_TYPES[charge.charge_type],
        "consumption_model": {"id": "7754-699E-0EBF", "description": "Default"},
    }
    if place.account:
        row["project"] = _project(place.account)
        row["location"] = {"location": "us-central1", "country": "US", "region": "us-central1"}
        row["price"] = _price(bill, charge)
    if sku.service == "Compute Engine":
        cores = {"key": "compute.googleapis.com/cores", "value": "8"}
        row["system_labels"] = [cores]
        namespace = "organizations/123456789"
        row["tags"] = [{"key": "env", "value": "prod", "inherited": True, "namespace": namespace}]
    if charge.note:
        row["adjustment_info"] = {
            "id": meter_id(scope.id, charge.note)[:18],
            "description": "Billing correction",
            "mode": charge.note,
            "type": ADJUSTMENTS[charge.note],
        }
    if scope.format == "gcp-detailed" and place.resource:
        name = place.resource.rsplit("/", 1)[-1]
        row["resource"] = {"name": name, "global_name": place.resource}
    return row


def _cost(bill: Bill, charge: Charge, number: int) -> float:
    if number % NOISY_EVERY == 0 and charge.quantity:
        return float(charge.quantity) * float(charge.usd * bill.rate / charge.quantity)
    return float(bill.money(charge.usd))


def _credits(charge: Charge, amount: float) -> list[Json]:
    if not charge.credit_usd:
        return []
    if charge.sku.model:
        name, kind = "Gemini launch credit", "PROMOTION"
    else:
        name, kind = "Sustained Usage Discount", "SUSTAINED_USAGE_DISCOUNT"
    return [{"name": name, "amount": amount, "full_name": name, "id": name, "type": kind}]


def _usage(charge: Charge) -> Json:
    sku = charge.sku
    return {
        "amount": float(charge.quantity * sku.block),
        "unit": sku.unit,
        "amount_in_pricing_units": float(charge.quantity),
        "pricing_unit": sku.pricing_unit,
    }


def gcp_lines(bill: Bill, charges: Sequence[Charge]) -> Iterator[Line]:
    """The rows of one invoice month."""
    fixed: dict[tuple[int, int, str, str], Json] = {}
    for number, charge in enumerate(charges):
        key = (id(charge.sku), id(charge.place), charge.charge_type, charge.note)
        if key not in fixed:
            fixed[key] = _fixed(bill, charge)
        day = charge.day
        start = datetime(day.year, day.month, day.day, charge.hour, tzinfo=UTC)
        cost = _cost(bill, charge, number)
        credit = float(bill.money(charge.credit_usd))
        exported = start + timedelta(days=charge.late, hours=7 + number % 5, minutes=12)
        row = fixed[key] | {
            "usage_start_time": _moment(start),
            "usage_end_time": _moment(start + timedelta(hours=1)),
            "export_time": _moment(exported),
            "cost": cost,
            "usage": _usage(charge),
            "credits": _credits(charge, credit),
            "cost_at_list": cost,
            "cost_at_effective_price_default": cost,
            "cost_at_list_consumption_model": cost,
        }
        nested = Decimal(repr(credit))
        yield charge, Printed(Decimal(repr(cost)) + nested, credits=nested), row


def _order(line: Line) -> str:
    return str(line[2]["export_time"])


def _json(row: Json) -> bytes:
    return _ENCODER.encode(row).encode() + b"\n"


def deliver_table(
    root: Path, table: str, lines: Sequence[Line], columns: Mapping[str, str]
) -> None:
    """Write a billing account's table, which holds every month, in the order it was exported."""
    ordered = sorted(lines, key=_order)
    for shard, start in enumerate(range(0, len(ordered), SHARD_ROWS)):
        content = b"".join(_json(row) for _, _, row in ordered[start : start + SHARD_ROWS])
        name = root / table / f"{shard:012d}"
        if columns:
            json_to_parquet(name.with_suffix(".parquet"), columns, content)
        else:
            write_bytes(name.with_suffix(".json.gz"), gzipped(content))
