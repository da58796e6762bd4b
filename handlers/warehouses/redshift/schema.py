"""The tables of Redshift, from ``handlers.tables`` and ``handlers.record``, and how they lie.

Limits count bytes in Redshift and characters in the record: VARCHAR(4n) holds n of any
(https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html). A longer text is cut by
the one rule of the facts, which keeps it unique.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from handlers.focus import VIEW, Dialect, select_list
from handlers.record import COLUMNS
from handlers.tables import (
    AMOUNT,
    DAILY,
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
from handlers.warehouses.redshift.names import FACT_TABLE, qualified

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

LOCK = Table(
    "load_lock",
    "Empty: a load locks it first, so that of two at once one waits; readers never do.",
    fields_of("load_id text?"),
    Replaced.NEVER,
)

ALL_TABLES = (*TABLES, OUTBOX, LOCK)
"""What ``migrate`` creates."""

_RECORD_LIMITS = {column.name: column.limit for column in COLUMNS if column.limit}
_LIMITS = {
    **_RECORD_LIMITS,
    "billing_currency": 100,
    "service_id": 200,
    "key": 256,
    "name": 256,
    "unit": 20,
    "warehouse": 20,
    "dimension": 20,
    "status": 20,
    "source_version": 256,
    "rule_digest": 64,
    "site_digest": 64,
    "error": 4000,
    "reason": 600,
    "rates_used": 2000,
    "currency_totals": 2000,
}
_OTHER_LIMIT = 1000
"""Characters. A row that the Data API gives back has at most 64 KB, so the ledger's have to fit."""

_BYTES_PER_CHARACTER = 4
_MARK = 17
"""Characters of a cut text that tell it from others: ~ and 16 hex digits."""


@dataclass(frozen=True)
class Layout:
    """How a table lies on the nodes and in its blocks."""

    distribution: str = "DISTSTYLE AUTO"
    sort: tuple[str, ...] = ()


_LAYOUTS: Mapping[str, Layout] = {
    # Detail queries scan one table by days and bound its month, too: sorted so, a query reads the
    # blocks of its days only, and a load deletes whole blocks. No join moves rows, and every key
    # that could spread them is skewed (untagged, one model): even, all nodes scan the same share.
    FACTS.name: Layout("DISTSTYLE EVEN", ("billing_period", "date", "model")),
    DAILY.name: Layout("DISTSTYLE EVEN", ("billing_period", "date")),
    HOURLY.name: Layout("DISTSTYLE EVEN", ("billing_period", "date")),
    UNNAMED.name: Layout("DISTSTYLE EVEN", ("billing_period", "date")),
    # Small, and joined to facts that are spread: a copy on every node, so that no row travels.
    DIMENSIONS.name: Layout("DISTSTYLE ALL", ("dimension", "key")),
    LEDGER.name: Layout("DISTSTYLE ALL", ("finished_at",)),
    OUTBOX.name: Layout("DISTSTYLE ALL", ("finished_at",)),
}


def table_name(table: Table) -> str:
    """The table's name in Redshift, with its schema."""
    return qualified(bare_name(table))


def bare_name(table: Table) -> str:
    """The same, without the schema."""
    return FACT_TABLE if table is FACTS else table.name


def limit_of(table: Table, field: Field) -> int:
    """The longest text of a column, in characters: the record's in the facts."""
    limits = _RECORD_LIMITS if table is FACTS else _LIMITS
    return limits.get(field.name, _OTHER_LIMIT)


def type_of(table: Table, field: Field) -> str:
    """The column's type, as DDL writes it."""
    if field.type == "VARCHAR":
        return f"VARCHAR({_BYTES_PER_CHARACTER * limit_of(table, field)})"
    return "DECIMAL(38,9)" if field.type == AMOUNT else field.type


def create(table: Table) -> str:
    """The statement that creates the table where it is not there."""
    layout = _LAYOUTS.get(table.name, Layout())
    sort = ", ".join(f'"{name}"' for name in layout.sort)
    columns = ", ".join(
        f'"{field.name}" {type_of(table, field)}{"" if field.nullable else " NOT NULL"}'
        for field in table.fields
    )
    sorted_by = f" COMPOUND SORTKEY ({sort})" if sort else ""
    return (
        f"CREATE TABLE IF NOT EXISTS {table_name(table)} ({columns})"
        f" {layout.distribution}{sorted_by}"
    )


def create_focus_view() -> str:
    """The statement that makes the view of FOCUS anew.

    It is bound late, so that it keeps no column of the facts from being changed:
    https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
    """
    return (
        f"CREATE OR REPLACE VIEW {qualified(VIEW)} AS SELECT\n{select_list(Dialect.REDSHIFT)}\n"
        f"FROM {table_name(FACTS)} WITH NO SCHEMA BINDING"
    )


def add_column(table: Table, field: Field) -> str:
    """The statement that adds a column; old rows have none of it, so it may be NULL."""
    return f'ALTER TABLE {table_name(table)} ADD COLUMN "{field.name}" {type_of(table, field)}'


def cut(text: str, limit: int) -> str:
    """``text``, or its start and a digest of all of it where it is longer than ``limit``."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - _MARK]}~{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def cut_sql(table: Table, field: Field) -> str:
    """The same in DuckDB's SQL, of the column itself."""
    name, limit = f'"{field.name}"', limit_of(table, field)
    return (
        f"CASE WHEN length({name}) > {limit} THEN left({name}, {limit - _MARK}) || '~'"
        f" || left(sha256({name}), 16) ELSE {name} END"
    )
