"""Making the tables and the users, by the identity that administers the database.

Additive changes only: a table or column that is missing is made, a type that is another is an
error. What a load does needs none of these rights.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.errors import WarehouseError
from handlers.tables import LOADED, VERSION, Field, Table
from handlers.warehouses.azuresql import statements
from handlers.warehouses.azuresql.names import Principal, Schema, bare_name, quoted, table_name
from handlers.warehouses.azuresql.port import Session
from handlers.warehouses.azuresql.schema import (
    ATTEMPT,
    DBO_TABLES,
    create,
    create_focus_view,
    create_staging,
    staging_type,
    type_of,
)
from handlers.warehouses.azuresql.statements import Statement

LOCK = "ai-cost-monitoring migrate"
_LOCK_MILLISECONDS = 60_000

Live = Mapping[tuple[str, str], Mapping[str, Mapping[str, Any]]]
"""What the catalog says of each column, by schema and table, then by name."""


@dataclass(frozen=True)
class Differences:
    """The statements that make what is missing, and what has another type than it should have."""

    missing: tuple[Statement, ...]
    otherwise: tuple[str, ...]


def migrate(session: Session, principals: Sequence[Principal], at: datetime) -> None:
    """Make what is missing, and the users with their rights; idempotent, in one transaction.

    Raises:
        SqlError: the server refused.
        WarehouseError: a column has another type, a user is another identity's, or somebody else
            migrates.
    """
    run(session, Statement(statements.ABORT_ON_ERROR))
    run(session, Statement(statements.BEGIN))
    take_lock(session, LOCK, _LOCK_MILLISECONDS)
    if not fetch(session, statements.schemas()):
        run(session, Statement(f"CREATE SCHEMA {Schema.STAGING}"))
    found = differences(session)
    if found.otherwise:
        raise WarehouseError(
            "Azure SQL's tables are not as this version needs them:\n  "
            + "\n  ".join(found.otherwise)
            + "\nNothing was changed. A type can't be changed: rename the table, run migrate again,"
            " and collect from the archive."
        )
    for statement in found.missing:
        run(session, statement)
    ((known,),) = fetch(session, statements.version())
    if known != VERSION:
        run(session, Statement(create_focus_view()))
        run(session, statements.version_row(VERSION, at))
    for principal in principals:
        _make_user(session, principal)
    run(session, Statement(statements.COMMIT))


def refuse_old_tables(session: Session) -> None:
    """Refuse tables that an older or newer version of this product made.

    Raises:
        SqlError: the server refused.
        WarehouseError: they were never made, or are of another version.
    """
    there = {name for (schema, name) in live_of(session) if schema == Schema.DBO}
    known = 0
    if all(bare_name(table) in there for table in DBO_TABLES):
        ((version,),) = fetch(session, statements.version())
        known = version or 0
    if known < VERSION:
        found = f"version {known}" if known else "none"
        raise WarehouseError(
            f"Azure SQL: this version needs its tables of version {VERSION} and found {found}."
            " Nothing was changed: run the command migrate first."
        )


def take_lock(session: Session, what: str, milliseconds: int) -> None:
    """Hold the lock ``what`` to the end of the session's transaction.

    Raises:
        SqlError: the server refused.
        WarehouseError: somebody else holds it for longer than that.
    """
    ((got,),) = fetch(session, statements.lock(what, milliseconds))
    if got < 0:
        raise WarehouseError(
            f"Azure SQL: the lock '{what}' was not free for {milliseconds / 1000:g} seconds"
            f" (sp_getapplock: {got}). Nothing was changed: let the other run end, then run it"
            " again."
        )


def run(session: Session, statement: Statement) -> int:
    """Run a statement; how many rows it changed."""
    return session.execute(statement.sql, statement.values)


def fetch(session: Session, statement: Statement) -> list[tuple[Any, ...]]:
    """The rows that a statement gives."""
    return session.fetch(statement.sql, statement.values)


def live_of(session: Session) -> Live:
    """Every column of both schemas as it is."""
    live: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    names: tuple[str, ...] = ("schema", "table", "column", "type", "length", "precision",
                              "scale", "fraction", "collation", "nullable")  # fmt: skip
    for row in fetch(session, statements.live_columns()):
        cells: dict[str, Any] = dict(zip(names, row, strict=True))
        columns = live.setdefault((str(cells["schema"]), str(cells["table"])), {})
        columns[str(cells["column"])] = cells
    return live


def differences(session: Session) -> Differences:
    """Compare every table of both schemas with the record."""
    live = live_of(session)
    missing: list[Statement] = []
    otherwise: list[str] = []
    for table in DBO_TABLES:
        columns = live.get((Schema.DBO, bare_name(table)))
        if columns is None:
            missing.append(Statement(create(table)))
            continue
        types = {field.name: type_of(table, field) for field in table.fields}
        missing += _added(table, table_name(table), columns, types)
        otherwise += _otherwise(f"{Schema.DBO}.{bare_name(table)}", columns, types, table.fields)
    for table in LOADED:
        columns = live.get((Schema.STAGING, bare_name(table)))
        if columns is None:
            missing.append(Statement(create_staging(table)))
            continue
        fields = (ATTEMPT, *table.fields)
        types = {field.name: staging_type(table, field) for field in fields}
        missing += _added(table, table_name(table, Schema.STAGING), columns, types)
        place = f"{Schema.STAGING}.{bare_name(table)}"
        otherwise += _otherwise(place, columns, types, fields)
    return Differences(tuple(missing), tuple(otherwise))


def _added(
    table: Table, name: str, columns: Mapping[str, object], types: Mapping[str, str]
) -> Iterator[Statement]:
    """Columns that are new; old rows have none of them, so they may be NULL."""
    for field in table.fields:
        if field.name not in columns:
            yield Statement(f"ALTER TABLE {name} ADD {quoted(field.name)} {types[field.name]} NULL")


def _otherwise(
    place: str,
    columns: Mapping[str, Mapping[str, Any]],
    types: Mapping[str, str],
    fields: Sequence[Field],
) -> Iterator[str]:
    nullable = {field.name for field in fields if field.nullable}
    for name, live in columns.items():
        required = live["nullable"] == "NO"
        if name not in types:
            if required:
                yield f"{place}.{name} is NOT NULL there and unknown here"
            continue
        there, here = _shape(live), types[name]
        if there != here:
            yield f"{place}.{name} is {there} there and {here} here"
        elif required and name in nullable:
            yield f"{place}.{name} is NOT NULL there and NULL here"


def _shape(live: Mapping[str, Any]) -> str:
    kind = str(live["type"]).upper()
    if kind in ("VARCHAR", "NVARCHAR"):
        length = "MAX" if live["length"] == -1 else live["length"]
        collated = f" COLLATE {live['collation']}" if kind == "VARCHAR" else ""
        return f"{kind}({length}){collated}"
    if kind == "DECIMAL":
        return f"DECIMAL({live['precision']}, {live['scale']})"
    return f"DATETIME2({live['fraction']})" if kind == "DATETIME2" else kind


def _make_user(session: Session, principal: Principal) -> None:
    found = fetch(session, statements.user(principal))
    if not found:
        run(session, statements.create_user(principal))
    elif str(found[0][0]).upper() != principal.sid.upper():
        raise WarehouseError(
            f"Azure SQL: the user '{principal.name}' is there and belongs to another identity than"
            f" {principal.client_id}. Nothing was changed: drop that user if it is an old one, then"
            " run migrate again."
        )
    for grant in statements.grants(principal):
        run(session, grant)
