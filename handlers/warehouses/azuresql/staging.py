"""Rows on their way into Azure SQL: bulk copy into the tables of ``staging``, marked by attempt.

Bulk copy goes by a connection of its own, so it can't be part of the load's transaction. What an
attempt that died has left is removed a day later.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import duckdb

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow
from handlers.tables import LOADED, Table
from handlers.warehouses.azuresql import statements
from handlers.warehouses.azuresql.migration import run
from handlers.warehouses.azuresql.names import Schema, table_name
from handlers.warehouses.azuresql.port import Database, Row, Session
from handlers.warehouses.azuresql.schema import ATTEMPT

_ROWS_AT_ONCE = 10_000
_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Staging:
    """The schema ``staging``; ``now`` gives the time in UTC, which stands first in an attempt."""

    database: Database
    now: Callable[[], datetime]

    def fill(self, connection: duckdb.DuckDBPyConnection, row: LedgerRow) -> str:
        """Stage the tables ``new_<table>``; the name of the attempt that has them all.

        Raises:
            WarehouseError: they were not taken.
        """

        def fill(session: Session) -> str:
            started = self.now()
            attempt = f"{_stamp(started)}_{row.load_id}_{uuid4().hex[:12]}"
            for table in LOADED:
                run(session, statements.unstage_before(table, _stamp(started - _KEPT)))
                _copy(session, connection, table, attempt)
            return attempt

        return self.database.run("staging the load", fill)

    def drop(self, attempt: str) -> None:
        """Remove what an attempt staged; what can't be removed now goes with a later load."""

        def drop(session: Session) -> None:
            for table in LOADED:
                run(session, statements.unstage(table, attempt))

        with suppress(WarehouseError):
            self.database.run("clearing the staged rows", drop)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}"


def _copy(
    session: Session, connection: duckdb.DuckDBPyConnection, table: Table, attempt: str
) -> None:
    counted = connection.execute(f"SELECT count(*) FROM new_{table.name}").fetchone()
    rows = int(counted[0]) if counted else 0
    if not rows:
        return
    copied = session.bulk(
        table_name(table, Schema.STAGING),
        (ATTEMPT.name, *table.names),
        _rows(connection, table, attempt),
    )
    if copied != rows:
        raise WarehouseError(
            f"Azure SQL: {copied} of {rows} rows of {table.name} were staged. Nothing was changed:"
            " run it again."
        )


def _rows(connection: duckdb.DuckDBPyConnection, table: Table, attempt: str) -> Iterator[Row]:
    cells = ", ".join(f'CAST("{field.name}" AS {field.type})' for field in table.fields)
    answer = connection.execute(f"SELECT ?, {cells} FROM new_{table.name}", [attempt])
    while rows := answer.fetchmany(_ROWS_AT_ONCE):
        yield from rows
