"""What a recorded environment costs a month: prices.toml applied to what would be created."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from math import prod
from pathlib import Path
from typing import Any, cast

from infra.recording import Recorded, Recording


@dataclass(frozen=True)
class Price:
    """A list price: ``amount`` in USD for one ``unit``; ``free`` units a month are given away.

    ``verified`` says whether it was read on the vendor's own page.
    """

    name: str
    title: str
    amount: Decimal
    unit: str
    free: Decimal
    date: date
    source: str
    verified: bool


@dataclass(frozen=True)
class Usage:
    """How many units of ``price`` one resource of ``type`` uses a month, and why so many.

    ``where`` are inputs the resource must have; ``by`` is the input that the quantity is for each
    one of, empty for none.
    """

    type: str
    price: Price
    quantity: Decimal
    assumption: str
    where: Mapping[str, str]
    by: str = ""

    def units(self, resource: Recorded) -> Decimal:
        """Units a month of one resource."""
        return self.quantity * Decimal(str(resource.inputs[self.by])) if self.by else self.quantity

    def applies(self, resource: Recorded) -> bool:
        """Is this usage one of the resource's?"""
        return resource.type == self.type and all(
            resource.inputs.get(name) == value for name, value in self.where.items()
        )


@dataclass(frozen=True)
class PriceList:
    """prices.toml, read: prices, usages, patterns of types that cost nothing, expected USD."""

    usages: Sequence[Usage]
    what_if: Sequence[Usage]
    """What a mistake would use: never in a sum."""
    free_types: Sequence[str]
    expected: Mapping[int, tuple[Decimal, Decimal]]

    def usages_of(self, resource: Recorded) -> list[Usage]:
        """The usages of a resource; of those for the same type, the ones with ``where`` win."""
        found = [usage for usage in self.usages if usage.applies(resource)]
        return [usage for usage in found if usage.where] or found

    def is_known(self, resource: Recorded) -> bool:
        """Is the resource priced, or known to cost nothing?"""
        return bool(self.usages_of(resource)) or any(
            fnmatchcase(resource.type, pattern) for pattern in self.free_types
        )


@dataclass(frozen=True)
class Item:
    """What one component uses of one price, for one reason; ``quantity`` in units a month."""

    component: Recorded | None
    """None: what stands in no component."""
    usage: Usage
    quantity: Decimal

    @property
    def usd(self) -> Decimal:
        """USD a month, before anything that is given away."""
        return self.quantity * self.usage.price.amount


@dataclass(frozen=True)
class Allowance:
    """What a vendor gives away each month of one price, as far as it is used."""

    price: Price
    quantity: Decimal

    @property
    def usd(self) -> Decimal:
        """USD a month that are not paid."""
        return self.quantity * self.price.amount


@dataclass(frozen=True)
class Estimate:
    """A month's cost in USD at list prices."""

    items: Sequence[Item]
    allowances: Sequence[Allowance]
    unknown: Mapping[str, int]
    """Type tokens that have no price, with how many there are: they count as nothing."""

    @property
    def gross(self) -> Decimal:
        """The sum of the items."""
        return sum((item.usd for item in self.items), Decimal(0))

    @property
    def total(self) -> Decimal:
        """The items less what is given away."""
        return self.gross - sum((one.usd for one in self.allowances), Decimal(0))

    def of(self, component: Recorded) -> Decimal:
        """What one component's own items cost, before anything that is given away."""
        mine = (item.usd for item in self.items if item.component == component)
        return sum(mine, Decimal(0))


def read_prices(file: Path | None = None) -> PriceList:
    """The prices that are shipped, or those of another file of the same shape."""
    path = file or Path(__file__).with_name("prices.toml")
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    prices = {name: _price(name, entry) for name, entry in content["price"].items()}
    return PriceList(
        usages=[_usage(entry, prices) for entry in content["usage"]],
        what_if=[_usage(entry, prices) for entry in content.get("what_if", [])],
        free_types=[pattern for entry in content["nothing"] for pattern in entry["types"]],
        expected={
            int(phase): (Decimal(entry["low"]), Decimal(entry["high"]))
            for phase, entry in content["expected"].items()
        },
    )


def estimate(recording: Recording, prices: PriceList) -> Estimate:
    """What everything in ``recording`` costs a month."""
    by_urn = {resource.urn: resource for resource in recording.resources}
    used: dict[tuple[str, int], Decimal] = {}
    unknown: dict[str, int] = {}
    for resource in recording.resources:
        owner = component_of(resource, by_urn)
        for usage in prices.usages_of(resource):
            key = (owner.urn if owner else "", prices.usages.index(usage))
            used[key] = used.get(key, Decimal(0)) + usage.units(resource)
        if not prices.is_known(resource):
            unknown[resource.type] = unknown.get(resource.type, 0) + 1
    items = [
        Item(component=by_urn.get(urn), usage=prices.usages[number], quantity=quantity)
        for (urn, number), quantity in sorted(used.items())
    ]
    return Estimate(items=items, allowances=_allowances(items), unknown=unknown)


def mistakes(recording: Recording, prices: PriceList) -> list[tuple[str, Decimal]]:
    """What could go wrong with these resources, and the USD a month that it would cost."""
    return [
        (usage.assumption, usage.units(resource) * usage.price.amount)
        for usage in prices.what_if
        for resource in recording.resources
        if usage.applies(resource)
    ]


def component_of(resource: Recorded, by_urn: Mapping[str, Recorded]) -> Recorded | None:
    """The innermost component that holds a resource; a component is its own."""
    current: Recorded | None = resource
    while current is not None and current.custom:
        current = by_urn.get(current.parent)
    return current


def _usage(entry: Mapping[str, Any], prices: Mapping[str, Price]) -> Usage:
    return Usage(
        type=entry["type"],
        price=prices[entry["price"]],
        quantity=prod((Decimal(factor) for factor in entry["quantity"]), start=Decimal(1)),
        assumption=entry["assumption"],
        where=cast(dict[str, str], entry.get("where", {})),
        by=entry.get("by", ""),
    )


def _price(name: str, entry: Mapping[str, Any]) -> Price:
    return Price(
        name=name,
        title=entry["title"],
        amount=Decimal(entry["amount"]),
        unit=entry["unit"],
        free=Decimal(entry.get("free", "0")),
        date=entry["date"],
        source=entry["source"],
        verified=entry.get("verified", True),
    )


def _allowances(items: Iterable[Item]) -> list[Allowance]:
    used: dict[str, Decimal] = {}
    prices: dict[str, Price] = {}
    for item in items:
        price = item.usage.price
        prices[price.name] = price
        used[price.name] = used.get(price.name, Decimal(0)) + item.quantity
    return [
        Allowance(price=prices[name], quantity=min(quantity, prices[name].free))
        for name, quantity in used.items()
        if prices[name].free
    ]
