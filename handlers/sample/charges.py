"""The truth: what was consumed, at which price, by whom. Renderers turn it into bill lines."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from handlers.record import ChargeType

ZERO = Decimal(0)


class Kind(StrEnum):
    """What a charge is to an AI cost report."""

    AI = "ai"
    OTHER = "other"
    PLATFORM = "platform"
    """Labelled ``managed-by=ai-cost-monitoring``: the platform's own cost, in no AI total."""
    LEFT_OUT = "left-out"
    """A service that reads like AI and that no rule takes in; in no AI total."""


@dataclass(frozen=True, slots=True)
class Sku:
    """A price list entry, in the words of its cloud.

    ``service`` is the product name, meter category or service description; ``group`` the product
    family or meter subcategory; ``name`` the usage type, meter name or SKU description. ``price``
    is USD per ``pricing_unit``, which holds ``block`` times ``unit``. ``model`` and ``token_type``
    are what a right catalog says of it, empty where it is not AI.
    """

    service: str
    service_id: str
    group: str
    name: str
    sku_id: str
    description: str
    unit: str
    pricing_unit: str
    block: Decimal
    price: Decimal
    mix: Decimal
    operation: str
    region: str
    seller: str
    model: str = ""
    token_type: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a charge arises and whose it truly is. ``tags`` have their plain keys."""

    account: str
    group: str
    resource: str
    tags: Mapping[str, str]
    customer: str
    kind: Kind
    repeat: str = ""
    reservation: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of a bill before it has a format.

    ``quantity`` is in the SKU's pricing unit. ``usd`` is exact, before conversion and rounding;
    ``effective_usd`` its amortised counterpart where a commitment makes it differ; ``credit_usd``
    what Google nests inside a line, zero or negative. ``period`` is the invoice month, ``hour``
    the first hour of an hourly line, UTC. ``late`` counts the days it was exported after its day.
    """

    day: date
    hour: int
    period: date
    sku: Sku
    place: Place
    quantity: Decimal
    usd: Decimal
    charge_type: ChargeType = ChargeType.USAGE
    credit_usd: Decimal = ZERO
    effective_usd: Decimal | None = None
    note: str = ""
    late: int = 0

    def scaled(self, share: Decimal) -> "Charge":
        """The same charge for ``share`` of the quantity."""
        return replace(
            self,
            quantity=self.quantity * share,
            usd=self.usd * share,
            credit_usd=self.credit_usd * share,
        )


def usage(day: date, period: date, sku: Sku, place: Place, quantity: Decimal) -> Charge:
    """A daily charge of ``quantity`` pricing units at the list price."""
    return Charge(day, 0, period, sku, place, quantity, quantity * sku.price)
