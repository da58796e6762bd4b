"""Azure SQL behind the warehouse's port: T-SQL that is really executed, in DuckDB.

It has what the warehouse relies on: transactions that a lost connection rolls back, bulk copy
outside of them, an application lock, users with rights, texts that are too long refused. Errors
have the server's words, as the driver gives them. ``before`` and ``after`` are told of each call
and may raise ``SqlError``: the connection is lost then.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import duckdb
import pyarrow

from handlers.warehouses.azuresql.port import Connect, Row, SqlError, Values
from tests.fakes.azuresql_sql import (
    MOST_VALUES,
    NOW,
    ColumnType,
    Refused,
    Translated,
    declared,
    declared_columns,
    translate,
)

T = TypeVar("T")
pa: Any = pyarrow

ADMIN = "administrator"
LOST = "Driver Error: Communication link failure; DDBC Error: [Microsoft]TCP Provider: Error 104"

_LOCK = (
    "SET NOCOUNT ON; DECLARE @got INT; EXEC @got = sp_getapplock @Resource = ?,"
    " @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = ?; SELECT @got AS [got]"
)
_USER = (
    "SELECT CONVERT(VARCHAR(100), [sid], 1) AS [sid] FROM sys.database_principals WHERE [name] = ?"
)
_TABLE = re.compile(r"CREATE TABLE (\w+)\.\[(\w+)\] \((.*)\)")
_COMPRESSED = " WITH (DATA_COMPRESSION = PAGE)"
_VIEW = re.compile(r"CREATE OR ALTER VIEW (\w+)\.\[(\w+)\] AS (.*)", re.DOTALL)
_ADD = re.compile(r"ALTER TABLE (\w+)\.\[(\w+)\] ADD (\[\w+\] .+)")
_CREATE_USER = re.compile(r"CREATE USER \[([^\]]+)\] WITH SID = (0x[0-9A-F]{32}), TYPE = E")
_GRANT = re.compile(
    r"GRANT ([A-Z, ]+) ON (SCHEMA|OBJECT)::([\w.\[\]]+)( \(\[(\w+)\]\))? TO \[([^\]]+)\]"
)
_SETTINGS = ("SET XACT_ABORT ON", "SET TRANSACTION ISOLATION LEVEL SNAPSHOT")


def said(number: int, text: str) -> SqlError:
    """The server's error as the driver gives it: without its number."""
    del number
    kind = "Syntax error or access violation"
    return SqlError(f"Driver Error: {kind}; DDBC Error: [Microsoft][SQL Server]{text}")


def nobody(_: str) -> None:
    """Let every call through."""


@dataclass
class FakeAzureSql:
    """A server with one database. ``clock`` gives its time in UTC."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    before: Callable[[str], None] = nobody
    after: Callable[[str], None] = nobody
    refuse_login: str = ""
    bulk_stops_after: int | None = None
    longest_wait: float = 20.0
    """Seconds that anybody waits for a lock, whatever he would."""
    users: dict[str, str] = field(default_factory=dict[str, str])
    rights: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])
    columns: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def __post_init__(self) -> None:
        self.database = duckdb.connect()
        self.free = threading.Condition()
        self.locks: dict[str, FakeSession] = {}
        self.database.execute("SET TimeZone = 'UTC'")
        self.database.execute("SET threads = 1")
        self.database.execute("CREATE SCHEMA dbo")
        self.database.execute("CREATE SCHEMA catalog_views")
        self.database.execute("CREATE TABLE catalog_views.schemata (SCHEMA_NAME VARCHAR)")
        self.database.execute("INSERT INTO catalog_views.schemata VALUES ('dbo')")
        self.database.execute(
            "CREATE TABLE catalog_views.columns (TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR,"
            " COLUMN_NAME VARCHAR, DATA_TYPE VARCHAR, CHARACTER_MAXIMUM_LENGTH INTEGER,"
            " NUMERIC_PRECISION INTEGER, NUMERIC_SCALE INTEGER, DATETIME_PRECISION INTEGER,"
            " COLLATION_NAME VARCHAR, IS_NULLABLE VARCHAR)"
        )

    def connecting(self, user: str = ADMIN) -> Connect:
        """What opens connections as that user."""

        def connect() -> FakeSession:
            self.before("LOGIN")
            if self.refuse_login:
                raise SqlError(f"Driver Error: x; DDBC Error: [Microsoft]{self.refuse_login}")
            if user != ADMIN and user not in self.users:
                raise said(18456, "Login failed for user '<token-identified principal>'.")
            self.after("LOGIN")
            return FakeSession(self, user)

        return connect

    def close(self) -> None:
        """Forget everything."""
        self.database.close()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """What stands in the tables now, asked in DuckDB's SQL; ``dbo`` and ``staging``."""
        with self.database.cursor() as cursor:
            return cursor.execute(sql, list(values)).fetchall()


class FakeSession:
    """See ``port.Session``."""

    def __init__(self, server: FakeAzureSql, user: str) -> None:
        self.server = server
        self.user = user
        self._cursor = server.database.cursor()
        self._open = True
        self._in_transaction = False
        self._begun = False
        self._made: dict[str, frozenset[str]] = {}
        self._users = dict(server.users)
        self._rights = set(server.rights)

    def execute(self, sql: str, values: Values = ()) -> int:
        return self._called(sql, lambda: self._execute(sql, values))

    def fetch(self, sql: str, values: Values = ()) -> list[Row]:
        return self._called(sql, lambda: self._fetch(sql, values))

    def bulk(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        return self._called(f"BULK {table}", lambda: self._bulk(table, columns, rows))

    def close(self) -> None:
        if self._open:
            self._end("ROLLBACK")
            self._cursor.close()
            self._open = False

    def _called(self, what: str, work: Callable[[], T]) -> T:
        if not self._open:
            raise SqlError("Driver Error: Connection not open; DDBC Error: ")
        try:
            self.server.before(what)
            done = work()
            self.server.after(what)
        except Refused as error:
            self._end("ROLLBACK")
            raise said(error.number, str(error)) from None
        except duckdb.Error as error:
            self._end("ROLLBACK")
            raise said(*_server_words(error)) from error
        except BaseException:
            self.close()
            raise
        return done

    def _execute(self, sql: str, values: Values) -> int:
        if sql in _SETTINGS:
            return -1
        match sql:
            case "BEGIN TRANSACTION":
                if self._in_transaction:
                    raise AssertionError("a transaction in a transaction")
                self._in_transaction = True
            case "COMMIT TRANSACTION":
                if not self._in_transaction:
                    raise Refused(3902, "The COMMIT TRANSACTION request has no corresponding BEGIN")
                self._end("COMMIT")
            case _:
                if not self._declares(sql):
                    return len(self._rows(sql, values)) or 0
        return -1

    def _fetch(self, sql: str, values: Values) -> list[Row]:
        if sql == _LOCK:
            return [(self._lock(str(values[0]), int(str(values[1]))),)]
        if sql == _USER:
            sid = self._users.get(str(values[0]))
            return [] if sid is None else [(sid,)]
        return self._rows(sql, values)

    def _rows(self, sql: str, values: Values) -> list[Row]:
        if any(value is None for value in values):
            raise AssertionError(f"binds NULL, whose type nobody knows: {sql}")
        known = {**self.server.columns, **self._made}
        translated = translate(sql, frozenset(known.items()))
        if translated.holes != len(values) or len(values) > MOST_VALUES:
            raise Refused(8178, f"{translated.holes} values expected, {len(values)} supplied.")
        self._check_rights(translated)
        self._begin()
        now = f"{self.server.clock():%Y-%m-%d %H:%M:%S.%f}"
        text = translated.sql.replace(NOW, now)
        return self._cursor.execute(text, list(values)).fetchall()

    def _begin(self) -> None:
        """As with READ_COMMITTED_SNAPSHOT nothing is seen before the first statement is asked."""
        if self._in_transaction and not self._begun:
            self._cursor.execute("BEGIN TRANSACTION")
            self._begun = True

    def _end(self, how: str) -> None:
        if self._begun:
            self._cursor.execute(how)
        if how == "COMMIT":
            self.server.columns.update(self._made)
            self.server.users, self.server.rights = self._users, self._rights
        self._made = {}
        self._users, self._rights = dict(self.server.users), set(self.server.rights)
        self._in_transaction = self._begun = False
        with self.server.free:
            for name in [key for key, mine in self.server.locks.items() if mine is self]:
                del self.server.locks[name]
            self.server.free.notify_all()

    def _lock(self, resource: str, milliseconds: int) -> int:
        if not self._in_transaction:
            return -999
        locks, free = self.server.locks, self.server.free
        until = time.monotonic() + min(milliseconds / 1000, self.server.longest_wait)
        with free:
            while locks.get(resource, self) is not self:
                if not free.wait(until - time.monotonic()):
                    return -1
            locks[resource] = self
        return 0

    def _declares(self, sql: str) -> bool:
        """Whether it was a statement that only the administrator may run; it is done then."""
        if not sql.startswith(("CREATE", "ALTER", "GRANT")):
            return False
        if self.user != ADMIN:
            raise Refused(262, f"{sql[:20]} permission was denied in database 'x'.")
        self._begin()
        if found := re.fullmatch(r"CREATE SCHEMA (\w+)", sql):
            self._cursor.execute(f"CREATE SCHEMA {found[1]}")
            self._cursor.execute("INSERT INTO catalog_views.schemata VALUES (?)", [found[1]])
        elif self._shapes(sql):
            pass
        elif found := _CREATE_USER.fullmatch(sql):
            if found[1] in self._users:
                raise Refused(15023, f"User '{found[1]}' already exists in the database.")
            self._users[found[1]] = found[2]
        elif found := _GRANT.fullmatch(sql):
            if found[6] not in self._users:
                raise Refused(15151, f"Cannot find the user '{found[6]}'.")
            place = found[3].replace("[", "").replace("]", "")
            on = f"{place}.{found[5]}" if found[5] else place
            self._rights |= {(found[6], right, on) for right in found[1].split(", ")}
        else:
            raise Refused(102, f"Incorrect syntax near '{sql[:40]}'.")
        return True

    def _shapes(self, sql: str) -> bool:
        """Whether it was a statement that makes or changes a table or a view; it is done then."""
        if found := _TABLE.fullmatch(sql.removesuffix(_COMPRESSED)):
            self._create(found[1], found[2], declared_columns(found[3]))
        elif found := _ADD.fullmatch(sql):
            self._add(found[1], found[2], declared(found[3]))
        elif found := _VIEW.fullmatch(sql):
            self._create_view(found[1], found[2], found[3])
        return found is not None

    def _create(self, schema: str, table: str, columns: Sequence[ColumnType]) -> None:
        body = ", ".join(column.duckdb for column in columns)
        self._cursor.execute(f'CREATE TABLE {schema}."{table}" ({body})')
        self._describe(schema, table, columns)
        self._made[f"{schema}.{table}"] = frozenset(column.name for column in columns)

    def _create_view(self, schema: str, view: str, query: str) -> None:
        known = {**self.server.columns, **self._made}
        text = translate(query, frozenset(known.items())).sql
        self._cursor.execute(f'CREATE OR REPLACE VIEW {schema}."{view}" AS {text}')
        described = self._cursor.execute(f'DESCRIBE {schema}."{view}"').fetchall()
        self._made[f"{schema}.{view}"] = frozenset(str(row[0]) for row in described)

    def _add(self, schema: str, table: str, column: ColumnType) -> None:
        if column.required:
            raise Refused(
                4901, "ALTER TABLE only allows columns to be added that can contain nulls"
            )
        kind = column.duckdb.split(" CHECK")[0]
        self._cursor.execute(f'ALTER TABLE {schema}."{table}" ADD COLUMN {kind}')
        self._describe(schema, table, [column])
        name = f"{schema}.{table}"
        self._made[name] = self.server.columns[name] | {column.name}

    def _describe(self, schema: str, table: str, columns: Sequence[ColumnType]) -> None:
        rows = [[schema, table, column.name, *column.described()] for column in columns]
        marks = ", ".join(f"({', '.join('?' for _ in row)})" for row in rows)
        cells = [cell for row in rows for cell in row]
        self._cursor.execute(f"INSERT INTO catalog_views.columns VALUES {marks}", cells)

    def _check_rights(self, translated: Translated) -> None:
        for table in translated.reads:
            if not table.startswith(("information_schema.", "sys.")):
                self._check_right("SELECT", table)
        if translated.writes is not None:
            right, table, columns = translated.writes
            for place in [f"{table}.{column}" for column in columns] or [table]:
                self._check_right(right, place)

    def _check_right(self, right: str, place: str) -> None:
        parts = place.split(".")
        places = {".".join(parts[:length]) for length in range(1, len(parts) + 1)}
        if self.user != ADMIN and not any(
            (self.user, right, each) in self._rights for each in places
        ):
            raise Refused(229, f"The {right} permission was denied on the object '{place}'.")

    def _bulk(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
        name = table.replace("[", "").replace("]", "")
        for right in ("INSERT", "SELECT"):
            self._check_right(right, name)
        listed = list(rows)
        if any(type(row) is not tuple for row in listed):
            raise TypeError("bulkcopy data rows must be tuples")
        stops = self.server.bulk_stops_after
        taken = listed if stops is None else listed[:stops]
        quoted = ", ".join(f'"{column}"' for column in columns)
        with self.server.database.cursor() as cursor:
            types = {
                str(row[0]): str(row[1]) for row in cursor.execute(f"DESCRIBE {name}").fetchall()
            }
            arrays = [
                pa.array([row[at] for row in taken], type=_ARROW[types[column].split("(")[0]])
                for at, column in enumerate(columns)
            ]
            data = pa.table(arrays, names=list(columns))
            cursor.register("copied", data)
            cursor.execute(f"INSERT INTO {name} ({quoted}) SELECT {quoted} FROM copied")
        if stops is not None:
            self.server.bulk_stops_after = None
            raise SqlError("Cannot read TDS packet: connection has been closed")
        return len(listed)


_ARROW: dict[str, Any] = {
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "DECIMAL": pa.decimal128(38, 9),
}


def _server_words(error: duckdb.Error) -> tuple[int, str]:
    """What the server says where DuckDB says this."""
    text = str(error)
    match error:
        case duckdb.TransactionException():
            return 1205, "Transaction was deadlocked and has been chosen as the deadlock victim."
        case duckdb.ConstraintException() if "CHECK" in text:
            return 2628, "String or binary data would be truncated in table."
        case duckdb.ConstraintException():
            return 515, f"Cannot insert the value NULL into column. {text}"
        case _:
            return 8120, text.splitlines()[0]
