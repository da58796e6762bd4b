"""What the warehouse asks of a database: three methods over one connection, and how they fail.

The driver is behind it (``driver``), so that everything else runs without one.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from handlers.errors import WarehouseError
from handlers.warehouses.attempts import Undecided
from handlers.warehouses.azuresql.faults import Kind, fault_of

T = TypeVar("T")
Values = Sequence[object]
"""What a statement binds, one for each ``?``; never None, whose type a driver can't know."""
Row = tuple[Any, ...]

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 30.0


class SqlError(Exception):
    """What the server or the driver said; the connection is not used after it."""


class Session(Protocol):
    """One connection. Outside ``BEGIN TRANSACTION`` each statement is a transaction."""

    def execute(self, sql: str, values: Values = ()) -> int:
        """Run a statement that gives no rows; how many rows it changed.

        Raises:
            SqlError: it failed.
        """
        ...

    def fetch(self, sql: str, values: Values = ()) -> list[Row]:
        """The rows that a statement gives.

        Raises:
            SqlError: it failed.
        """
        ...

    def bulk(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        """Add rows by bulk copy; how many were added.

        It goes by a connection of its own, so it is part of no transaction.

        Raises:
            SqlError: it failed; some rows may have been added.
        """
        ...

    def close(self) -> None:
        """End the connection; a transaction that is open is rolled back."""
        ...


Connect = Callable[[], Session]
"""Opens a connection; raises SqlError."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database and the time there is for it.

    ``remaining`` gives the seconds that a call may still wait; ``clock`` those of a clock that
    only goes forward.
    """

    connect: Connect
    remaining: Callable[[], float] = lambda: 600.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self, what: str, work: Callable[[Session], T]) -> T:
        """Do ``work`` over a connection; again over a new one after a fault that passes.

        So ``work`` must do no harm when it is done twice. A database that sleeps takes up to a
        minute to wake, and one that fails over about as long.

        Raises:
            Undecided: the fault had not passed in time.
            WarehouseError: the server refused; the message says what to do.
        """
        until, pause = self.clock() + self.remaining(), _FIRST_PAUSE
        while True:
            try:
                with contextlib.closing(self.connect()) as session:
                    return work(session)
            except SqlError as error:
                fault = fault_of(str(error))
                if fault.kind is not Kind.PASSING:
                    raise WarehouseError(fault.message(what, str(error))) from error
                if self.clock() + pause >= until:
                    raise Undecided(fault.message(what, str(error))) from error
            self.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
