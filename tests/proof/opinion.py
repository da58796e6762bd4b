"""A second opinion on an AWS bill: one line after the other, in Decimal, without an engine.

Deliberately plain and slow. It shares no code with the collector; what it knows of charge types,
tags, aliases and rates is written in ``random_bills`` and here, by hand.
"""

import csv
import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from pathlib import Path
from typing import NamedTuple

from tests.proof.random_bills import (
    ALIASES,
    LINE_TYPES,
    PLATFORM,
    RATES,
    Labelled,
    RandomBill,
)

EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
NANO = Decimal("1e-9")
LINE = Decimal("1e-18")
THOUSAND = Decimal(1000)
CUSTOMER_TAGS = ("customer_id", "customer", "tenant")


class Key(NamedTuple):
    """What makes two lines one row; the catalog's own ids and the load's are left out."""

    date: date
    service: str
    sku_description: str
    model: str
    token_type: str
    usage_unit: str
    customer_id: str
    project_id: str
    customer_tag: str | None
    customer_key: str
    region: str
    account_id: str
    charge_type: str
    billing_currency: str
    sku_id: str | None
    pricing_unit: str | None
    resource_id: str | None
    invoice_id: str | None
    billing_entity: str | None


class Sums(NamedTuple):
    """The amounts of a row, each exact to a nano-unit."""

    usage_amount: Decimal
    cost_usd: Decimal
    gross_cost_usd: Decimal
    list_cost_usd: Decimal | None
    billing_cost: Decimal
    pricing_quantity: Decimal


def opinion(folder: Path, bill: RandomBill, names: Sequence[Labelled]) -> dict[Key, Sums]:
    """The rows that ``bill``, as it lies in ``folder``, must become."""
    known = {name.usage_type: name for name in names}
    found: dict[Key, list[Mapping[str, str]]] = defaultdict(list)
    for cells in _lines(folder / bill.scope):
        name = known.get(cells["line_item_usage_type"])
        if name is not None and not _is_platform(cells):
            found[_key(cells, name)].append(cells)
    return {key: _sums(key, lines) for key, lines in found.items()}


def _lines(export: Path) -> Iterator[Mapping[str, str]]:
    for part in sorted(export.rglob("*.csv.gz")):
        with gzip.open(part, "rt", encoding="utf-8", newline="") as stream:
            yield from csv.DictReader(stream)


def _tags(cells: Mapping[str, str]) -> dict[str, str]:
    """Tags with a value by their key in small letters, without AWS's own prefix."""
    found: dict[str, str] = json.loads(cells["resource_tags"] or "{}")
    return {key.removeprefix("user_").lower(): text for key, text in found.items() if text.strip()}


def _is_platform(cells: Mapping[str, str]) -> bool:
    return _tags(cells).get("managed_by") == PLATFORM


def _key(cells: Mapping[str, str], name: Labelled) -> Key:
    tags = _tags(cells)
    tag = next((tags[key] for key in CUSTOMER_TAGS if key in tags), None)
    customer = _canonical(tag)
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
        customer_key=hashlib.sha256(customer.encode()).hexdigest()[:16],
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


def _canonical(tag: str | None) -> str:
    if tag is None:
        return "untagged"
    name = tag.strip()
    names = {**ALIASES, **{customer: customer for customer in ALIASES.values()}}
    folded = {spelling.lower(): customer for spelling, customer in names.items()}
    return names.get(name) or folded.get(name.lower()) or name


def _sums(key: Key, lines: Sequence[Mapping[str, str]]) -> Sums:
    costs = [
        _amount(cells["line_item_net_unblended_cost"] or cells["line_item_unblended_cost"])
        for cells in lines
    ]
    cost = _added(costs)
    quantity = _added([_amount(cells["line_item_usage_amount"]) for cells in lines])
    listed = [cells["pricing_public_on_demand_cost"] for cells in lines]
    usd = _usd(cost, key.billing_currency)
    return Sums(
        usage_amount=_stored(quantity * THOUSAND if key.charge_type == "usage" else Decimal(0)),
        cost_usd=usd,
        gross_cost_usd=Decimal(0) if key.charge_type == "credit" else usd,
        list_cost_usd=_usd(_added([_amount(text) for text in listed if text]), key.billing_currency)
        if any(listed)
        else None,
        billing_cost=_stored(cost),
        pricing_quantity=_stored(quantity),
    )


def _amount(text: str) -> Decimal:
    """To eighteen places, as a line keeps it."""
    assert re.fullmatch(r"-?[0-9.]+([eE]-?[0-9]+)?", text), text
    return Decimal(text).quantize(LINE, context=EXACT)


def _added(amounts: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _stored(amount: Decimal) -> Decimal:
    return amount.quantize(NANO, context=EXACT)


def _usd(amount: Decimal, currency: str) -> Decimal:
    """What is stored of ``amount``, divided by the rate and rounded once more."""
    if currency == "USD":
        return _stored(amount)
    return _stored(EXACT.divide(_stored(amount), Decimal(RATES[currency])))
