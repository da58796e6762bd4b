"""rates.csv: how many units of a currency one US dollar buys, month by month."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from handlers.errors import RateMissing
from handlers.site.cells import Cells
from handlers.site.csv_rows import Layout, read_rows
from handlers.site.problems import Problem, at_row, shown
from handlers.site.values import CURRENCY_FORM, is_currency, month_text, months_after

RATES = Layout("rates.csv", ("currency", "month", "rate"), ("currency", "month", "rate"))

DOLLAR = "USD"

OLDEST_MONTHS = 2
"""A rate of up to this many months before may stand in, provisionally, for a month's own."""


@dataclass(frozen=True)
class MonthlyRate:
    """One row: ``rate`` units of ``currency`` are one US dollar in ``month`` (its first day)."""

    currency: str
    month: date
    rate: Decimal


@dataclass(frozen=True)
class Rate:
    """The rate to divide by: cost / ``value`` = US dollars.

    ``month`` is the month the rate is of; ``provisional`` says that it is not the month asked for.
    """

    value: Decimal
    month: date
    provisional: bool


@dataclass(frozen=True)
class Rates:
    """Every rate of the site."""

    monthly: tuple[MonthlyRate, ...] = ()

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies that have a rate, in alphabetical order; the dollar needs none."""
        return tuple(sorted({each.currency for each in self.monthly}))

    def rate(self, currency: str, period: date) -> Rate:
        """The rate of ``currency`` for the billing period that ``period`` is a day of.

        The month's own rate, else the last one before it, provisionally. Raises ``RateMissing``
        when there is none or it is older than two months.
        """
        month = period.replace(day=1)
        if currency == DOLLAR:
            return Rate(Decimal(1), month, provisional=False)
        own = [each for each in self.monthly if each.currency == currency and each.month <= month]
        latest = max(own, key=lambda each: each.month, default=None)
        if latest is None or months_after(latest.month, OLDEST_MONTHS) < month:
            raise RateMissing(_missing(currency, month, latest))
        return Rate(latest.rate, latest.month, provisional=latest.month != month)


def _missing(currency: str, month: date, latest: MonthlyRate | None) -> str:
    wanted = month_text(month)
    if not is_currency(currency):
        return (
            f"No rate for the currency {shown(currency)} of a bill of {wanted}; allowed:"
            f" {CURRENCY_FORM}. Check the bill's currency column."
        )
    reason = (
        f"{RATES.file} has no rate of it for that month or one before it"
        if latest is None
        else f"the last one in {RATES.file} is of {month_text(latest.month)}, more than"
        f" {OLDEST_MONTHS} months older"
    )
    return (
        f"No rate for {currency} in {wanted}: {reason}. Add this line to {RATES.file} of the site"
        f" folder: {currency},{wanted},RATE (RATE = units of {currency} for 1 {DOLLAR}, such as"
        " 0.92)."
    )


def parse_rates(content: bytes | None, problems: list[Problem]) -> Rates:
    """The rates of the file; what is wrong goes to ``problems``."""
    rates: list[MonthlyRate] = []
    rows: dict[tuple[str, date], int] = {}
    for row in read_rows(RATES, content, problems):
        cells = Cells(row, problems)
        currency = cells.currency("currency")
        month = cells.month("month")
        rate = cells.positive_amount("rate")
        if currency == DOLLAR:
            allowed = "any currency but the dollar, whose rate is always 1"
            cells.refuse("currency", DOLLAR, allowed, "delete the row.")
        if not cells.valid or month is None or rate is None:
            continue
        first = rows.setdefault((currency, month), row.number)
        if first != row.number:
            problems.append(
                Problem(
                    at_row(RATES.file, row.number),
                    f"a second rate for {currency} in {month_text(month)}, after row {first}",
                    "one rate for each currency and month",
                    "delete one of the two rows.",
                )
            )
        rates.append(MonthlyRate(currency, month, rate))
    return Rates(tuple(rates))


def rates_in_force(rates: Rates, period: date) -> Iterator[tuple[str, Rate]]:
    """Each currency that has a usable rate for ``period``, with that rate."""
    for currency in rates.currencies:
        try:
            yield currency, rates.rate(currency, period)
        except RateMissing:
            continue
