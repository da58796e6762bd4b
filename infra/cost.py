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
    """A list price: ``amount`` in USD for one ``unit``; ``free`` units a month are given away."""

    name: str
    title: str
    amount: Decimal
    unit: str
    free: Decimal
    date: date
    source: str


@dataclass(frozen=True)
class Usage:
    """How many units of ``price`` one resource of ``type`` uses a month, and why so many.

    ``where`` are inputs the resource must have.
    """

    type: str
    price: Price
    quantity: Decimal
    assumption: str
    where: Mapping[str, str]

    def applies(self, resource: Recorded) -> bool:
        """Is this usage one of the resource's?"""
        return resource.type == self.type and all(
            resource.inputs.get(name) == value for name, value in self.where.items()
        )


@dataclass(frozen=True)
class PriceList:
    """prices.toml, read: prices, usages, patterns of types that cost nothing, expected USD."""

    usages: Sequence[Usage]
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
    """What one component uses of one price, for one reason."""

    component: Recorded | None
    """None: what stands in no component."""
    usage: Usage
    resources: int

    @property
    def quantity(self) -> Decimal:
        """Units a month."""
        return self.usage.quantity * self.resources

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
        usages=[
            Usage(
                type=entry["type"],
                price=prices[entry["price"]],
                quantity=prod((Decimal(factor) for factor in entry["quantity"]), start=Decimal(1)),
                assumption=entry["assumption"],
                where=cast(dict[str, str], entry.get("where", {})),
            )
            for entry in content["usage"]
        ],
        free_types=[pattern for entry in content["nothing"] for pattern in entry["types"]],
        expected={
            int(phase): (Decimal(entry["low"]), Decimal(entry["high"]))
            for phase, entry in content["expected"].items()
        },
    )


def estimate(recording: Recording, prices: PriceList) -> Estimate:
    """What everything in ``recording`` costs a month."""
    by_urn = {resource.urn: resource for resource in recording.resources}
    counts: dict[tuple[str, int], int] = {}
    unknown: dict[str, int] = {}
    for resource in recording.resources:
        owner = component_of(resource, by_urn)
        for usage in prices.usages_of(resource):
            key = (owner.urn if owner else "", prices.usages.index(usage))
            counts[key] = counts.get(key, 0) + 1
        if not prices.is_known(resource):
            unknown[resource.type] = unknown.get(resource.type, 0) + 1
    items = [
        Item(component=by_urn.get(urn), usage=prices.usages[number], resources=count)
        for (urn, number), count in sorted(counts.items())
    ]
    return Estimate(items=items, allowances=_allowances(items), unknown=unknown)


def component_of(resource: Recorded, by_urn: Mapping[str, Recorded]) -> Recorded | None:
    """The innermost component that holds a resource; a component is its own."""
    current: Recorded | None = resource
    while current is not None and current.custom:
        current = by_urn.get(current.parent)
    return current


def _price(name: str, entry: Mapping[str, Any]) -> Price:
    return Price(
        name=name,
        title=entry["title"],
        amount=Decimal(entry["amount"]),
        unit=entry["unit"],
        free=Decimal(entry.get("free", "0")),
        date=entry["date"],
        source=entry["source"],
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
