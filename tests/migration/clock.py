"""The time of the demo: seven weeks that pass in minutes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

_TICK = timedelta(milliseconds=1)


@dataclass
class Clock:
    """A clock (UTC) that everything of the demo reads; no two readings are the same."""

    now: datetime

    def __call__(self) -> datetime:
        """The time."""
        self.now += _TICK
        return self.now

    def server(self) -> datetime:
        """The same without its time zone, as a database's own."""
        return self().replace(tzinfo=None)

    def sleep(self, length: timedelta) -> None:
        """Let time pass."""
        self.now += length

    def next_day(self, days: int = 1) -> None:
        """Six in the morning, so many days later."""
        self.now = (self.now + timedelta(days=days)).replace(
            hour=6, minute=0, second=0, microsecond=0
        )
