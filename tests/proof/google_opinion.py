"""A second opinion on a month of Google's export; see ``opinion``, which is about AWS's bills."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.proof.google_bills import GoogleBill
from tests.proof.random_bills import Labelled
from tests.proof.rows import (
    NANO,
    Key,
    Sums,
    added,
    amount,
    canonical,
    converted,
    key_of,
    rows_of,
    stored,
    tagged,
)

KINDS: Mapping[str, str] = {"regular": "usage", "tax": "tax"}
"""Google's words and the kinds they mean, by hand from the schema of the export; others adjust."""

GIVEN = ("GOODWILL", "SALES_BASED_GOODWILL", "SLA_VIOLATION")
"""Adjustments that the same page calls credits."""

Row = Mapping[str, Any]


def opinion(folder: Path, bill: GoogleBill, names: Sequence[Labelled]) -> dict[Key, Sums]:
    """The rows that ``bill``, as it lies in ``folder``, must become."""
    table = f"gcp_billing_export_resource_v1_{bill.scope.replace('-', '_')}"
    return rows_of(
        _rows(folder / table),
        names,
        sku=lambda row: row["sku"]["description"],
        tags=_labels,
        key=_key,
        sums=_sums,
    )


def _rows(table: Path) -> Iterator[Row]:
    """Numbers as they are written: ``Decimal`` takes the text."""
    for file in sorted(table.iterdir()):
        for line in gzip.decompress(file.read_bytes()).decode("utf-8").splitlines():
            yield json.loads(line, parse_float=str)


def _labels(row: Row) -> dict[str, str]:
    """Labels with a value; the resource's before its project's."""
    found: dict[str, str] = {}
    for label in (*row["labels"], *row["project"]["labels"]):
        if label["value"]:
            found.setdefault(label["key"].lower(), label["value"])
    return found


def _kind(row: Row) -> str:
    if row["cost_type"] == "adjustment" and row["adjustment_info"]["type"] in GIVEN:
        return "credit"
    return KINDS.get(row["cost_type"], "adjustment")


def _key(row: Row, name: Labelled) -> Key:
    labels = _labels(row)
    tag = tagged(labels)
    customer = canonical(tag)
    return Key(
        date=date.fromisoformat(row["usage_start_time"][:10]),
        service=row["service"]["description"],
        sku_description=name.usage_type,
        model=name.model,
        token_type=name.token_type,
        usage_unit="tokens",
        customer_id=customer,
        project_id=labels.get("project", "untagged").strip(),
        customer_tag=tag,
        customer_key=key_of(customer),
        region=row["location"]["region"] or row["location"]["location"] or "global",
        account_id=row["project"]["id"],
        charge_type=_kind(row),
        billing_currency=row["currency"],
        sku_id=row["sku"]["id"],
        pricing_unit=row["usage"]["unit"],
        resource_id=row["resource"]["global_name"] or row["resource"]["name"] or None,
        invoice_id=None,
        billing_entity=row["seller_name"] or "Google",
    )


def _cost(row: Row) -> Decimal:
    return added([amount(row["cost"]), *(amount(each["amount"]) for each in row["credits"])])


def _sums(key: Key, rows: Sequence[Row]) -> Sums:
    quantity = added([amount(row["usage"]["amount"]) for row in rows])
    gross = [(row, amount(row["cost"])) for row in rows]
    listed = [(row, amount(row["cost_at_list"])) for row in rows if "cost_at_list" in row]
    return Sums(
        usage_amount=stored(quantity if key.charge_type == "usage" else Decimal(0)),
        cost_usd=_usd([(row, _cost(row)) for row in rows]),
        gross_cost_usd=Decimal(0) if key.charge_type == "credit" else _usd(gross),
        list_cost_usd=_usd(listed) if listed else None,
        billing_cost=stored(added([_cost(row) for row in rows])),
        pricing_quantity=stored(quantity),
    )


def _usd(amounts: Sequence[tuple[Row, Decimal]]) -> Decimal:
    """Lines of one rate together, at that rate to nine places."""
    by_rate: dict[Decimal, list[Decimal]] = defaultdict(list)
    for row, each in amounts:
        rate = Decimal(row["currency_conversion_rate"]).quantize(NANO)
        by_rate[rate].append(each)
    return added([converted(added(each), rate) for rate, each in by_rate.items()])
