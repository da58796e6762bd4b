"""The tables of Azure SQL, from ``handlers.tables`` and ``handlers.record``, and how they lie.

Texts are compared by their bytes: the default collation takes ``ACME`` and ``acme`` for the same.
Lengths count bytes there and characters in the record, so VARCHAR(4n) holds n of any:
https://learn.microsoft.com/sql/t-sql/data-types/char-and-varchar-transact-sql
"""

from collections.abc import Mapping

from handlers.focus import VIEW, Dialect, select_list
from handlers.record import COLUMNS
from handlers.tables import (
    DAILY,
    DIGESTS,
    DIMENSIONS,
    FACTS,
    HOURLY,
    LEDGER,
    TABLES,
    UNNAMED,
    Field,
    Replaced,
    Table,
)
from handlers.tables.shape import fields_of
from handlers.warehouses.azuresql.names import Schema, bare_name, quoted, table_name

COLLATION = "Latin1_General_100_BIN2_UTF8"

OUTBOX = Table(
    "outbox",
    "A row per row of the ledger: whether the hub has it.",
    fields_of(
        """
        load_id text
        finished_at TIMESTAMP: When the ledger's row was committed, UTC.
        published_at TIMESTAMP?: When the hub had it, UTC; null while it has not.
        """
    ),
    Replaced.NEVER,
)

ATTEMPT = Field("attempt", "VARCHAR", meaning="Whose rows they are on their way.")

DBO_TABLES = (*TABLES, OUTBOX)
"""What stands in ``dbo``."""

_BYTES_PER_CHARACTER = 4
_LIMITS = {column.name: column.limit for column in COLUMNS if column.limit}
_CUT_IN_FACTS = {"service", "sku_description", "billing_currency"}
"""What other tables hold as billed, however long, or several of."""

_ATTEMPT_LIMIT = 64
_TYPES = {
    "BIGINT": "BIGINT",
    "DATE": "DATE",
    "DECIMAL(38, 9)": "DECIMAL(38, 9)",
    "INTEGER": "INT",
    "SMALLINT": "SMALLINT",
    "TIMESTAMP": "DATETIME2(6)",
}

_CLUSTERED: Mapping[str, tuple[str, ...]] = {
    # Detail queries bound the month and the days and most name a model, and a load deletes one
    # month: both read one range of pages. The key stays narrow, as each row of it is unique by
    # nothing but all of its columns.
    FACTS.name: ("billing_period", "date", "model"),
    DAILY.name: ("billing_period", "date"),
    HOURLY.name: ("billing_period", "date"),
    UNNAMED.name: ("billing_period", "date"),
    DIMENSIONS.name: ("billing_period", "scope"),
    DIGESTS.name: ("load_id",),
    LEDGER.name: ("cloud_provider", "scope", "billing_period", "finished_at"),
    OUTBOX.name: ("load_id", "finished_at"),
}


def type_of(table: Table, field: Field) -> str:
    """The column's type as DDL writes it, with its collation where it is a text."""
    if field.type != "VARCHAR":
        return _TYPES[field.type]
    return f"VARCHAR({_length(table, field)}) COLLATE {COLLATION}"


def create(table: Table) -> str:
    """The statement that creates the table in ``dbo``.

    Rows of one page are alike, so PAGE compression makes a third of them. Columnstore needs a
    dearer database (S3 and up):
    https://learn.microsoft.com/sql/relational-databases/indexes/columnstore-indexes-overview
    """
    columns = [
        f"{quoted(field.name)} {type_of(table, field)} {'NULL' if field.nullable else 'NOT NULL'}"
        for field in table.fields
    ]
    key = ", ".join(quoted(name) for name in _CLUSTERED.get(table.name, ()))
    name = table_name(table)
    if not key:
        return f"CREATE TABLE {name} ({', '.join(columns)}) WITH (DATA_COMPRESSION = PAGE)"
    index = quoted(f"ix_{bare_name(table)}")
    columns.append(f"INDEX {index} CLUSTERED ({key}) WITH (DATA_COMPRESSION = PAGE)")
    return f"CREATE TABLE {name} ({', '.join(columns)})"


def create_focus_view() -> str:
    """The statement that makes the view of FOCUS anew in ``dbo``, alone in its batch."""
    return (
        f"CREATE OR ALTER VIEW {Schema.DBO}.{quoted(VIEW)} AS SELECT\n"
        f"{select_list(Dialect.TSQL)}\nFROM {table_name(FACTS)}"
    )


def create_staging(table: Table) -> str:
    """The statement that creates the table's twin in ``staging``, whose rows name their attempt.

    Texts are NVARCHAR there, which bulk copy writes without asking for a code page.
    """
    columns = [f"{quoted(ATTEMPT.name)} {staging_type(table, ATTEMPT)} NOT NULL"]
    columns += [f"{quoted(field.name)} {staging_type(table, field)} NULL" for field in table.fields]
    index = quoted(f"ix_staging_{bare_name(table)}")
    columns.append(f"INDEX {index} CLUSTERED ({quoted(ATTEMPT.name)})")
    return f"CREATE TABLE {table_name(table, Schema.STAGING)} ({', '.join(columns)})"


def staging_type(table: Table, field: Field) -> str:
    """The type of the column's twin in ``staging``."""
    if field is ATTEMPT:
        return f"VARCHAR({_ATTEMPT_LIMIT}) COLLATE {COLLATION}"
    if field.type != "VARCHAR":
        return _TYPES[field.type]
    limit = _limit(table, field)
    return f"NVARCHAR({2 * limit if limit else 'MAX'})"


def _length(table: Table, field: Field) -> str:
    limit = _limit(table, field)
    return str(_BYTES_PER_CHARACTER * limit) if limit else "MAX"


def _limit(table: Table, field: Field) -> int | None:
    """The longest text in characters; None where there is no limit."""
    if table is not FACTS and field.name in _CUT_IN_FACTS:
        return None
    return _LIMITS.get(field.name)
