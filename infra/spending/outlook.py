"""An estimate by a profile of use: what drives it, and what other ways to build would cost."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.resources import files
from math import prod
from typing import Any

from infra.cost import Estimate, PriceList


@dataclass(frozen=True)
class Profile:
    """How much an environment is used: a factor for the usages of some prices."""

    name: str
    title: str
    factors: Mapping[str, Decimal]

    def applied(self, prices: PriceList) -> PriceList:
        """The price list with its usages as this profile has them."""
        return replace(
            prices,
            usages=[
                replace(usage, quantity=usage.quantity * self.factors.get(usage.price.name, 1))
                for usage in prices.usages
            ],
        )


@dataclass(frozen=True)
class Driver:
    """What one price comes to a month in USD, less what the vendor gives away."""

    price: str
    title: str
    usd: Decimal


@dataclass(frozen=True)
class Alternative:
    """Another way to build a part: what it would cost a month in USD, and what comes with it."""

    title: str
    replaces: Sequence[str]
    """Names of prices."""
    usd: Decimal
    but: str
    source: str

    def difference(self, found: Sequence[Driver]) -> Decimal | None:
        """USD a month more than now, or less; None where nothing of what it replaces is there."""
        now = [driver.usd for driver in found if driver.price in self.replaces]
        return self.usd - sum(now, Decimal(0)) if now else None


def profiles() -> Mapping[str, Profile]:
    """Those of ``profiles.toml``, by name."""
    return {
        name: Profile(
            name=name,
            title=entry["title"],
            factors={price: Decimal(factor) for price, factor in entry["factors"].items()},
        )
        for name, entry in _content("profiles.toml").items()
    }


def alternatives() -> list[Alternative]:
    """Those of ``alternatives.toml``."""
    return [
        Alternative(
            title=entry["title"],
            replaces=entry["replaces"],
            usd=prod((Decimal(each) for each in entry["quantity"]), start=Decimal(entry["amount"])),
            but=entry["but"],
            source=entry["source"],
        )
        for entry in _content("alternatives.toml")["alternative"]
    ]


def drivers(found: Estimate) -> list[Driver]:
    """What each price comes to, the dearest first."""
    usd: dict[str, Decimal] = {}
    titles: dict[str, str] = {}
    for item in found.items:
        price = item.usage.price
        titles[price.name] = price.title
        usd[price.name] = usd.get(price.name, Decimal(0)) + item.usd
    for given in found.allowances:
        usd[given.price.name] -= given.usd
    return sorted(
        (Driver(name, titles[name], amount) for name, amount in usd.items()),
        key=lambda driver: (-driver.usd, driver.price),
    )


def _content(name: str) -> Mapping[str, Any]:
    return tomllib.loads(files("infra.spending").joinpath(name).read_text(encoding="utf-8"))
