"""A second opinion on an AWS bill: one line after the other, in Decimal, without an engine.

Deliberately plain and slow. It shares no code with the collector; what it knows of charge types,
tags, aliases and rates is written in ``random_bills`` and here, by hand.
"""

import csv
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from tests.proof.random_bills import LINE_TYPES, RATES, Labelled, RandomBill
from tests.proof.rows import (
    THOUSAND,
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


def opinion(folder: Path, bill: RandomBill, names: Sequence[Labelled]) -> dict[Key, Sums]:
    """The rows that ``bill``, as it lies in ``folder``, must become."""
    return rows_of(
        _lines(folder / bill.scope),
        names,
        sku=lambda cells: cells["line_item_usage_type"],
        tags=_tags,
        key=_key,
        sums=_sums,
    )


def _lines(export: Path) -> Iterator[Mapping[str, str]]:
    for part in sorted(export.rglob("*.csv.gz")):
        with gzip.open(part, "rt", encoding="utf-8", newline="") as stream:
            yield from csv.DictReader(stream)


def _tags(cells: Mapping[str, str]) -> dict[str, str]:
    """Tags with a value by their key in small letters, without AWS's own prefix."""
    found: dict[str, str] = json.loads(cells["resource_tags"] or "{}")
    return {key.removeprefix("user_").lower(): text for key, text in found.items() if text.strip()}


def _key(cells: Mapping[str, str], name: Labelled) -> Key:
    tags = _tags(cells)
    tag = tagged(tags)
    customer = canonical(tag)
    return Key(
        date=date.fromisoformat(cells["line_item_usage_start_date"][:10]),
        service=json.loads(cells["product"])["product_name"],
        sku_description=name.usage_type,
        model=name.model,
        token_type=name.token_type,
        usage_unit="tokens",
        customer_id=customer,
        project_id=tags.get("project", "untagged").strip(),
        customer_tag=tag,
        customer_key=key_of(customer),
        region=cells["product_region_code"] or "global",
        account_id=cells["line_item_usage_account_id"],
        charge_type=LINE_TYPES[cells["line_item_line_item_type"]],
        billing_currency=cells["line_item_currency_code"],
        sku_id=cells["product_sku"] or None,
        pricing_unit=cells["pricing_unit"] or None,
        resource_id=cells["line_item_resource_id"] or None,
        invoice_id=cells["bill_invoice_id"] or None,
        billing_entity=cells["bill_billing_entity"] or None,
    )


def _sums(key: Key, lines: Sequence[Mapping[str, str]]) -> Sums:
    costs = [
        amount(cells["line_item_net_unblended_cost"] or cells["line_item_unblended_cost"])
        for cells in lines
    ]
    cost = added(costs)
    quantity = added([amount(cells["line_item_usage_amount"]) for cells in lines])
    listed = [cells["pricing_public_on_demand_cost"] for cells in lines]
    usd = _usd(cost, key.billing_currency)
    return Sums(
        usage_amount=stored(quantity * THOUSAND if key.charge_type == "usage" else Decimal(0)),
        cost_usd=usd,
        gross_cost_usd=Decimal(0) if key.charge_type == "credit" else usd,
        list_cost_usd=_usd(added([amount(text) for text in listed if text]), key.billing_currency)
        if any(listed)
        else None,
        billing_cost=stored(cost),
        pricing_quantity=stored(quantity),
    )


def _usd(amount: Decimal, currency: str) -> Decimal:
    return stored(amount) if currency == "USD" else converted(amount, Decimal(RATES[currency]))
