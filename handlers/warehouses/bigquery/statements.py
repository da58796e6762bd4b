"""Every statement that the warehouse runs in BigQuery.

All values are bound as texts and cast where they are used; names of tables come from the record.
A transaction sees one snapshot, and BigQuery ends one of two that change rows of the same table:
https://docs.cloud.google.com/bigquery/docs/transactions
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from handlers.ledger import LedgerRow, Status
from handlers.record import Cloud
from handlers.serving import HUB_WAREHOUSE
from handlers.tables import (
    AMOUNT,
    DIMENSIONS,
    FACTS,
    LEDGER,
    LOAD_LOCK,
    LOADED,
    SCHEMA_VERSION,
    VERSION,
    Replaced,
    Table,
)
from handlers.warehouses.bigquery.jobs import Parameters
from handlers.warehouses.bigquery.names import TableName
from handlers.warehouses.bigquery.schema import FACT_TABLES, WAREHOUSE, hub_fields

SUPERSEDED = "Another load of this bill was committed first."
"""What the script ends with when the ledger is no longer as it was when the load was decided."""
UNLOCKED = "The table load_lock has no row for this cloud: run migrate."

_CASTS = {
    "VARCHAR": "STRING",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    AMOUNT: "NUMERIC",
    "BIGINT": "INT64",
    "INTEGER": "INT64",
}


@dataclass(frozen=True)
class Script:
    """Statements that run in order as one job, and what they bind."""

    statements: tuple[str, ...]
    parameters: Parameters

    @property
    def sql(self) -> str:
        """The text of the job."""
        return ";\n\n".join(self.statements) + ";\n"


@dataclass(frozen=True)
class Statements:
    """The statements over the tables of one dataset, for the rows of one ``warehouse`` in them.

    Raises:
        WarehouseError: a name is not one that BigQuery takes.
    """

    project: str
    dataset: str
    warehouse: str = HUB_WAREHOUSE

    def __post_init__(self) -> None:
        self.name("checked")

    def name(self, table: str) -> TableName:
        """A table of the dataset."""
        return TableName(self.project, self.dataset, table)

    def target(self, table: Table, cloud: Cloud) -> TableName:
        """Where the rows of a cloud's bills of that table stand."""
        return self.name(FACT_TABLES[cloud] if table is FACTS else table.name)

    def replace(self, row: LedgerRow, replaces: int, staged: Mapping[str, TableName]) -> Script:
        """The whole of a load as one transaction.

        ``staged`` has the staged rows by the name of their table; a table that is not there gets
        none. ``replaces`` is what ``current_moment`` said when the load was decided.
        """
        statements = [
            *self._locking(),
            f"ASSERT ({self._moment()}) = CAST(@replaces AS INT64) AS '{SUPERSEDED}'",
            *self._replacing(LOADED, row.cloud_provider, staged),
            self._ledger_insert(),
            "COMMIT TRANSACTION",
        ]
        parameters = {**self._warehouse, **ledger_parameters(row), "replaces": str(replaces)}
        return Script(tuple(statements), parameters)

    def publish(
        self, row: LedgerRow, moment: int, tables: Sequence[Table], staged: Mapping[str, TableName]
    ) -> Script:
        """What another warehouse committed with ``row``, at ``moment``, as one transaction.

        ``tables`` are those whose rows are replaced, ``staged`` as in ``replace``. Where rows of a
        bill are among them, the hub may not have a later load of the bill.
        """
        bill = any(table.replaced is Replaced.PERIOD for table in tables)
        newest = f"ASSERT ({self._moment()}) <= CAST(@moment AS INT64) AS '{SUPERSEDED}'"
        ledger = self.name(LEDGER.name)
        statements = [
            *self._locking(),
            *([newest] if bill else []),
            f"DELETE FROM {ledger} WHERE {_BILL} AND load_id = @ledger_load_id"
            " AND UNIX_MICROS(finished_at) = CAST(@moment AS INT64)",
            *self._replacing(tables, row.cloud_provider, staged),
            "COMMIT TRANSACTION",
        ]
        parameters = {
            **_bill(row.cloud_provider, row.scope, row.billing_period),
            **self._warehouse,
            "ledger_load_id": row.load_id,
            "moment": str(moment),
        }
        return Script(tuple(statements), parameters)

    @property
    def _warehouse(self) -> Parameters:
        return {"warehouse": self.warehouse}

    def _locking(self) -> list[str]:
        lock = self.name(LOAD_LOCK.name)
        return [
            "BEGIN TRANSACTION",
            f"UPDATE {lock} SET load_id = @ledger_load_id, locked_at = CURRENT_TIMESTAMP()"
            " WHERE cloud_provider = @ledger_cloud_provider",
            f"ASSERT (SELECT COUNT(*) FROM {lock}"
            f" WHERE cloud_provider = @ledger_cloud_provider) > 0 AS '{UNLOCKED}'",
        ]

    def _replacing(
        self, tables: Sequence[Table], cloud: Cloud, staged: Mapping[str, TableName]
    ) -> list[str]:
        """Delete what a load of that cloud's replaces, insert what is staged, table by table."""
        statements: list[str] = []
        for table in tables:
            target = self.target(table, cloud)
            statements += self._deleting(table, target)
            if table.name in staged:
                statements.append(self._inserting(table, target, staged[table.name]))
        return statements

    def record(self, row: LedgerRow) -> Script:
        """A row for the ledger alone."""
        return Script((self._ledger_insert(),), {**self._warehouse, **ledger_parameters(row)})

    def history(self, cloud: Cloud, scope: str, period: date) -> Script:
        """The ledger's rows of a bill, oldest first."""
        return Script(
            (f"{self._ledger_select()} AND {_BILL} ORDER BY finished_at, started_at",),
            {**self._warehouse, **_bill(cloud, scope, period)},
        )

    def loaded(self) -> Script:
        """The last loaded row of every bill."""
        return Script(
            (
                f"{self._ledger_select()} AND status = '{Status.LOADED}'"
                " QUALIFY ROW_NUMBER() OVER (PARTITION BY cloud_provider, scope, billing_period"
                " ORDER BY finished_at DESC) = 1 ORDER BY finished_at, started_at",
            ),
            self._warehouse,
        )

    def held(self) -> Script:
        """The rows of loads that wait for a decision: the last about a bill's newest version."""
        names = ", ".join(f"`{name}`" for name in LEDGER.names)
        return Script(
            (
                f"SELECT {names} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY cloud_provider,"
                " scope, billing_period, source_version ORDER BY finished_at DESC) AS place,"
                f" MAX(IF(status <> '{Status.FAILED}', exported_at, NULL)) OVER (PARTITION BY"
                f" cloud_provider, scope, billing_period) AS newest FROM {self.name(LEDGER.name)}"
                f" WHERE warehouse = @warehouse) WHERE place = 1 AND status = '{Status.HELD}'"
                " AND (exported_at = newest OR exported_at IS NULL AND newest IS NULL)"
                " ORDER BY finished_at, started_at",
            ),
            self._warehouse,
        )

    def costs(self, cloud: Cloud, scope: str, period: date) -> Script:
        """What a loaded bill costs in USD per model and customer."""
        return Script(
            (
                "SELECT model, customer_id, SUM(cost_usd) AS cost_usd"
                f" FROM {self.target(FACTS, cloud)} WHERE {_PERIOD}"
                " GROUP BY model, customer_id",
            ),
            _bill(cloud, scope, period),
        )

    def accounts(self, cloud: Cloud, period: date) -> Script:
        """Scope and account of everything that is loaded for a month."""
        return Script(
            (
                f"SELECT DISTINCT scope, key FROM {self.name(DIMENSIONS.name)}"
                " WHERE warehouse = @warehouse AND dimension = 'account'"
                " AND cloud_provider = @ledger_cloud_provider"
                " AND billing_period = CAST(@ledger_billing_period AS DATE)",
            ),
            {
                **self._warehouse,
                "ledger_cloud_provider": str(cloud),
                "ledger_billing_period": period.isoformat(),
            },
        )

    def lock_rows(self, clouds: Collection[Cloud]) -> Script:
        """A row for each cloud in the table of locks, where it has none."""
        lock = self.name(LOAD_LOCK.name)
        return Script(
            (
                f"INSERT INTO {lock} (cloud_provider) SELECT cloud FROM UNNEST(@clouds) AS cloud"
                f" WHERE cloud NOT IN (SELECT cloud_provider FROM {lock})",
            ),
            {"clouds": [str(cloud) for cloud in clouds]},
        )

    def version_row(self) -> Script:
        """The version of the tables, where it is not written down yet."""
        versions = self.name(SCHEMA_VERSION.name)
        return Script(
            (
                f"INSERT INTO {versions} (version, applied_at)"
                " SELECT CAST(version AS INT64), CURRENT_TIMESTAMP() FROM UNNEST(@versions)"
                f" AS version WHERE CAST(version AS INT64) NOT IN (SELECT version FROM {versions})",
            ),
            {"versions": [str(VERSION)]},
        )

    def _moment(self) -> str:
        """When the load was committed whose rows stand in the tables, in microseconds; or 0."""
        return (
            "SELECT COALESCE(MAX(UNIX_MICROS(finished_at)), 0)"
            f" FROM {self.name(LEDGER.name)} WHERE {_BILL} AND status = '{Status.LOADED}'"
        )

    def _deleting(self, table: Table, target: TableName) -> list[str]:
        if table.replaced is Replaced.NEVER:
            return []
        condition = _PERIOD if table.replaced is Replaced.PERIOD else "load_id = @ledger_load_id"
        found = [field for field in hub_fields(table) if field.name == WAREHOUSE.name]
        # A row from before the column was there is the hub's own.
        whose = (
            f"COALESCE(warehouse, '{HUB_WAREHOUSE}')"
            if any(field.nullable for field in found)
            else "warehouse"
        )
        mine = f"{whose} = @warehouse AND " if found else ""
        return [f"DELETE FROM {target} WHERE {mine}{condition}"]

    def _inserting(self, table: Table, target: TableName, staged: TableName) -> str:
        names = [field.name for field in hub_fields(table)]
        cells = ["@warehouse" if name == WAREHOUSE.name else f"`{name}`" for name in names]
        columns = ", ".join(f"`{name}`" for name in names)
        return f"INSERT INTO {target} ({columns}) SELECT {', '.join(cells)} FROM {staged}"

    def _ledger_select(self) -> str:
        names = ", ".join(f"`{name}`" for name in LEDGER.names)
        return f"SELECT {names} FROM {self.name(LEDGER.name)} WHERE warehouse = @warehouse"

    def _ledger_insert(self) -> str:
        """Adds the bound row as the last of its bill, whatever the clients' clocks say.

        Loads of a bill are ordered by ``finished_at``, so it is the moment of the commit and later
        than that of any row before. In a transaction the clock stands still at its start.
        """
        ledger = self.name(LEDGER.name)
        cells = [_cast(field.name, field.type) for field in LEDGER.fields]
        at = LEDGER.names.index("finished_at")
        cells[at] = (
            "GREATEST(CURRENT_TIMESTAMP(), COALESCE((SELECT TIMESTAMP_ADD(MAX(finished_at),"
            f" INTERVAL 1 MICROSECOND) FROM {ledger} WHERE {_BILL}), CURRENT_TIMESTAMP()))"
        )
        columns = ", ".join(f"`{name}`" for name in (WAREHOUSE.name, *LEDGER.names))
        return f"INSERT INTO {ledger} ({columns}) SELECT @warehouse, {', '.join(cells)}"


_PERIOD = (
    "cloud_provider = @ledger_cloud_provider AND scope = @ledger_scope"
    " AND billing_period = CAST(@ledger_billing_period AS DATE)"
)
_BILL = f"warehouse = @warehouse AND {_PERIOD}"


def ledger_parameters(row: LedgerRow) -> Parameters:
    """The values of a ledger row, to be bound as texts."""
    cells = {f"ledger_{name}": _text(getattr(row, name)) for name in LEDGER.names}
    del cells["ledger_finished_at"]
    return cells


def _bill(cloud: Cloud, scope: str, period: date) -> Parameters:
    return {
        "ledger_cloud_provider": str(cloud),
        "ledger_scope": scope,
        "ledger_billing_period": period.isoformat(),
    }


def _cast(name: str, kind: str) -> str:
    return f"CAST(@ledger_{name} AS {_CASTS[kind]})"


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return f"{value.isoformat(' ')}+00"
    return format(value, "f") if isinstance(value, Decimal) else str(value)
