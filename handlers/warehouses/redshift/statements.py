"""Every statement that the warehouse runs in Redshift.

All values are bound as texts and cast where they are used; names of tables come from the record,
and what COPY and UNLOAD can't bind is a place or role of our own, checked by its pattern.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from handlers.ledger import LedgerRow, Status
from handlers.record import Cloud
from handlers.tables import (
    AMOUNT,
    DIGESTS,
    DIMENSIONS,
    FACTS,
    LEDGER,
    LOADED,
    PUBLISHED_TO_HUB,
    SCHEMA_VERSION,
    VERSION,
    Field,
    Replaced,
    Table,
)
from handlers.warehouses.redshift.jobs import Batch, Parameters, bound
from handlers.warehouses.redshift.names import Place, checked_role, temporary
from handlers.warehouses.redshift.schema import LOCK, OUTBOX, cut, limit_of, table_name, type_of

CHECKED = 1
"""Where in the transaction of a load it is checked that nothing was committed meanwhile."""

NEVER = datetime(1970, 1, 1)  # noqa: DTZ001 - as the ledger's times: UTC, without saying so
"""Stands for the commit of the load before the first."""

_STAGED = {"SMALLINT": "INTEGER", AMOUNT: "DECIMAL(38,9)"}
"""Types of staged columns: COPY takes what parquet calls an int32 for an INTEGER only."""


@dataclass(frozen=True)
class Staged:
    """A load's files in S3, by their table's name, and the ``suffix`` of its temporary tables."""

    suffix: str
    files: Mapping[str, Place]


@dataclass(frozen=True)
class Statements:
    """The statements; ``role`` is what COPY and UNLOAD reach S3 with.

    Raises:
        WarehouseError: it is not the ARN of a role.
    """

    role: str

    def __post_init__(self) -> None:
        checked_role(self.role)

    def replace(self, row: LedgerRow, replaces: datetime, staged: Staged) -> Batch:
        """The whole of a load as one transaction.

        ``replaces`` is when the load was committed whose rows stood in the tables when this one was
        decided. The lock comes first: a transaction sees what was committed before its first
        statement that reads, and LOCK does not read
        (https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html).
        """
        statements = [_LOCKING, _checking()]
        for table in LOADED:
            if table.name in staged.files:
                name = _staged_name(table, staged)
                statements += [_creating(table, name), self._copying(name, staged, table)]
        for table in LOADED:
            statements += _deleting(table)
            if table.name in staged.files:
                statements.append(_inserting(table, _staged_name(table, staged)))
        statements += [_ledger_insert(), _outbox_insert()]
        return Batch(
            tuple(statements), {**ledger_parameters(row), "replaces": replaces.isoformat(" ")}
        )

    def record(self, row: LedgerRow) -> Batch:
        """A row for the ledger alone, and for the outbox."""
        return Batch((_LOCKING, _ledger_insert(), _outbox_insert()), ledger_parameters(row))

    def history(self, cloud: Cloud, scope: str, period: date) -> Batch:
        """The ledger's rows of a bill, oldest first."""
        sql = f"SELECT {_names(LEDGER)} FROM {_LEDGER} WHERE {_BILL} ORDER BY finished_at"
        return Batch((sql,), _bill(cloud, scope, period))

    def loaded(self) -> Batch:
        """The last loaded row of every bill."""
        return Batch(
            (
                f"SELECT {_names(LEDGER)} FROM (SELECT {_names(LEDGER)}, ROW_NUMBER() OVER"
                " (PARTITION BY cloud_provider, scope, billing_period ORDER BY finished_at DESC)"
                f" AS place FROM {_LEDGER} WHERE status = '{Status.LOADED}') AS loads"
                " WHERE place = 1 ORDER BY finished_at",
            ),
            {},
        )

    def held(self) -> Batch:
        """The rows of loads that wait for a decision: the last about a bill's newest version."""
        return Batch(
            (
                f"SELECT {_names(LEDGER)} FROM (SELECT {_names(LEDGER)}, ROW_NUMBER() OVER"
                " (PARTITION BY cloud_provider, scope, billing_period, source_version"
                " ORDER BY finished_at DESC) AS place,"
                f" MAX(CASE WHEN status <> '{Status.FAILED}' THEN exported_at END) OVER"
                " (PARTITION BY cloud_provider, scope, billing_period) AS newest"
                f" FROM {_LEDGER}) AS loads WHERE place = 1 AND status = '{Status.HELD}'"
                " AND (exported_at = newest OR (exported_at IS NULL AND newest IS NULL))"
                " ORDER BY finished_at",
            ),
            {},
        )

    def costs(self, cloud: Cloud, scope: str, period: date) -> Batch:
        """What a loaded bill costs in USD per model and customer."""
        return Batch(
            (
                "SELECT model, customer_id, SUM(cost_usd) AS cost_usd"
                f" FROM {table_name(FACTS)} WHERE {_BILL} GROUP BY model, customer_id",
            ),
            _bill(cloud, scope, period),
        )

    def accounts(self, cloud: Cloud, period: date) -> Batch:
        """Scope and account of everything that is loaded for a month."""
        return Batch(
            (
                f'SELECT DISTINCT scope, "key" FROM {table_name(DIMENSIONS)}'
                f" WHERE dimension = 'account' AND cloud_provider = {_CLOUD}"
                f" AND billing_period = {_PERIOD}",
            ),
            {
                "ledger_cloud_provider": str(cloud),
                "ledger_billing_period": period.isoformat(),
            },
        )

    def version(self) -> Batch:
        """The newest version of the tables that was applied."""
        return Batch((f"SELECT MAX(version) AS version FROM {table_name(SCHEMA_VERSION)}",), {})

    def version_row(self) -> Batch:
        """The version of these tables, where it is not written down yet."""
        name, version = table_name(SCHEMA_VERSION), bound("version", "INTEGER")
        return Batch(
            (
                f"INSERT INTO {name} (version, applied_at) SELECT {version}, SYSDATE"
                f" WHERE NOT EXISTS (SELECT 1 FROM {name} WHERE version = {version})",
            ),
            {"version": str(VERSION)},
        )

    def unpublished(self) -> Batch:
        """The ledger's rows that the hub has not, oldest first."""
        columns = ", ".join(f'loads."{name}"' for name in LEDGER.names)
        return Batch(
            (
                f"SELECT {columns} FROM {_LEDGER} AS loads JOIN {_OUTBOX} AS waiting"
                " ON loads.load_id = waiting.load_id AND loads.finished_at = waiting.finished_at"
                " WHERE waiting.published_at IS NULL ORDER BY loads.finished_at",
            ),
            {},
        )

    def published(self, load_id: str, until: datetime, at: datetime) -> Batch:
        """Note that the hub has what that load committed up to the moment ``until``."""
        return Batch(
            (
                f"UPDATE {_OUTBOX} SET published_at = {bound('at', 'TIMESTAMP')}"
                f" WHERE load_id = {_LOAD} AND published_at IS NULL"
                f" AND finished_at <= {bound('until', 'TIMESTAMP')}",
            ),
            {
                "ledger_load_id": load_id,
                "at": at.replace(tzinfo=None).isoformat(" "),
                "until": until.isoformat(" "),
            },
        )

    def publication(self, row: LedgerRow, suffix: str, places: Mapping[str, Place]) -> Batch:
        """What the hub is told of a row, unloaded to ``places`` by their table's name.

        UNLOAD's query is a text that binds nothing, so what is looked for stands in a temporary
        table that it joins.
        """
        wanted = temporary(f"wanted_{suffix}")
        columns = ", ".join(f'"{name}"' for name in _WANTED)
        statements = [
            f"CREATE TEMP TABLE {wanted} ({_declared(_WANTED)})",
            f"INSERT INTO {wanted} ({columns}) SELECT {columns} FROM {_LEDGER} WHERE {_BILL}"
            f" AND load_id = {_LOAD} AND finished_at = {bound('committed', 'TIMESTAMP')}",
        ]
        for table in PUBLISHED_TO_HUB:
            cells = ", ".join(f'found."{name}"' for name in table.names)
            same = " AND ".join(f"found.{name} = wanted.{name}" for name in _SAME.get(table, _KEY))
            query = f"SELECT {cells} FROM {table_name(table)} AS found JOIN {wanted} AS wanted"
            statements.append(
                f"UNLOAD ('{query} ON {same}') TO '{places[table.name]}' IAM_ROLE '{self.role}'"
                " FORMAT AS PARQUET PARALLEL OFF"
            )
        return Batch(
            tuple(statements),
            {
                **_bill(row.cloud_provider, row.scope, row.billing_period),
                "ledger_load_id": row.load_id,
                "committed": row.finished_at.isoformat(" "),
            },
        )

    def _copying(self, name: str, staged: Staged, table: Table) -> str:
        place = staged.files[table.name]
        return f"COPY {name} FROM '{place}' IAM_ROLE '{self.role}' FORMAT AS PARQUET"


_LEDGER = table_name(LEDGER)
_OUTBOX = table_name(OUTBOX)
_LOCKING = f"LOCK TABLE {table_name(LOCK)}"
_KEY = ("cloud_provider", "scope", "billing_period")
_SAME: Mapping[Table, tuple[str, ...]] = {
    LEDGER: ("load_id", "finished_at"),
    DIGESTS: ("load_id",),
}
"""What tells the rows that a publication has, where it is not the bill."""
_WANTED = ("load_id", "finished_at", *_KEY)


def _text(name: str) -> str:
    """The type of a column of the ledger, with its length: a plain VARCHAR would cut at 256."""
    return next(type_of(LEDGER, field) for field in LEDGER.fields if field.name == name)


_CLOUD = bound("ledger_cloud_provider", _text("cloud_provider"))
_PERIOD = bound("ledger_billing_period", "DATE")
_LOAD = bound("ledger_load_id", _text("load_id"))
_BILL = (
    f"cloud_provider = {_CLOUD} AND scope = {bound('ledger_scope', _text('scope'))}"
    f" AND billing_period = {_PERIOD}"
)


def staged_columns(table: Table) -> Sequence[tuple[str, str]]:
    """The names and types of a table's file, in order: COPY goes by place, not by name."""
    return [(field.name, _STAGED.get(field.type, field.type)) for field in table.fields]


def ledger_parameters(row: LedgerRow) -> Parameters:
    """The values of a ledger row, to be bound as texts; too long ones are cut."""
    return {
        f"ledger_{field.name}": _value(getattr(row, field.name), field)
        for field in LEDGER.fields
        if field.name != "finished_at"
    }


def _checking() -> str:
    """Fails, by dividing by zero, when the ledger is not as it was when the load was decided."""
    never = f"TIMESTAMP '{NEVER:%Y-%m-%d %H:%M:%S}'"
    return (
        f"SELECT 1 / (CASE WHEN COALESCE(MAX(finished_at), {never})"
        f" = {bound('replaces', 'TIMESTAMP')} THEN 1 ELSE 0 END) AS nothing_came_between"
        f" FROM {_LEDGER} WHERE {_BILL} AND status = '{Status.LOADED}'"
    )


def _staged_name(table: Table, staged: Staged) -> str:
    return temporary(f"staged_{table.name}_{staged.suffix}")


def _creating(table: Table, name: str) -> str:
    columns = ", ".join(
        f'"{field.name}" {_STAGED.get(field.type, type_of(table, field))}' for field in table.fields
    )
    return f"CREATE TEMP TABLE {name} ({columns})"


def _deleting(table: Table) -> list[str]:
    if table.replaced is Replaced.NEVER:
        return []
    condition = _BILL if table.replaced is Replaced.PERIOD else f"load_id = {_LOAD}"
    return [f"DELETE FROM {table_name(table)} WHERE {condition}"]


def _inserting(table: Table, staged: str) -> str:
    names = _names(table)
    return f"INSERT INTO {table_name(table)} ({names}) SELECT {names} FROM {staged}"


def _ledger_insert() -> str:
    """Adds the bound row as the last of its bill, whatever the clients' clocks say.

    Loads of a bill are ordered by ``finished_at``, so it is the moment of the transaction, and
    later than that of any row before.
    """
    cells = [bound(f"ledger_{field.name}", type_of(LEDGER, field)) for field in LEDGER.fields]
    cells[LEDGER.names.index("finished_at")] = (
        "GREATEST(SYSDATE, COALESCE(MAX(finished_at) + INTERVAL '1 microsecond', SYSDATE))"
    )
    return (
        f"INSERT INTO {_LEDGER} ({_names(LEDGER)}) SELECT {', '.join(cells)}"
        f" FROM {_LEDGER} WHERE {_BILL}"
    )


def _outbox_insert() -> str:
    return (
        f"INSERT INTO {_OUTBOX} (load_id, finished_at) SELECT load_id, MAX(finished_at)"
        f" FROM {_LEDGER} WHERE {_BILL} AND load_id = {_LOAD} GROUP BY load_id"
    )


def _declared(names: Sequence[str]) -> str:
    """Columns of a temporary table, as they are in the ledger."""
    kinds = {field.name: type_of(LEDGER, field) for field in LEDGER.fields}
    return ", ".join(f'"{name}" {kinds[name]}' for name in names)


def _names(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in table.names)


def _bill(cloud: Cloud, scope: str, period: date) -> Parameters:
    return {
        "ledger_cloud_provider": str(cloud),
        "ledger_scope": scope,
        "ledger_billing_period": period.isoformat(),
    }


def _value(value: object, field: Field) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, Decimal):
        return format(value, "f")
    return cut(str(value), limit_of(LEDGER, field)) if field.type == "VARCHAR" else str(value)
