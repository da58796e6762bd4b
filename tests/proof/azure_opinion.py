"""A second opinion on an Azure bill; see ``opinion``, which is about AWS's."""

import csv
import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from tests.proof.azure_bills import CHARGE_TYPES
from tests.proof.random_bills import RATES, Labelled, RandomBill
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

CUSTOMER_OF_GROUP: Mapping[str, str] = {"rg-customer-cust001-prod": "cust001"}
"""What the shipped rule for resource groups makes of those that are drawn."""


def opinion(folder: Path, bill: RandomBill, names: Sequence[Labelled]) -> dict[Key, Sums]:
    """The rows that ``bill``, as it lies in ``folder``, must become."""
    return rows_of(
        _lines(folder / "acme" / f"e{bill.scope}"),
        names,
        sku=lambda cells: cells["MeterName"],
        tags=_tags,
        key=_key,
        sums=_sums,
    )


def _lines(export: Path) -> Iterator[Mapping[str, str]]:
    for part in sorted(export.rglob("part_*")):
        data = part.read_bytes()
        text = gzip.decompress(data) if part.suffix == ".gz" else data
        yield from csv.DictReader(text.decode("utf-8").splitlines(keepends=True))


def _tags(cells: Mapping[str, str]) -> dict[str, str]:
    """Tags with a value by their key in small letters."""
    text = cells["Tags"]
    found: dict[str, str] = json.loads(text if text.startswith("{") else f"{{{text}}}")
    return {key.lower(): value for key, value in found.items() if value.strip()}


def _day(text: str) -> date:
    if "/" not in text:
        return date.fromisoformat(text)
    month, day, year = map(int, text.split("/"))
    return date(year, month, day)


def _key(cells: Mapping[str, str], name: Labelled) -> Key:
    tags = _tags(cells)
    tag = tagged(tags)
    customer = canonical(tag)
    if tag is None:
        customer = CUSTOMER_OF_GROUP.get(cells["ResourceGroup"], customer)
    return Key(
        date=_day(cells["Date"]),
        service=cells["MeterCategory"],
        sku_description=name.usage_type,
        model=name.model,
        token_type=name.token_type,
        usage_unit="tokens",
        customer_id=customer,
        project_id=tags.get("project", "untagged").strip(),
        customer_tag=tag,
        customer_key=key_of(customer),
        region=cells["ResourceLocation"] or "global",
        account_id=cells["SubscriptionId"].lower(),
        charge_type=CHARGE_TYPES[cells["ChargeType"]],
        billing_currency=cells["BillingCurrencyCode"],
        sku_id=cells["MeterId"] or None,
        pricing_unit=cells["UnitOfMeasure"],
        resource_id=cells["ResourceId"] or None,
        invoice_id=cells["InvoiceId"] or None,
        billing_entity="Microsoft",
    )


def _sums(key: Key, lines: Sequence[Mapping[str, str]]) -> Sums:
    cost = added([amount(cells["CostInBillingCurrency"]) for cells in lines])
    quantity = added([amount(cells["Quantity"]) for cells in lines])
    usd = _usd(key.billing_currency, lines, "CostInBillingCurrency", "CostInUsd") or Decimal(0)
    free = key.charge_type == "credit"
    return Sums(
        usage_amount=stored(quantity * THOUSAND if key.charge_type == "usage" else Decimal(0)),
        cost_usd=usd,
        gross_cost_usd=Decimal(0) if free else usd,
        list_cost_usd=_usd(
            key.billing_currency, lines, "PaygCostInBillingCurrency", "PaygCostInUsd"
        ),
        billing_cost=stored(cost),
        pricing_quantity=stored(quantity),
    )


def _usd(
    currency: str, lines: Sequence[Mapping[str, str]], column: str, in_usd: str
) -> Decimal | None:
    """In USD as the bill says it; the lines that do not say it together, by the site's rate."""
    if currency == "USD":
        amounts = [amount(cells[column]) for cells in lines if cells[column]]
        return stored(added(amounts)) if amounts else None
    said = [cells for cells in lines if cells["CostInUsd"]]
    others = [cells for cells in lines if not cells["CostInUsd"]]
    stated = [amount(cells[in_usd]) for cells in said if cells[in_usd]]
    local = [amount(cells[column]) for cells in others if cells[column]]
    parts = [stored(added(stated))] if stated else []
    parts += [converted(added(local), Decimal(RATES[currency]))] if local else []
    return added(parts) if parts else None
