"""Work that goes on when the client that started it dies: numbered attempts, found again by name.

A name says which load it is and which load it replaces, so that two clients which do the same start
the same attempt once, and a run after one that died finds it and waits for it. An attempt that
failed changed nothing; the next one has the next number.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0


class Undecided(WarehouseError):
    """It is not known whether the work was done; the next run finds out by its name."""


class StillRunning(Undecided):
    """The work has not ended in the time there was; the next run finds it by its name."""


class End(Protocol):
    """How an attempt ended; ``error`` is empty when it did its work."""

    @property
    def error(self) -> str:
        """What the warehouse says went wrong."""
        ...

    @property
    def may_succeed_later(self) -> bool:
        """Whether the same may succeed when it is tried again."""
        ...


Ended = TypeVar("Ended", bound=End)
Ended_co = TypeVar("Ended_co", bound=End, covariant=True)


class Attempted(Protocol[Ended_co]):
    """A warehouse's work, by name."""

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds of a clock that only goes forward."""
        ...

    @property
    def sleep(self) -> Callable[[float], None]:
        """Waits for that many seconds."""
        ...

    def left(self) -> float:
        """The moment of ``clock`` after which nothing is waited for."""
        ...

    def end(self, what: str, name: str, /) -> Ended_co | None:
        """How the work of that name ended, once it has; None when nobody has started it.

        Raises:
            StillRunning: it has not ended in time.
        """
        ...


def next_number(work: Attempted[Ended], what: str, name: str) -> int | None:
    """The number of the next attempt at ``name``; None when one has done it.

    Raises:
        StillRunning: one goes on.
    """
    number = 1
    while (end := work.end(what, f"{name}_{number}")) is not None:
        if not end.error:
            return None
        number += 1
    return number


def attempt(
    work: Attempted[Ended], name: str, number: int, part: float, run: Callable[[str], Ended]
) -> Ended:
    """The end of the attempt that did the work, or of the last that could not; from ``number`` on.

    ``run`` does the work under the name that it gets. ``part`` of each pause is waited for, so that
    two who met do not meet again.
    """
    until, pause = work.left(), _FIRST_PAUSE
    while True:
        end = run(f"{name}_{number}")
        late = work.clock() + pause * part >= until
        if not end.error or not end.may_succeed_later or late:
            return end
        work.sleep(pause * part)
        number, pause = number + 1, min(pause * 2, _LONGEST_PAUSE)


def fraction(attempt: str) -> float:
    """Between a half and one, different for each attempt, so that two do not meet again."""
    return 0.5 + int(hashlib.sha256(attempt.encode()).hexdigest()[:4], 16) / 0x20000


def moment(row: LedgerRow | None) -> int:
    """When the load was committed, in microseconds since 1970; 0 for none."""
    if row is None:
        return 0
    since = row.finished_at.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
