"""Microsoft's driver behind the port: https://github.com/microsoft/mssql-python.

The identity's token is asked for by the driver itself, for every connection, by ``token_provider``.
A lost connection is never opened again behind our back (``ConnectRetryCount=0``): statements of a
transaction would go on outside of it.
"""

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeAlias

import mssql_python

from handlers.errors import WarehouseError
from handlers.warehouses.azuresql.port import Connect, Row, Session, SqlError, Values

Connection: TypeAlias = Any
"""The driver's own, whose types do not say all that is asked of it."""

LOGIN_SECONDS = 30
"""For one try to connect; a database that sleeps refuses at once."""

_SERVER = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(,\d{1,5})?", re.ASCII)
_DATABASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_BATCH_ROWS = 10_000


class Credential(Protocol):
    """Gives tokens of Microsoft Entra; every credential of azure-identity does."""

    def get_token(self, scope: str, /) -> object:
        """A token for ``scope``."""
        ...


def connecting(
    server: str, database: str, credential: Credential, remaining: Callable[[], float]
) -> Connect:
    """What opens connections to that database as ``credential``.

    ``remaining`` gives the seconds that a statement may take.

    Raises:
        WarehouseError: it is no name of a server or database.
    """
    text = connection_string(server, database)

    def connect() -> Session:
        # A pooled connection could be one that the last failover has killed.
        mssql_python.pooling(enabled=False)
        driver: Any = mssql_python
        with _said():
            connection = driver.connect(
                text, autocommit=True, timeout=LOGIN_SECONDS, token_provider=credential
            )
        connection.timeout = _whole(remaining())
        return MssqlSession(connection, remaining)

    return connect


def connection_string(server: str, database: str) -> str:
    """Where to connect; only names of the driver's own list are in it.

    Raises:
        WarehouseError: it is no name of a server or database.
    """
    for pattern, name, what in ((_SERVER, server, "server"), (_DATABASE, database, "database")):
        if not pattern.fullmatch(name):
            raise WarehouseError(f"'{name}' is no name of a {what} in Azure SQL.")
    return (
        f"Server=tcp:{server};Database={database};Encrypt=yes;TrustServerCertificate=no;"
        "ConnectRetryCount=0"
    )


class MssqlSession:
    """See ``port.Session``; ``remaining`` gives the seconds that a bulk copy may take."""

    def __init__(self, connection: Connection, remaining: Callable[[], float]) -> None:
        self._connection = connection
        self._remaining = remaining

    def execute(self, sql: str, values: Values = ()) -> int:
        """See ``Session``."""
        with _said(), self._cursor() as cursor:
            cursor.execute(sql, *values)
            return int(cursor.rowcount)

    def fetch(self, sql: str, values: Values = ()) -> list[Row]:
        """See ``Session``."""
        with _said(), self._cursor() as cursor:
            cursor.execute(sql, *values)
            while cursor.description is None and cursor.nextset():
                pass
            return [tuple(row) for row in cursor.fetchall()]

    def bulk(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        """See ``Session``."""
        with _said(), self._cursor() as cursor:
            copied = cursor.bulkcopy(
                table,
                rows,
                batch_size=_BATCH_ROWS,
                timeout=_whole(self._remaining()),
                column_mappings=list(columns),
                keep_nulls=True,
                use_internal_transaction=True,
            )
            return int(copied["rows_copied"])

    def close(self) -> None:
        """See ``Session``; one that is broken already is closed, too."""
        with suppress(SqlError), _said():
            self._connection.close()

    @contextmanager
    def _cursor(self) -> Generator[Any]:
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


@contextmanager
def _said() -> Generator[None]:
    """Says of every failure of the driver what it said.

    Bulk copy's own part raises RuntimeError, and a credential may raise what it likes before it is
    wrapped.
    """
    driver: Any = mssql_python
    try:
        yield
    except (driver.Error, driver.Warning, RuntimeError, OSError) as error:
        raise SqlError(str(error)) from error


def _whole(seconds: float) -> int:
    """At least one: the driver takes none for no end."""
    return max(1, int(seconds))
