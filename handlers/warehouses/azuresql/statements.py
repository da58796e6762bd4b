"""Every statement that the warehouse runs in Azure SQL, in T-SQL written by hand.

All values are bound as ``?``; names come from the record. Nothing binds NULL: a column without a
value is left out. Times are computed here and bound, so no statement adds to a date. Loads of a
bill are ordered by ``finished_at``, the moment of their commit, which is later than any before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from handlers.ledger import LedgerRow, Status
from handlers.record import Cloud
from handlers.tables import (
    DIGESTS,
    DIMENSIONS,
    FACTS,
    LEDGER,
    LOADED,
    SCHEMA_VERSION,
    Replaced,
    Table,
)
from handlers.warehouses.azuresql.names import Principal, Rights, Schema, quoted, table_name
from handlers.warehouses.azuresql.port import Values
from handlers.warehouses.azuresql.schema import DBO_TABLES, OUTBOX

BEGIN = "BEGIN TRANSACTION"
COMMIT = "COMMIT TRANSACTION"
ABORT_ON_ERROR = "SET XACT_ABORT ON"
"""An error rolls the whole transaction back, whatever it is:
https://learn.microsoft.com/sql/t-sql/statements/set-xact-abort-transact-sql"""
SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT"
"""All statements of a transaction see the same moment; Azure SQL allows it in every database:
https://learn.microsoft.com/sql/t-sql/statements/set-transaction-isolation-level-transact-sql"""

_KEY = "[cloud_provider] = ? AND [scope] = ? AND [billing_period] = ?"
_LEDGER = table_name(LEDGER)
_OUTBOX = table_name(OUTBOX)
_VERSIONS = table_name(SCHEMA_VERSION)


@dataclass(frozen=True)
class Statement:
    """A statement and what it binds."""

    sql: str
    values: Values = ()


def bill_of(row: LedgerRow) -> tuple[str, str, date]:
    """What tells a bill's rows."""
    return (str(row.cloud_provider), row.scope, row.billing_period)


def lock(what: str, milliseconds: int) -> Statement:
    """Wait for the lock ``what`` and hold it to the transaction's end; gives one number.

    It is below zero where the lock was not had:
    https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql
    """
    return Statement(
        "SET NOCOUNT ON; DECLARE @got INT; EXEC @got = sp_getapplock @Resource = ?,"
        " @LockMode = 'Exclusive', @LockOwner = 'Transaction', @LockTimeout = ?;"
        " SELECT @got AS [got]",
        (what, milliseconds),
    )


def committed(row: LedgerRow) -> Statement:
    """When the bill was loaded last, when anything was said of it last, and the time now."""
    return Statement(
        "SELECT MAX(CASE WHEN [status] = ? THEN [finished_at] END) AS [loaded_at],"
        " MAX([finished_at]) AS [last_at], CAST(SYSUTCDATETIME() AS DATETIME2(6)) AS [now_at]"
        f" FROM {_LEDGER} WHERE {_KEY}",
        (str(Status.LOADED), *bill_of(row)),
    )


def written(row: LedgerRow, at: datetime) -> Statement:
    """How many rows the ledger has that say this at that moment."""
    return Statement(
        f"SELECT COUNT(*) AS [found] FROM {_LEDGER}"
        f" WHERE {_KEY} AND [load_id] = ? AND [finished_at] = ? AND [status] = ?",
        (*bill_of(row), row.load_id, at, str(row.status)),
    )


def replacing(row: LedgerRow, attempt: str) -> list[Statement]:
    """Delete what the load replaces and insert what is staged for ``attempt``, table by table."""
    found: list[Statement] = []
    for table in LOADED:
        if table.replaced is Replaced.PERIOD:
            found.append(Statement(f"DELETE FROM {table_name(table)} WHERE {_KEY}", bill_of(row)))
        elif table.replaced is Replaced.LOAD:
            sql = f"DELETE FROM {table_name(table)} WHERE [load_id] = ?"
            found.append(Statement(sql, (row.load_id,)))
        columns = names_of(table)
        found.append(
            Statement(
                f"INSERT INTO {table_name(table)} ({columns}) SELECT {columns}"
                f" FROM {table_name(table, Schema.STAGING)} WHERE [attempt] = ?",
                (attempt,),
            )
        )
    return found


def saying(row: LedgerRow, at: datetime) -> list[Statement]:
    """Add the row to the ledger as of ``at``, and to the outbox that the hub has it not."""
    cells = {name: getattr(row, name) for name in LEDGER.names}
    cells["finished_at"] = at
    given = {name: value for name, value in cells.items() if value not in (None, "")}
    columns = ", ".join(quoted(name) for name in given)
    holes = ", ".join("?" for _ in given)
    return [
        Statement(
            f"INSERT INTO {_LEDGER} ({columns}) VALUES ({holes})",
            tuple(str(value) if isinstance(value, str) else value for value in given.values()),
        ),
        Statement(
            f"INSERT INTO {_OUTBOX} ([load_id], [finished_at]) VALUES (?, ?)", (row.load_id, at)
        ),
    ]


def unstage(table: Table, attempt: str) -> Statement:
    """Remove what an attempt has staged."""
    return Statement(
        f"DELETE FROM {table_name(table, Schema.STAGING)} WHERE [attempt] = ?", (attempt,)
    )


def unstage_before(table: Table, attempt: str) -> Statement:
    """Remove what attempts have left behind whose names come before ``attempt``."""
    return Statement(
        f"DELETE FROM {table_name(table, Schema.STAGING)} WHERE [attempt] < ?", (attempt,)
    )


def history(cloud: Cloud, scope: str, period: date) -> Statement:
    """The ledger's rows of a bill, oldest first."""
    return Statement(
        f"SELECT {names_of(LEDGER)} FROM {_LEDGER} WHERE {_KEY}"
        " ORDER BY [finished_at], [started_at]",
        (str(cloud), scope, period),
    )


def loaded() -> Statement:
    """The last loaded row of every bill."""
    columns = names_of(LEDGER)
    return Statement(
        f"SELECT {columns} FROM (SELECT {columns}, ROW_NUMBER() OVER (PARTITION BY"
        " [cloud_provider], [scope], [billing_period] ORDER BY [finished_at] DESC) AS [place]"
        f" FROM {_LEDGER} WHERE [status] = ?) AS [ranked] WHERE [place] = 1"
        " ORDER BY [finished_at], [started_at]",
        (str(Status.LOADED),),
    )


def held() -> Statement:
    """The rows of loads that wait for a decision: the last about a bill's newest version."""
    columns = names_of(LEDGER)
    return Statement(
        f"SELECT {columns} FROM (SELECT {columns}, ROW_NUMBER() OVER (PARTITION BY"
        " [cloud_provider], [scope], [billing_period], [source_version] ORDER BY [finished_at]"
        " DESC) AS [place], MAX(CASE WHEN [status] <> ? THEN [exported_at] END) OVER (PARTITION BY"
        f" [cloud_provider], [scope], [billing_period]) AS [newest] FROM {_LEDGER}) AS [ranked]"
        " WHERE [place] = 1 AND [status] = ?"
        " AND ([exported_at] = [newest] OR ([exported_at] IS NULL AND [newest] IS NULL))"
        " ORDER BY [finished_at], [started_at]",
        (str(Status.FAILED), str(Status.HELD)),
    )


def costs(cloud: Cloud, scope: str, period: date) -> Statement:
    """What a loaded bill costs in USD per model and customer."""
    return Statement(
        "SELECT [model], [customer_id], SUM([cost_usd]) AS [cost_usd]"
        f" FROM {table_name(FACTS)} WHERE {_KEY} GROUP BY [model], [customer_id]",
        (str(cloud), scope, period),
    )


def accounts(cloud: Cloud, period: date) -> Statement:
    """Scope and account of everything that is loaded for a month."""
    return Statement(
        f"SELECT DISTINCT [scope], [key] FROM {table_name(DIMENSIONS)} WHERE [dimension] = ?"
        " AND [cloud_provider] = ? AND [billing_period] = ?",
        ("account", str(cloud), period),
    )


def unpublished() -> Statement:
    """The ledger's rows that the hub has not, oldest first."""
    columns = ", ".join(f"[loads].{quoted(name)}" for name in LEDGER.names)
    return Statement(
        f"SELECT {columns} FROM {_LEDGER} AS [loads] INNER JOIN {_OUTBOX} AS [waiting]"
        " ON [loads].[load_id] = [waiting].[load_id]"
        " AND [loads].[finished_at] = [waiting].[finished_at]"
        " WHERE [waiting].[published_at] IS NULL ORDER BY [loads].[finished_at]"
    )


def published(load_id: str, until: datetime, at: datetime) -> Statement:
    """Note that the hub has what that load committed up to the moment ``until``."""
    return Statement(
        f"UPDATE {_OUTBOX} SET [published_at] = ? WHERE [load_id] = ? AND [published_at] IS NULL"
        " AND [finished_at] <= ?",
        (at, load_id, until),
    )


def publication(table: Table, row: LedgerRow) -> Statement:
    """The rows of that table that the hub is told with ``row``."""
    sql = f"SELECT {names_of(table)} FROM {table_name(table)}"
    if table is LEDGER:
        values = (*bill_of(row), row.load_id, row.finished_at)
        return Statement(f"{sql} WHERE {_KEY} AND [load_id] = ? AND [finished_at] = ?", values)
    if table is DIGESTS:
        return Statement(f"{sql} WHERE [load_id] = ?", (row.load_id,))
    return Statement(f"{sql} WHERE {_KEY}", bill_of(row))


def version() -> Statement:
    """The newest version of the tables that was applied."""
    return Statement(f"SELECT MAX([version]) AS [version] FROM {_VERSIONS}")


def version_row(number: int, at: datetime) -> Statement:
    """Write down that a version was applied."""
    return Statement(
        f"INSERT INTO {_VERSIONS} ([version], [applied_at]) VALUES (?, ?)", (number, at)
    )


def live_columns() -> Statement:
    """Every column of the tables as they are."""
    return Statement(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH,"
        " NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, COLLATION_NAME, IS_NULLABLE"
        " FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA IN (?, ?)",
        tuple(str(schema) for schema in Schema),
    )


def schemas() -> Statement:
    """The schema of staging, if it is there."""
    return Statement(
        "SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = ?",
        (str(Schema.STAGING),),
    )


def user(principal: Principal) -> Statement:
    """The user of that name with what the database knows it by, if it is there."""
    return Statement(
        "SELECT CONVERT(VARCHAR(100), [sid], 1) AS [sid] FROM sys.database_principals"
        " WHERE [name] = ?",
        (principal.name,),
    )


def create_user(principal: Principal) -> Statement:
    """Make the identity's user, without asking Entra: that would need the right to read it.

    The client id tells an identity of a machine:
    https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-service-principal-tutorial
    """
    return Statement(f"CREATE USER {principal.user} WITH SID = {principal.sid}, TYPE = E")


def grants(principal: Principal) -> list[Statement]:
    """Give a user its rights and no more; to give them again changes nothing."""
    granted = [f"GRANT SELECT ON SCHEMA::{Schema.DBO}"]
    if principal.rights is Rights.COLLECTOR:
        granted += _collecting()
    return [Statement(f"{grant} TO {principal.user}") for grant in granted]


def _collecting() -> list[str]:
    """What a load writes: rows that it replaces, rows that are only added, the outbox's mark."""
    written: Sequence[Table] = (*LOADED, LEDGER, OUTBOX)
    kept = (LEDGER, OUTBOX)
    grants = [f"GRANT SELECT, INSERT, DELETE ON SCHEMA::{Schema.STAGING}"]
    for table in DBO_TABLES:
        if table in written:
            rights = "INSERT" if table in kept else "INSERT, DELETE"
            grants.append(f"GRANT {rights} ON OBJECT::{table_name(table)}")
    grants.append(f"GRANT UPDATE ON OBJECT::{_OUTBOX} ([published_at])")
    return grants


def names_of(table: Table) -> str:
    """The table's columns, for SQL."""
    return ", ".join(quoted(name) for name in table.names)


def after(last: datetime | None, now: datetime) -> datetime:
    """The moment of a commit at ``now``: later than ``last``, whatever the clocks say."""
    return now if last is None or now > last else last + timedelta(microseconds=1)
