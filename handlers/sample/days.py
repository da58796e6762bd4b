"""The days a sample covers, and the named days of ``world.toml``."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.errors import UsageError

SHORTEST = 10
LONGEST = 1100

ONE_DAY = timedelta(days=1)


def month_of(day: date) -> date:
    """First day of the month of ``day``."""
    return day.replace(day=1)


def month_after(month: date) -> date:
    """First day of the month after ``month``."""
    return month_of(month.replace(day=28) + timedelta(days=7))


def month_before(month: date) -> date:
    """First day of the month before ``month``."""
    return month_of(month_of(month) - ONE_DAY)


@dataclass(frozen=True)
class Days:
    """The days of a sample, both ends included.

    Raises:
        UsageError: there are too few days to hold the special cases, or too many to be quick.
    """

    end: date
    count: int

    def __post_init__(self) -> None:
        if not SHORTEST <= self.count <= LONGEST:
            raise UsageError(
                f"--days is {self.count}; a sample has {SHORTEST} to {LONGEST} days, so that its"
                " special cases fit. Choose a number between."
            )

    @property
    def start(self) -> date:
        """The first day."""
        return self.end - timedelta(days=self.count - 1)

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=number) for number in range(self.count))

    @property
    def months(self) -> tuple[date, ...]:
        """First days of the calendar months touched."""
        return tuple(sorted({month_of(day) for day in self}))

    @property
    def restated(self) -> date:
        """The month that has two versions: the one before the last, or the only one."""
        return max(month_of(self.start), month_before(self.end))

    def named(self, name: str) -> date:
        """The day that ``world.toml`` calls ``name``."""
        previous = month_before(self.end)
        return {
            "start": self.start,
            "end": self.end,
            "previous": previous,
            "move": previous.replace(day=15),
            "purchase": self.start + timedelta(days=self.count // 10),
        }[name]
