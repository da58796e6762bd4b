"""Azure SQL as a warehouse: a load replaces its bill in one transaction, under a lock.

The load's rows are staged before it by bulk copy. A transaction whose end was not seen is tried
again, and finds by the ledger whether it was committed.
"""

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow, Status, current, ledger_row
from handlers.record import Cloud
from handlers.serving import NATIVE_WAREHOUSES
from handlers.tables import LEDGER
from handlers.warehouses import LoadBatch, Superseded
from handlers.warehouses.attempts import Undecided
from handlers.warehouses.azuresql import migration, publications, statements
from handlers.warehouses.azuresql.commit import Commit
from handlers.warehouses.azuresql.names import Principal
from handlers.warehouses.azuresql.port import Database, Row, Session
from handlers.warehouses.azuresql.staging import Staging
from handlers.warehouses.azuresql.statements import Statement
from handlers.warehouses.duckdb import configure

Bill = tuple[Cloud, str, date]


@dataclass(frozen=True)
class Administration:
    """The same database as its administrator reaches it, and who gets a user there."""

    database: Database
    principals: Sequence[Principal]


def _now() -> datetime:
    return datetime.now(UTC)


class AzureSqlWarehouse:
    """The tables of ``database``.

    ``folder`` is for files that live as long as a load. Bills are replaced against what ``history``
    said of them last: a load that another has overtaken since is refused as ``Superseded``.
    ``administration`` is for ``migrate`` alone; loads need none of its rights.
    """

    name = NATIVE_WAREHOUSES[Cloud.AZURE]

    def __init__(
        self,
        database: Database,
        folder: Path,
        administration: Administration | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.database = database
        self.staging = Staging(database, now)
        self._folder = folder
        self._administration = administration
        self._now = now
        self._decided_on: dict[Bill, datetime | None] = {}
        self._waiting: dict[str, datetime] = {}

    @contextlib.contextmanager
    def open(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """An engine in memory to read bills with; the tables' version is looked at first.

        Other processes may write at the same time.

        Raises:
            WarehouseError: the tables are not there, or older than this version.
        """
        self.database.run("looking at the tables", migration.refuse_old_tables)
        with duckdb.connect() as connection:
            configure(connection, self._folder)
            yield connection

    def migrate(self) -> None:
        """Create the tables and columns that are missing, and the users; idempotent.

        Raises:
            WarehouseError: names every column that has another type than it should have.
        """
        administration = self._administration
        if administration is None:
            raise WarehouseError(
                "Azure SQL: nobody here administers the database. Send the command migrate to the"
                " Function App, or log in as the server's Entra administrator."
            )

        def migrate(session: Session) -> None:
            migration.migrate(session, administration.principals, _plain(self._now()))

        administration.database.run("migrate", migrate)

    def history(self, cloud: Cloud, scope: str, period: date) -> Sequence[LedgerRow]:
        """The ledger's rows of that bill, oldest first."""
        rows = self._ledger("history", statements.history(cloud, scope, period))
        loaded = current(rows)
        self._decided_on[cloud, scope, period] = loaded.finished_at if loaded else None
        return rows

    def loaded(self) -> Sequence[LedgerRow]:
        """The ledger's row of every bill whose rows are in the tables."""
        return self._ledger("loaded", statements.loaded())

    def held(self) -> Sequence[LedgerRow]:
        """The rows of loads that wait for a person's decision."""
        return self._ledger("held", statements.held())

    def costs(self, cloud: Cloud, scope: str, period: date) -> Mapping[tuple[str, str], Decimal]:
        """What a loaded bill costs in USD per model and customer."""
        rows = self._rows("costs", statements.costs(cloud, scope, period))
        return {(str(model), str(customer)): Decimal(cost) for model, customer, cost in rows}

    def accounts(self, cloud: Cloud, period: date) -> Sequence[tuple[str, str]]:
        """Scope and account of everything that is loaded for that month."""
        rows = self._rows("accounts", statements.accounts(cloud, period))
        return [(str(scope), str(account)) for scope, account in rows]

    def replace(self, batch: LoadBatch) -> None:
        """Replace the period by the batch, with its ledger row, in one transaction.

        Raises:
            Superseded: another load of the bill was committed since ``history`` was asked.
            Undecided: the database did not answer in time; the next run finds out by the ledger.
            WarehouseError: it failed, nothing was changed, and the ledger says so.
        """
        row = batch.ledger
        try:
            attempt = self.staging.fill(batch.connection, row)
            commit = Commit(row, self._replaces(row), attempt)
            self.database.run("the load", commit.once)
            self.staging.drop(attempt)
        except (Superseded, Undecided):
            raise
        except WarehouseError as error:
            with contextlib.suppress(WarehouseError):
                self.record(replace(row, status=Status.FAILED, error=str(error)))
            raise

    def record(self, row: LedgerRow) -> None:
        """Add a row to the ledger that changes no other table but the outbox."""
        self.database.run("writing the ledger", Commit(row).once)

    def unpublished(self) -> Sequence[LedgerRow]:
        """The ledger's rows that the hub has not, oldest first; see ``outbox``."""
        rows = self._ledger("unpublished", statements.unpublished())
        self._waiting = {row.load_id: row.finished_at for row in rows}
        return rows

    def publication(self, row: LedgerRow, folder: Path) -> Mapping[str, Path]:
        """What the hub is told of ``row``, as files in ``folder``; see ``outbox``."""

        def read(session: Session) -> Mapping[str, Path]:
            return publications.read(session, row, folder)

        return self.database.run("publication", read)

    def published(self, load_id: str, at: datetime) -> None:
        """Note that the hub has what ``unpublished`` gave of that load; see ``outbox``."""
        until = self._waiting.get(load_id, _plain(at))
        statement = statements.published(load_id, until, _plain(at))

        def note(session: Session) -> int:
            return migration.run(session, statement)

        self.database.run("published", note)

    def _replaces(self, row: LedgerRow) -> datetime | None:
        """When the load was committed that ``history`` said last stands in the tables."""
        bill = (row.cloud_provider, row.scope, row.billing_period)
        if bill not in self._decided_on:
            self.history(*bill)
        return self._decided_on[bill]

    def _ledger(self, what: str, statement: Statement) -> Sequence[LedgerRow]:
        return [ledger_row(LEDGER.names, row) for row in self._rows(what, statement)]

    def _rows(self, what: str, statement: Statement) -> list[Row]:
        def rows(session: Session) -> list[Row]:
            return migration.fetch(session, statement)

        return self.database.run(what, rows)


def _plain(moment: datetime) -> datetime:
    """A moment as the tables have it: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)
