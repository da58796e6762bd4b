"""What every second opinion makes: rows and their sums, in Decimal, by plain arithmetic."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple, TypeVar

from tests.proof.random_bills import ALIASES, PLATFORM, Labelled

Line = TypeVar("Line")

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


def rows_of(
    lines: Iterable[Line],
    names: Sequence[Labelled],
    *,
    sku: Callable[[Line], str],
    tags: Callable[[Line], Mapping[str, str]],
    key: Callable[[Line, Labelled], Key],
    sums: Callable[[Key, Sequence[Line]], Sums],
) -> dict[Key, Sums]:
    """The rows of the lines whose SKU has a name, without this product's own."""
    known = {name.usage_type: name for name in names}
    found: dict[Key, list[Line]] = defaultdict(list)
    for line in lines:
        name = known.get(sku(line))
        if name is not None and not is_platform(tags(line)):
            found[key(line, name)].append(line)
    return {one: sums(one, same) for one, same in found.items()}


def is_platform(tags: Mapping[str, str]) -> bool:
    """Whether the line, by its tags under small letters, is of this product itself."""
    return PLATFORM in (tags.get("managed_by"), tags.get("managed-by"))


def tagged(tags: Mapping[str, str]) -> str | None:
    """The value of the first tag that names a customer."""
    return next((tags[key] for key in CUSTOMER_TAGS if key in tags), None)


def canonical(tag: str | None) -> str:
    """The customer that a tag means."""
    if tag is None:
        return "untagged"
    name = tag.strip()
    names = {**ALIASES, **{customer: customer for customer in ALIASES.values()}}
    folded = {spelling.lower(): customer for spelling, customer in names.items()}
    return names.get(name) or folded.get(name.lower()) or name


def key_of(customer: str) -> str:
    """What filters carry for the customer."""
    return hashlib.sha256(customer.encode()).hexdigest()[:16]


def amount(text: str) -> Decimal:
    """To eighteen places, as a line keeps it."""
    assert re.fullmatch(r"-?[0-9.]+([eE]-?[0-9]+)?", text), text
    return Decimal(text).quantize(LINE, context=EXACT)


def added(amounts: Sequence[Decimal]) -> Decimal:
    """Their sum, exact."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def stored(amount: Decimal) -> Decimal:
    """To nine places, half away from zero."""
    return amount.quantize(NANO, context=EXACT)


def converted(amount: Decimal, rate: Decimal) -> Decimal:
    """What is stored of ``amount`` in USD, divided by the rate and rounded once more."""
    return stored(EXACT.divide(stored(amount), rate))
