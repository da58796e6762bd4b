"""Redshift as a warehouse: a load replaces its bill in one transaction, which is one batch.

The batch's name says which load it is and which load it replaces; see ``attempts``.
"""

import contextlib
import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import duckdb

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow, Status, current, ledger_row
from handlers.record import Cloud
from handlers.serving import NATIVE_WAREHOUSES
from handlers.tables import LEDGER, PUBLISHED_TO_HUB, VERSION
from handlers.warehouses import LoadBatch, Superseded
from handlers.warehouses.attempts import Undecided, attempt, fraction, moment, next_number
from handlers.warehouses.duckdb import configure
from handlers.warehouses.redshift.compared import batches, differences
from handlers.warehouses.redshift.jobs import MOST_STATEMENTS, Batch, FinishedJob, Jobs
from handlers.warehouses.redshift.schema import create_focus_view
from handlers.warehouses.redshift.staging import Staging
from handlers.warehouses.redshift.statements import (
    CHECKED,
    NEVER,
    Staged,
    Statements,
    ledger_parameters,
)

_KINDS = {field.name: field.type for field in LEDGER.fields}

Bill = tuple[Cloud, str, date]


class RedshiftWarehouse:
    """The tables of one database; what is on its way is in ``staging``.

    ``role`` is what Redshift reaches the staging bucket with. Bills are replaced against what
    ``history`` said of them last: a load that another has overtaken since is refused as
    ``Superseded``.
    """

    name = NATIVE_WAREHOUSES[Cloud.AWS]

    def __init__(self, jobs: Jobs, staging: Staging, role: str) -> None:
        self.jobs = jobs
        self.staging = staging
        self._statements = Statements(role)
        self._decided_on: dict[Bill, LedgerRow | None] = {}
        self._waiting: dict[str, datetime] = {}

    @contextlib.contextmanager
    def open(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """An engine in memory to read bills with; the tables are made or mended first.

        Other processes may write at the same time.

        Raises:
            WarehouseError: the tables are not as they should be.
        """
        self.migrate()
        with duckdb.connect() as connection:
            configure(connection, self.staging.folder)
            yield connection

    def migrate(self) -> None:
        """Create what is missing, and add columns that are new; idempotent.

        Raises:
            WarehouseError: names every column that has another type than it should have.
        """
        found = differences(self.jobs)
        if found.otherwise:
            raise WarehouseError(
                "Redshift's tables are not as this version needs them:\n  "
                + "\n  ".join(found.otherwise)
                + "\nA type can't be changed: rename the table, run again, and collect from the"
                " archive."
            )
        for batch in batches(found.missing, MOST_STATEMENTS):
            end = self.jobs.run("migrate", batch, f"migrate_{uuid4().hex}")
            # Of two who migrate at once one fails; what it wanted is there then.
            if end.error and differences(self.jobs).missing:
                raise WarehouseError(
                    f"Redshift: migrate failed: {end.error} (statement {end.statement_id})."
                )
        (known,) = self.jobs.rows("version", self._statements.version())
        if known["version"] != VERSION:
            self._make_view()
            self._run("version_row", self._statements.version_row(), f"version_{uuid4().hex}")

    def _make_view(self) -> None:
        batch = Batch((create_focus_view(),), {})
        # Of two who make it at once one fails, and finds it free when it tries again.
        with contextlib.suppress(WarehouseError):
            self._run("view", batch, f"view_{uuid4().hex}")
            return
        self._run("view", batch, f"view_{uuid4().hex}")

    def history(self, cloud: Cloud, scope: str, period: date) -> Sequence[LedgerRow]:
        """The ledger's rows of that bill, oldest first."""
        rows = self._ledger("history", self._statements.history(cloud, scope, period))
        self._decided_on[cloud, scope, period] = current(rows)
        return rows

    def loaded(self) -> Sequence[LedgerRow]:
        """The ledger's row of every bill whose rows are in the tables."""
        return self._ledger("loaded", self._statements.loaded())

    def held(self) -> Sequence[LedgerRow]:
        """The rows of loads that wait for a person's decision."""
        return self._ledger("held", self._statements.held())

    def costs(self, cloud: Cloud, scope: str, period: date) -> Mapping[tuple[str, str], Decimal]:
        """What a loaded bill costs in USD per model and customer."""
        rows = self.jobs.rows("costs", self._statements.costs(cloud, scope, period))
        return {(row["model"], row["customer_id"]): Decimal(row["cost_usd"]) for row in rows}

    def accounts(self, cloud: Cloud, period: date) -> Sequence[tuple[str, str]]:
        """Scope and account of everything that is loaded for that month."""
        rows = self.jobs.rows("accounts", self._statements.accounts(cloud, period))
        return [(str(row["scope"]), str(row["key"])) for row in rows]

    def replace(self, batch: LoadBatch) -> None:
        """Replace the period by the batch, with its ledger row, in one transaction.

        Raises:
            Superseded: another load of the bill was committed since ``history`` was asked.
            StillRunning: it goes on; the next run waits for it.
            WarehouseError: it failed, nothing was changed, and the ledger says so.
        """
        row = batch.ledger
        name = f"replace_{row.load_id}_{moment(self._replaces(row))}"
        number = next_number(self.jobs, "replace", name)
        if number is None:
            return
        suffix = uuid4().hex[:12]
        mine = f"{row.load_id}_{suffix}"
        try:
            staged = Staged(suffix, self.staging.fill(batch.connection, mine))
            end = self._commit(row, staged, name, number)
            self.staging.drop(mine)
            _refuse_failure(row, end)
        except (Superseded, Undecided):
            raise
        except WarehouseError as error:
            with contextlib.suppress(WarehouseError):
                self.record(replace(row, status=Status.FAILED, error=str(error)))
            raise

    def record(self, row: LedgerRow) -> None:
        """Add a row to the ledger that changes no other table."""
        text = "\n".join(f"{name}={value!r}" for name, value in ledger_parameters(row).items())
        digest = hashlib.sha256(text.encode()).hexdigest()[:32]
        self._run("record", self._statements.record(row), f"record_{digest}")

    def unpublished(self) -> Sequence[LedgerRow]:
        """The ledger's rows that the hub has not, oldest first; see ``outbox``."""
        rows = self._ledger("unpublished", self._statements.unpublished())
        self._waiting = {row.load_id: row.finished_at for row in rows}
        return rows

    def publication(self, row: LedgerRow, folder: Path) -> Mapping[str, Path]:
        """What the hub is told of ``row``, as files in ``folder``; see ``outbox``."""
        suffix = uuid4().hex[:12]
        mine = f"{row.load_id}_{suffix}"
        places = {table.name: self.staging.unloaded(mine, table) for table in PUBLISHED_TO_HUB}
        batch = self._statements.publication(row, suffix, places)
        self._run("publication", batch, f"publication_{mine}")
        files: dict[str, Path] = {}
        for table in PUBLISHED_TO_HUB:
            files[table.name] = folder / f"{table.name}.parquet"
            self.staging.fetch(mine, table, files[table.name])
        self.staging.drop(mine)
        return files

    def published(self, load_id: str, at: datetime) -> None:
        """Note that the hub has what ``unpublished`` gave of that load; see ``outbox``."""
        until = self._waiting.get(load_id, at.replace(tzinfo=None))
        batch = self._statements.published(load_id, until, at)
        self._run("published", batch, f"published_{load_id}_{uuid4().hex}")

    def _commit(self, row: LedgerRow, staged: Staged, name: str, number: int) -> FinishedJob:
        """The end of the batch that committed the load, or of the last that could not."""
        replaced = self._replaces(row)
        since = NEVER if replaced is None else replaced.finished_at
        batch = self._statements.replace(row, since, staged)
        return attempt(
            self.jobs,
            name,
            number,
            fraction(staged.suffix),
            lambda numbered: self.jobs.run("replace", batch, numbered),
        )

    def _replaces(self, row: LedgerRow) -> LedgerRow | None:
        """What ``history`` said last of the bill: the load whose rows are in the tables."""
        bill = (row.cloud_provider, row.scope, row.billing_period)
        if bill not in self._decided_on:
            self.history(*bill)
        return self._decided_on[bill]

    def _ledger(self, what: str, batch: Batch) -> Sequence[LedgerRow]:
        return [
            ledger_row(LEDGER.names, [_stored(name, row[name]) for name in LEDGER.names])
            for row in self.jobs.rows(what, batch)
        ]

    def _run(self, what: str, batch: Batch, name: str) -> None:
        end = self.jobs.run(what, batch, name)
        if end.error:
            raise WarehouseError(
                f"Redshift: {what} failed: {end.error} (statement {end.statement_id})."
            )


def telling(
    tell: Callable[[str, Mapping[str, object]], object],
) -> Callable[[FinishedJob], None]:
    """What tells of each batch that ended."""

    def finished(job: FinishedJob) -> None:
        tell(f"Redshift: {job.what} ended", {"statement_id": job.statement_id})

    return finished


def _refuse_failure(row: LedgerRow, end: FinishedJob) -> None:
    if end.failed_at == CHECKED:
        raise Superseded(
            f"{row.scope} {row.billing_period:%Y-%m}: another load of this bill was committed"
            " first."
        )
    if end.error:
        raise WarehouseError(
            f"Redshift: the load was not committed: {end.error} (statement {end.statement_id})."
            " Nothing was changed: run it again."
        )


def _stored(name: str, value: object) -> object:
    """A value as ``LedgerRow`` has it; the Data API writes all but whole numbers as texts."""
    if value is None:
        return None
    match _KINDS[name]:
        case "DATE":
            return date.fromisoformat(str(value))
        case "TIMESTAMP":
            return datetime.fromisoformat(str(value))
        case "VARCHAR" | "BIGINT":
            return value
        case _:
            return Decimal(str(value))
