"""Customers, scopes, workloads and rates: ``world.toml`` and ``workloads.toml`` as objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from handlers.record import UNTAGGED
from handlers.sample.charges import Kind
from handlers.sample.days import Days
from handlers.sample.tables import document

FRIDAY = 4


@dataclass(frozen=True)
class Customer:
    """A customer of the site data; ``since`` and ``until`` are named days, ``until`` excluded."""

    id: str
    name: str
    aliases: tuple[str, ...]
    since: str = ""
    until: str = ""


@dataclass(frozen=True)
class AttributionMap:
    """How a line that no tag names gets its customer (``[[map]]`` of the site data)."""

    match: str
    exact: str = ""
    regex: str = ""
    customer: str = ""
    cloud: str = ""
    since: str = ""
    until: str = ""

    def holds(self, day: date, days: Days) -> bool:
        """Whether the map is valid on ``day``."""
        return (not self.since or days.named(self.since) <= day) and (
            not self.until or day < days.named(self.until)
        )


@dataclass(frozen=True)
class Scope:
    """Whose bill, in which format.

    ``usd`` says where a bill's USD come from: ``same`` (the bill is in USD), ``column`` (a USD
    column), ``line`` (a rate in every line) or ``rates`` (the site's rates). ``background`` is the
    number of resources that are not AI.
    """

    name: str
    cloud: str
    id: str
    title: str
    format: str
    currency: str
    usd: str
    digits: int
    background: int
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class Workload:
    """AI consumption of one customer; see ``workloads.toml`` for the fields."""

    scope: str
    name: str
    family: str
    units: Decimal
    customer: str
    tags: Mapping[str, str]
    account: str = ""
    group: str = ""
    resource: str = ""
    growth: int = 0
    steady: bool = False
    hours: int = 1
    kind: Kind = Kind.AI
    since: str = "start"
    until: str = ""
    then: str = ""
    at: str = ""
    discount: int = 0
    promotion: int = 0
    repeat: str = ""
    reservation: str = ""


@dataclass(frozen=True)
class Spike:
    """``factor`` times the usual on ``days`` days, the last of them a working day."""

    workload: str
    days_before_end: int
    days: int
    factor: int
    expected: str = ""

    def dates(self, days: Days) -> tuple[date, ...]:
        """The days of the spike: at least ``days_before_end`` before the sample's last."""
        last = days.end - timedelta(days=self.days_before_end)
        last -= timedelta(days=max(0, last.weekday() - FRIDAY))
        return tuple(last - timedelta(days=back) for back in range(self.days))


@dataclass(frozen=True)
class World:
    """Everything the sample follows from, but for the seed."""

    customers: tuple[Customer, ...]
    maps: tuple[AttributionMap, ...]
    scopes: tuple[Scope, ...]
    workloads: tuple[Workload, ...]
    spikes: tuple[Spike, ...]
    site_rates: Mapping[str, tuple[Decimal, ...]]
    billed_rates: Mapping[str, tuple[Decimal, ...]]

    def spikes_of(self, workload: Workload) -> tuple[Spike, ...]:
        """The spikes of a workload."""
        return tuple(spike for spike in self.spikes if spike.workload == workload.name)

    def account_customer(self, account: str, day: date, days: Days) -> str:
        """Whose an account is on a day when nothing but the account says so."""
        for entry in self.maps:
            if entry.match == "account" and entry.exact == account and entry.holds(day, days):
                return entry.customer
        return UNTAGGED


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {"from": "since"}
    return {renamed.get(key, key): value for key, value in row.items()}


def _customer(row: Mapping[str, Any]) -> Customer:
    values = _named(row)
    values["aliases"] = tuple(row["aliases"])
    return Customer(**values)


def _scope(row: Mapping[str, Any]) -> Scope:
    values = dict(row)
    values["accounts"] = tuple(row["accounts"])
    return Scope(**values)


def _workload(row: Mapping[str, Any], accounts: Mapping[str, tuple[str, ...]]) -> Workload:
    values = _named(row)
    values["units"] = Decimal(str(row["units"]))
    values["kind"] = Kind(row.get("kind", Kind.AI))
    values.setdefault("account", accounts[row["scope"]][0])
    return Workload(**values)


def _rates(table: Mapping[str, list[str]]) -> dict[str, tuple[Decimal, ...]]:
    return {currency: tuple(map(Decimal, months)) for currency, months in table.items()}


def load() -> World:
    """Read the description of the world."""
    world = document("world.toml")
    scopes = tuple(_scope(row) for row in world["scope"])
    accounts = {scope.name: scope.accounts for scope in scopes}
    return World(
        customers=tuple(_customer(row) for row in world["customer"]),
        maps=tuple(AttributionMap(**_named(row)) for row in world["map"]),
        scopes=scopes,
        workloads=tuple(_workload(row, accounts) for row in document("workloads.toml")["workload"]),
        spikes=tuple(Spike(**row) for row in world["spike"]),
        site_rates=_rates(world["rates"]),
        billed_rates=_rates(world["billed_rates"]),
    )
