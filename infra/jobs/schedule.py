"""When a cron expression comes next, in UTC.

https://docs.cloud.google.com/scheduler/docs/configuring/cron-job-schedules
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from handlers.errors import UsageError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST = 8 * 366
"""Days to look ahead: a 29th of February can be eight years away."""


@dataclass(frozen=True)
class Field:
    """One of the five: the least and the greatest number, and the names of some."""

    low: int
    high: int
    names: Mapping[str, int]

    def numbers(self, word: str) -> set[int]:
        """What a word like ``1-5``, ``*/10`` or ``mon,wed`` stands for.

        Raises:
            ValueError: it is none that the field allows.
        """
        found: set[int] = set()
        for part in word.split(","):
            span, slash, step = part.partition("/")
            first, dash, last = span.partition("-")
            begin = self.low if span == "*" else self._number(first)
            alone = self.high if slash or span == "*" else begin
            end = self._number(last) if dash else alone
            every = int(step) if slash else 1
            if not self.low <= begin <= end <= self.high or every < 1:
                raise ValueError(part)
            found.update(range(begin, end + 1, every))
        return found

    def _number(self, word: str) -> int:
        return self.names[word] if word in self.names else int(word)


FIELDS = (
    Field(0, 59, {}),
    Field(0, 23, {}),
    Field(1, 31, {}),
    Field(1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    Field(0, 7, {name: number for number, name in enumerate(_DAYS)}),
)


def next_run(expression: str, after: datetime) -> datetime | None:
    """The first minute after ``after`` that the expression names; None where none ever comes.

    Raises:
        UsageError: it is no cron expression of five fields.
    """
    words = expression.lower().split()
    try:
        numbers = [field.numbers(word) for field, word in zip(FIELDS, words, strict=True)]
    except ValueError:
        raise UsageError(
            f"'{expression}' is no cron expression. Allowed: five fields, like 0 3 * * *."
        ) from None
    # Where both a day of the month and one of the week are given, either is enough.
    either = words[2] != "*" and words[4] != "*"
    today = after.astimezone(UTC).date()
    for offset in range(_LONGEST):
        day = today + timedelta(days=offset)
        if _names(numbers, day, any_of_both=either):
            times = [
                datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                for hour in sorted(numbers[1])
                for minute in sorted(numbers[0])
            ]
            if later := [time for time in times if time > after]:
                return later[0]
    return None


def _names(numbers: Sequence[set[int]], day: date, *, any_of_both: bool) -> bool:
    of_month = day.day in numbers[2]
    # Sunday is 0 and 7.
    of_week = bool(numbers[4] & ({7, 0} if day.isoweekday() == 7 else {day.isoweekday()}))
    fits = (of_month or of_week) if any_of_both else (of_month and of_week)
    return day.month in numbers[3] and fits
