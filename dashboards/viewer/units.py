"""Numbers as Grafana writes them: ``$107K``, ``12.5%``, ``1.23 Mil``.

``static/viewer.js`` holds the same rules for what the browser writes itself: axes and tooltips.
Both are tested against what ``@grafana/data`` 13.2.2 writes.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext

from dashboards.duckdb_source import Cell
from dashboards.viewer.frames import number

EXTRA_DIGIT_ABOVE = 2.25
"""Grafana writes one more digit where the leading digits are above this."""


@dataclass(frozen=True)
class Unit:
    """How a number is written: ``times`` it, scaled down by ``factor`` a ``step``."""

    prefix: str = ""
    steps: tuple[str, ...] = ("",)
    times: int = 1
    factor: int = 1000

    def as_json(self) -> dict[str, object]:
        """For the browser."""
        return asdict(self)


SHORT = ("", " K", " Mil", " Bil", " Tri", " Quadr", " Quint", " Sext", " Sept")
UNITS: Mapping[str, Unit] = {
    "none": Unit(),
    "short": Unit(steps=SHORT),
    "percentunit": Unit(times=100, steps=("%",)),
    "currencyUSD": Unit(prefix="$", steps=("", "K", "M", "B", "T")),
}
"""The units of numbers that the dashboards use, by Grafana's id."""


def write(value: Cell, unit: str, decimals: int | None, now: datetime) -> str:
    """A cell as a reader sees it; ``now`` is what "2 hours ago" counts from.

    Raises:
        KeyError: the viewer does not know that unit; a defect of ours.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return _ago(value, now) if unit == "dateTimeFromNow" else f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case int() | float() | Decimal() if unit != "string":
            return write_number(float(value), UNITS[unit], decimals)
        case _:
            return str(value)


def write_number(value: float, unit: Unit, decimals: int | None) -> str:
    """A number in a unit; without ``decimals`` as many digits as its size asks for."""
    amount = abs(value) if unit.prefix else value * unit.times
    step = 0
    if len(unit.steps) > 1 and amount:
        size = math.floor(math.log10(abs(amount)) / math.log10(unit.factor))
        step = max(0, min(size, len(unit.steps) - 1))
        amount /= unit.factor**step
    text = _fixed(amount, decimals)
    sign = "-" if unit.prefix and value < 0 else ""
    return f"{sign}{unit.prefix}{text}{unit.steps[step]}"


def exact(value: Cell, unit: str) -> str:
    """The whole amount: dollars to the cent, less than a dollar to nine places."""
    if number(value) is None:
        return "" if value is None else str(value)
    amount = Decimal(str(value))
    if unit == "percentunit":
        return f"{_rounded(amount * 100, 2):,f}%"
    if unit != "currencyUSD":
        return _bare(f"{amount:,f}")
    places = 2 if abs(amount) >= 1 else 9
    size = _bare(f"{_rounded(abs(amount), places):,f}", least=2)
    return f"{'-' if amount < 0 else ''}${size}"


def _rounded(amount: Decimal, places: int) -> Decimal:
    with localcontext(prec=60):
        return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _bare(digits: str, least: int = 0) -> str:
    """Without zeros at the end, but for the ``least`` places after the point."""
    whole, _, places = digits.partition(".")
    places = places.rstrip("0").ljust(least, "0")
    return f"{whole}.{places}" if places else whole


def _fixed(amount: float, decimals: int | None) -> str:
    digits = _decimals(amount) if decimals is None else decimals
    power = 10.0**digits
    return f"{math.floor(amount * power + 0.5) / power:.{digits}f}"


def _decimals(amount: float) -> int:
    if amount == 0 or amount == math.trunc(amount):
        return 0
    digits = 1 - math.floor(math.log10(abs(amount)))
    leading = abs(amount) / 10.0**-digits
    return max(0, digits + 1 if leading > EXTRA_DIGIT_ABOVE else digits)


def _ago(moment: datetime, now: datetime) -> str:
    """As https://momentjs.com/docs/#/displaying/fromnow/, which Grafana uses, says it."""
    seconds = (now - moment.replace(tzinfo=moment.tzinfo or UTC)).total_seconds()
    words = _length(abs(seconds))
    return f"in {words}" if seconds < 0 else f"{words} ago"


def _length(seconds: float) -> str:
    if seconds < LEAST_SECONDS:
        return "a few seconds"
    for length, one, many, fewer_than in LENGTHS:
        count = math.floor(seconds / length + 0.5)
        if count < fewer_than:
            return one if count <= 1 else f"{count} {many}"
    raise AssertionError("the last length has no end")


DAY = 86_400
LEAST_SECONDS = 44.5
LENGTHS = (
    (60, "a minute", "minutes", 45),
    (3_600, "an hour", "hours", 22),
    (DAY, "a day", "days", 26),
    (DAY * 30.4369, "a month", "months", 11),
    (DAY * 365.2425, "a year", "years", math.inf),
)
