"""Which rows of the fact table a question is about, and by which dimensions it is answered.

Names come from the record, values are bound: nothing a caller writes becomes part of the SQL.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from handlers.errors import UsageError
from handlers.record import KEYS, ChargeType

DIMENSIONS: Mapping[str, str] = {
    **{column.name: column.name for column in KEYS},
    "month": "strftime(date, '%Y-%m')",
}
"""Dimensions and their SQL: what identifies a row, and ``month``, the month of usage."""

CONSUMPTION = (ChargeType.USAGE, ChargeType.DISCOUNT)
"""What unit prices and trends are about; credits, refunds, purchases, fees and tax are not."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Selection:
    """Rows whose dimensions have one of the given values, on the days from first to last.

    A dimension without values is not looked at. ``prefixes`` are beginnings of values, ``exact``
    columns of the record that have that one value, or none where it is None.
    """

    values: Mapping[str, Sequence[object]] = field(default_factory=dict[str, Sequence[object]])
    prefixes: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    first: date | None = None
    last: date | None = None
    exact: Mapping[str, object] = field(default_factory=dict[str, object])

    def where(self) -> tuple[str, list[object]]:
        """A condition over the record's columns and the values of its ``?``, in order."""
        tests: list[str] = []
        bound: list[object] = []
        for name, values in self.values.items():
            if values:
                tests.append(f"{DIMENSIONS[name]} IN ({', '.join('?' * len(values))})")
                bound += [str(v) if isinstance(v, str) else v for v in values]
        for name, beginnings in self.prefixes.items():
            if beginnings:
                starts = [f"starts_with({DIMENSIONS[name]}, ?)" for _ in beginnings]
                tests.append(f"({' OR '.join(starts)})")
                bound += beginnings
        for name, value in self.exact.items():
            tests.append(f"{DIMENSIONS[name]} IS NOT DISTINCT FROM ?")
            bound.append(value)
        for sign, day in ((">=", self.first), ("<=", self.last)):
            if day is not None:
                tests.append(f"date {sign} ?")
                bound.append(day)
        return " AND ".join(tests) or "TRUE", bound


def dimension(name: str) -> str:
    """``name`` if it is a dimension.

    Raises:
        UsageError: it is not; the message lists those that are.
    """
    if name not in DIMENSIONS:
        raise UsageError(f"'{name}' is not a dimension. Allowed: {', '.join(DIMENSIONS)}.")
    return name


def parse_day(text: str) -> date:
    """``2026-11-20`` as a day; UsageError when it is not one."""
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"'{text}' is not a day: write it as YYYY-MM-DD, like 2026-11-20."
        ) from None


def parse_days(first: str | None, last: str | None) -> tuple[date | None, date | None]:
    """The days from ``first`` to ``last``, both included; UsageError when they are reversed."""
    start = None if first is None else parse_day(first)
    end = None if last is None else parse_day(last)
    if start is not None and end is not None and start > end:
        raise UsageError(f"--from {start} is after --to {end}: exchange them.")
    return start, end
