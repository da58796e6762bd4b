"""The embedded warehouse: a DuckDB file that one process writes and any number read.

The writer owns ``<name>.duckdb``; after each commit it publishes a copy, ``<name>.read.duckdb``,
by atomic rename. Readers open the copy and open it again when it changes, so that they never wait
for a writer nor see half a load.
"""

import contextlib
import shutil
from collections.abc import Generator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from handlers.errors import WarehouseError
from handlers.focus import VIEW, Dialect, select_list
from handlers.ledger import LedgerRow, Status, ledger_row
from handlers.no_room import NoRoom, refusing_no_room
from handlers.quoting import literal
from handlers.record import Cloud
from handlers.scan.room import LAPTOP
from handlers.tables import FACTS, LEDGER, LOADED, TABLES, VERSION, Field, Replaced, Table
from handlers.warehouses import LoadBatch
from handlers.warehouses.lock import writer_lock

_UNPUBLISHED = "What was loaded is loaded; readers see the copy from before it."


class DuckDbWarehouse:
    """A warehouse in the file ``path``; ``wait_seconds`` is how long to wait for another writer."""

    name = "duckdb"

    def __init__(self, path: Path, wait_seconds: float = 600.0) -> None:
        self.path = path
        self._wait_seconds = wait_seconds
        self._connection: duckdb.DuckDBPyConnection | None = None

    @property
    def published(self) -> Path:
        """The copy that readers open."""
        return self.path.with_suffix(".read.duckdb")

    @property
    def folder(self) -> Path:
        """Where the archive and quarantine of this warehouse lie."""
        return self.path.parent

    @contextlib.contextmanager
    def open(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """The writer's connection: an engine in memory with this warehouse attached.

        Raises:
            WarehouseError: another process writes, or the file is not a warehouse of ours.
        """
        with (
            writer_lock(self.path.with_suffix(".lock"), self._wait_seconds),
            duckdb.connect() as connection,
        ):
            configure(connection, self.folder)
            if not self.path.exists():
                self._create(connection)
            try:
                connection.execute(f"ATTACH {literal(self.path)} AS warehouse")
            except duckdb.Error as error:
                raise WarehouseError(
                    f"{self.path}: can't be opened as a warehouse ({_first_line(error)})."
                    " Name another file, or move this one away and collect again."
                ) from None
            self._connection = connection
            try:
                self.migrate()
                yield connection
            except BaseException:
                with contextlib.suppress(NoRoom):  # what ended the block says more
                    self._publish(connection)
                raise
            else:
                self._publish(connection)
            finally:
                self._connection = None

    def _create(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the file aside: one that a kill leaves without its headers can't be opened."""
        new = self.path.with_suffix(".new.duckdb")
        for leftover in (new, new.with_name(f"{new.name}.wal")):
            leftover.unlink(missing_ok=True)
        connection.execute(f"ATTACH {literal(new)} AS warehouse")
        connection.execute("CHECKPOINT warehouse")
        connection.execute("DETACH warehouse")
        new.replace(self.path)

    def migrate(self) -> None:
        """Create what is missing, and add columns that are new; idempotent.

        Raises:
            WarehouseError: a column has another type than it should have.
        """
        connection = self._writer()
        for table in TABLES:
            columns = ", ".join(_ddl(field) for field in table.fields)
            connection.execute(f"CREATE TABLE IF NOT EXISTS warehouse.{table.name} ({columns})")
            self._add_columns(connection, table)
        known = connection.execute("SELECT max(version) FROM warehouse.schema_version").fetchone()
        if known is None or known[0] != VERSION:
            connection.execute(
                f"CREATE OR REPLACE VIEW warehouse.{VIEW} AS"
                f" SELECT {select_list(Dialect.DUCKDB)} FROM {FACTS.name}"
            )
            connection.execute(
                "INSERT INTO warehouse.schema_version VALUES (?, now() AT TIME ZONE 'UTC')",
                [VERSION],
            )

    def _add_columns(self, connection: duckdb.DuckDBPyConnection, table: Table) -> None:
        rows = connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = 'warehouse' AND table_name = ?",
            [table.name],
        ).fetchall()
        present = {str(name): str(kind).replace(" ", "") for name, kind in rows}
        for field in table.fields:
            if field.name not in present:
                connection.execute(
                    f"ALTER TABLE warehouse.{table.name} ADD COLUMN {field.name} {field.type}"
                )
            elif present[field.name] != field.type.replace(" ", ""):
                raise WarehouseError(
                    f"{self.path}: {table.name}.{field.name} is {present[field.name]} and should be"
                    f" {field.type}. Move the file away and collect again from the archive."
                )

    def history(self, cloud: Cloud, scope: str, period: date) -> Sequence[LedgerRow]:
        """The ledger's rows of that bill, oldest first."""
        return self._ledger(
            "WHERE cloud_provider = ? AND scope = ? AND billing_period = ? ORDER BY rowid",
            [str(cloud), scope, period],
        )

    def loaded(self) -> Sequence[LedgerRow]:
        """The ledger's row of every bill whose rows are in the tables."""
        return self._ledger(
            "WHERE status = 'loaded' QUALIFY rowid = max(rowid)"
            " OVER (PARTITION BY cloud_provider, scope, billing_period) ORDER BY rowid",
            [],
        )

    def held(self) -> Sequence[LedgerRow]:
        """The rows of loads that wait for a person's decision.

        One that a later export of the same bill has replaced waits no longer.
        """
        rows = self._ledger(
            "QUALIFY rowid = max(rowid)"
            " OVER (PARTITION BY cloud_provider, scope, billing_period, source_version)"
            " AND exported_at IS NOT DISTINCT FROM max(exported_at) FILTER (status <> 'failed')"
            " OVER (PARTITION BY cloud_provider, scope, billing_period)"
            " ORDER BY rowid",
            [],
        )
        return [row for row in rows if row.status is Status.HELD]

    def _ledger(self, condition: str, values: Sequence[object]) -> Sequence[LedgerRow]:
        rows = (
            self._writer()
            .execute(f"SELECT {', '.join(LEDGER.names)} FROM warehouse.ledger {condition}", values)
            .fetchall()
        )
        return [ledger_row(LEDGER.names, row) for row in rows]

    def costs(self, cloud: Cloud, scope: str, period: date) -> Mapping[tuple[str, str], Decimal]:
        """What a loaded bill costs in USD per model and customer."""
        rows = (
            self._writer()
            .execute(
                "SELECT model, customer_id, sum(cost_usd) FROM warehouse.llm_costs"
                " WHERE cloud_provider = ? AND scope = ? AND billing_period = ? GROUP BY ALL",
                [str(cloud), scope, period],
            )
            .fetchall()
        )
        return {(str(model), str(customer)): Decimal(cost) for model, customer, cost in rows}

    def accounts(self, cloud: Cloud, period: date) -> Sequence[tuple[str, str]]:
        """Scope and account of everything that is loaded for that month."""
        rows = (
            self._writer()
            .execute(
                "SELECT DISTINCT scope, key FROM warehouse.dimensions WHERE dimension = 'account'"
                " AND cloud_provider = ? AND billing_period = ?",
                [str(cloud), period],
            )
            .fetchall()
        )
        return [(str(scope), str(account)) for scope, account in rows]

    def replace(self, batch: LoadBatch) -> None:
        """Replace the period by the batch, with its ledger row, in one transaction."""
        connection, ledger = batch.connection, batch.ledger
        key = [str(ledger.cloud_provider), ledger.scope, ledger.billing_period]
        connection.execute("BEGIN")
        try:
            for table in LOADED:
                if table.replaced is Replaced.PERIOD:
                    connection.execute(
                        f"DELETE FROM warehouse.{table.name}"
                        " WHERE cloud_provider = ? AND scope = ? AND billing_period = ?",
                        key,
                    )
                elif table.replaced is Replaced.LOAD:
                    connection.execute(
                        f"DELETE FROM warehouse.{table.name} WHERE load_id = ?", [ledger.load_id]
                    )
                columns = ", ".join(table.names)
                connection.execute(
                    f"INSERT INTO warehouse.{table.name} ({columns})"
                    f" SELECT {columns} FROM new_{table.name} ORDER BY ALL"
                )
            self._insert_ledger(connection, ledger)
            connection.execute("COMMIT")
        except BaseException:
            # A commit that failed has rolled back by itself.
            with contextlib.suppress(duckdb.TransactionException):
                connection.execute("ROLLBACK")
            raise
        with contextlib.suppress(NoRoom):  # tried again, and told, when the warehouse is closed
            self._publish(connection)

    def record(self, row: LedgerRow) -> None:
        """Add a row to the ledger that changes no other table."""
        self._insert_ledger(self._writer(), row)

    def _insert_ledger(self, connection: duckdb.DuckDBPyConnection, row: LedgerRow) -> None:
        holes = ", ".join("?" for _ in LEDGER.names)
        values = [str(value) if isinstance(value, Cloud) else value for value in row.values()]
        connection.execute(
            f"INSERT INTO warehouse.ledger ({', '.join(LEDGER.names)}) VALUES ({holes})", values
        )

    def _writer(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            raise WarehouseError(f"{self.path}: the warehouse is not open for writing.")
        return self._connection

    def _publish(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Copy the file for the readers when it has changed since the last copy.

        Raises:
            NoRoom: there is no room for a second copy.
        """
        with refusing_no_room(str(self.published), _UNPUBLISHED):
            connection.execute("CHECKPOINT warehouse")
            source = self.path.stat()
            with contextlib.suppress(FileNotFoundError):
                copy = self.published.stat()
                if (copy.st_mtime_ns, copy.st_size) == (source.st_mtime_ns, source.st_size):
                    return
            temporary = self.published.with_suffix(".tmp")
            try:
                shutil.copy2(self.path, temporary)
                temporary.replace(self.published)
            finally:
                temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def open_reader(path: Path) -> Generator[duckdb.DuckDBPyConnection, None, None]:
    """The published copy of the warehouse ``path``, read only.

    Raises:
        WarehouseError: nothing has been collected into it yet.
    """
    published = path.with_suffix(".read.duckdb")
    if not published.is_file():
        raise WarehouseError(
            f"{path}: there is no warehouse. Collect bills into it first:"
            f" python -m handlers collect FOLDER --warehouse duckdb:{path}"
        )
    with duckdb.connect() as connection:
        configure(connection, path.parent)
        connection.execute(f"ATTACH {literal(published)} AS warehouse (READ_ONLY)")
        connection.execute("USE warehouse")
        yield connection


def configure(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The engine's settings: the same answers everywhere, bounded memory, nothing downloaded."""
    folder.mkdir(parents=True, exist_ok=True)
    connection.execute("SET TimeZone = 'UTC'")
    LAPTOP.give(connection)
    connection.execute(f"SET temp_directory = {literal(folder / 'spill')}")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")


def _ddl(field: Field) -> str:
    return f"{field.name} {field.type}{'' if field.nullable else ' NOT NULL'}"


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0].rstrip(".")
