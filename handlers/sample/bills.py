"""A bill: the charges of one scope and invoice month, and the amounts it prints for them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from handlers.sample.background import other_charges
from handlers.sample.charges import Charge, Kind
from handlers.sample.days import Days, month_before, month_of
from handlers.sample.special import aws_extras, azure_extras, gcp_extras, tax
from handlers.sample.usage import ai_charges
from handlers.sample.world import Scope, World

ONE = Decimal(1)
FIRST_LOOK = Decimal("0.9")
"""What share of a day's AI usage the first version of a restated month had seen."""
UNSEEN_DAYS = 2


@dataclass(frozen=True, slots=True)
class Printed:
    """The amounts of one line as the file says them.

    ``cost`` is in the bill's currency, credits included; ``credits`` the nested ones in it;
    ``usd`` the bill's own USD column; ``effective`` the amortised cost in the bill's currency.
    """

    cost: Decimal
    credits: Decimal = Decimal(0)
    usd: Decimal | None = None
    effective: Decimal | None = None
    effective_usd: Decimal | None = None


@dataclass(frozen=True)
class Bill:
    """The charges of one scope and invoice month.

    ``charges`` are those that count; ``superseded`` an earlier version of the same month, if the
    folder holds one. ``rate`` is what the cloud converts at, in units of currency per USD.
    """

    scope: Scope
    period: date
    days: Days
    rate: Decimal
    charges: Sequence[Charge]
    superseded: Sequence[Charge] = ()

    @property
    def last_day(self) -> date:
        """The last day the bill covers."""
        return min(self.days.end, _last_of(self.period))

    @property
    def closed(self) -> bool:
        """Whether the month is over."""
        return self.days.end > _last_of(self.period)

    def money(self, usd: Decimal) -> Decimal:
        """An amount in the bill's currency with the digits the bill prints."""
        return rounded(usd * self.rate, self.scope.digits)

    def printed(self, charge: Charge) -> Printed:
        """The amounts a bill with decimal columns prints."""
        digits = self.scope.digits
        cost = self.money(charge.usd)
        effective = charge.usd if charge.effective_usd is None else charge.effective_usd
        if self.scope.usd != "column":
            return Printed(cost)
        return Printed(
            cost,
            usd=rounded(charge.usd, digits),
            effective=self.money(effective),
            effective_usd=rounded(effective, digits),
        )


_QUANTA = {digits: ONE.scaleb(-digits) for digits in range(19)}


def rounded(amount: Decimal, digits: int) -> Decimal:
    """``amount`` rounded half away from zero."""
    return amount.quantize(_QUANTA[digits], ROUND_HALF_UP)


def _last_of(month: date) -> date:
    return (month_of(month + timedelta(days=31))) - timedelta(days=1)


def month_rate(rates: Sequence[Decimal], month: date) -> Decimal:
    """The rate of a month in a table of twelve."""
    return rates[month.month - 1]


def _scope_charges(world: World, scope: Scope, days: Days, seed: int) -> Iterator[Charge]:
    ai = list(ai_charges(world, scope, days, seed))
    yield from ai
    yield from other_charges(scope, days, seed)
    if scope.cloud == "AWS":
        if scope.name == "aws-a":
            yield from tax(world, days, ai)
        yield from aws_extras(scope, days)
    elif scope.cloud == "Azure":
        yield from azure_extras(scope, days)
    else:
        yield from gcp_extras(scope, days, ai)


def first_version(charges: Iterable[Charge], last: date) -> list[Charge]:
    """What the bill said before it was restated: its last days missing, AI usage undercounted."""
    seen = last - timedelta(days=UNSEEN_DAYS)
    return [
        charge.scaled(FIRST_LOOK) if charge.place.kind is Kind.AI else charge
        for charge in charges
        if charge.day <= seen
    ]


def billed_rate(world: World, scope: Scope, period: date) -> Decimal:
    """What the cloud converts a scope's prices at in an invoice month."""
    if scope.currency == "USD":
        return ONE
    return month_rate(world.billed_rates[scope.currency], period)


def site_rate(world: World, currency: str, period: date, days: Days) -> Decimal:
    """The rate a collector uses: the month's own, or the one before while that is missing."""
    if currency == "USD":
        return ONE
    known = month_before(period) if period == month_of(days.end) else period
    return month_rate(world.site_rates[currency], known)


def bills(world: World, scope: Scope, days: Days, seed: int) -> Iterator[Bill]:
    """A scope's bills, oldest first; lines in the order of their days."""
    months: dict[date, list[Charge]] = {}
    for charge in _scope_charges(world, scope, days, seed):
        months.setdefault(charge.period, []).append(charge)
    for period in sorted(months):
        charges = sorted(months[period], key=_order)
        restated = period == days.restated and len(days.months) > 1
        yield Bill(
            scope=scope,
            period=period,
            days=days,
            rate=billed_rate(world, scope, period),
            charges=charges,
            superseded=first_version(charges, _last_of(period)) if restated else (),
        )


def _order(charge: Charge) -> tuple[date, int]:
    return charge.day, charge.hour


def plain_text(number: Decimal) -> str:
    """A number without exponent and without trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") or "0" if "." in text else text
