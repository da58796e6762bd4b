"""The hub as a warehouse: a load replaces its bill in one transaction, which is one job.

The job's id says which load it is and which load it replaces, so that two clients which do the same
start the same job once, and a run after one that died finds the job and waits for it. What a job
that failed changed is nothing; the next attempt has the next id.
"""

import contextlib
import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow, Status, current, ledger_row
from handlers.record import Cloud
from handlers.serving import HUB_WAREHOUSE
from handlers.tables import LEDGER
from handlers.warehouses import LoadBatch, Superseded
from handlers.warehouses.attempts import Undecided, attempt, fraction, moment, next_number
from handlers.warehouses.bigquery.compared import Differences, differences
from handlers.warehouses.bigquery.jobs import FinishedJob, Jobs, Parameters
from handlers.warehouses.bigquery.names import TableName
from handlers.warehouses.bigquery.staging import Staging
from handlers.warehouses.bigquery.statements import SUPERSEDED, Script, Statements
from handlers.warehouses.duckdb import configure

Bill = tuple[Cloud, str, date]
Stage = Callable[[str], Mapping[str, TableName]]
"""Stages a load's rows for the attempt of that name; the staged tables by their table's name."""


class BigQueryWarehouse:
    """The tables of ``dataset``; what is on its way is in ``staging_dataset``.

    ``folder`` is for files that live as long as a load. Bills are replaced against what ``history``
    said of them last: a load that another has overtaken since is refused as ``Superseded``.
    """

    name = HUB_WAREHOUSE

    def __init__(
        self, jobs: Jobs, project: str, dataset: str, staging_dataset: str, folder: Path
    ) -> None:
        self.jobs = jobs
        self.project = project
        self.staging = Staging(jobs, project, staging_dataset, folder)
        self._dataset = dataset
        self._statements = Statements(project, dataset)
        self._folder = folder
        self._decided_on: dict[Bill, int] = {}

    @contextlib.contextmanager
    def open(self) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """An engine in memory to read bills with; the tables are compared with the record first.

        Other processes may write at the same time.

        Raises:
            WarehouseError: the tables are not as they should be.
        """
        self.migrate()
        with duckdb.connect() as connection:
            configure(connection, self._folder)
            yield connection

    def migrate(self) -> None:
        """Compare the tables, which belong to the Pulumi program, with the record; idempotent.

        Adds only the rows that loads rely on: one for each cloud's lock, and the version.

        Raises:
            WarehouseError: names every table and column that is missing or has another type.
        """
        found = self.compare()
        if found.missing or found.otherwise:
            lines = [f"missing there: {name}" for name in found.missing] + list(found.otherwise)
            raise WarehouseError(
                f"The dataset {self._dataset} is not as this version needs it:\n  "
                + "\n  ".join(lines)
                + "\nRun 'pulumi up' of this version, which adds what is missing. A type can't be"
                " changed: copy the table, delete it there and collect from the archive."
            )
        self._run("lock_rows", self._statements.lock_rows(tuple(Cloud)))
        self._run("version_row", self._statements.version_row())

    def compare(self) -> Differences:
        """What the live tables have not, have more, or have otherwise than the record."""
        return differences(self.jobs, self.project, self._dataset)

    def history(self, cloud: Cloud, scope: str, period: date) -> Sequence[LedgerRow]:
        """The ledger's rows of that bill, oldest first."""
        rows = self._ledger("history", self._statements.history(cloud, scope, period))
        self._decided_on[cloud, scope, period] = moment(current(rows))
        return rows

    def loaded(self) -> Sequence[LedgerRow]:
        """The ledger's row of every bill whose rows are in the tables."""
        return self._ledger("loaded", self._statements.loaded())

    def held(self) -> Sequence[LedgerRow]:
        """The rows of loads that wait for a person's decision."""
        return self._ledger("held", self._statements.held())

    def costs(self, cloud: Cloud, scope: str, period: date) -> Mapping[tuple[str, str], Decimal]:
        """What a loaded bill costs in USD per model and customer."""
        rows = self._rows("costs", self._statements.costs(cloud, scope, period))
        return {(row["model"], row["customer_id"]): Decimal(row["cost_usd"]) for row in rows}

    def accounts(self, cloud: Cloud, period: date) -> Sequence[tuple[str, str]]:
        """Scope and account of everything that is loaded for that month."""
        rows = self._rows("accounts", self._statements.accounts(cloud, period))
        return [(str(row["scope"]), str(row["key"])) for row in rows]

    def replace(self, batch: LoadBatch) -> None:
        """Replace the period by the batch, with its ledger row, in one transaction.

        Raises:
            Superseded: another load of the bill was committed since ``history`` was asked.
            StillRunning: it goes on; the next run waits for it.
            WarehouseError: it failed, nothing was changed, and the ledger says so.
        """
        cloud = batch.ledger.cloud_provider
        self.replace_by(
            batch.ledger, lambda attempt: self.staging.fill(batch.connection, cloud, attempt)
        )

    def replace_by(self, row: LedgerRow, stage: Stage) -> None:
        """``replace`` by rows that ``stage`` puts into the staging dataset; raises what it does."""
        number = self._next_number(row)
        if number is None:
            return
        mine = f"{row.load_id}_{uuid4().hex[:12]}"
        try:
            staged = stage(mine)
            with self.staging.dropping(staged.values()):
                end = self._commit(row, staged, number, fraction(mine))
            _refuse_failure(row, end)
        except (Superseded, Undecided):
            raise
        except WarehouseError as error:
            with contextlib.suppress(WarehouseError):
                self.record(replace(row, status=Status.FAILED, error=str(error)))
            raise

    def is_committed(self, row: LedgerRow) -> bool:
        """Whether this load was committed by a client that did not live to see it.

        Waits for its job where that is still running.

        Raises:
            StillRunning: it goes on; the next run waits for it.
        """
        return self._next_number(row) is None

    def record(self, row: LedgerRow) -> None:
        """Add a row to the ledger that changes no other table."""
        script = self._statements.record(row)
        self._run("record", script, f"record_{_digest(script.parameters)}")

    def _next_number(self, row: LedgerRow) -> int | None:
        """The number of the load's next job; None when one has committed it."""
        return next_number(self.jobs, "replace", self._job_id(row))

    def _commit(
        self, row: LedgerRow, staged: Mapping[str, TableName], number: int, part: float
    ) -> FinishedJob:
        """The end of the job that committed the load, or of the last that could not."""
        script = self._statements.replace(row, self._replaces(row), staged)
        return attempt(
            self.jobs,
            self._job_id(row),
            number,
            part,
            lambda job_id: self.jobs.run("replace", script.sql, script.parameters, job_id),
        )

    def _replaces(self, row: LedgerRow) -> int:
        """What ``history`` said last of the bill: when the load in the tables was committed."""
        bill = (row.cloud_provider, row.scope, row.billing_period)
        if bill not in self._decided_on:
            self.history(*bill)
        return self._decided_on[bill]

    def _job_id(self, row: LedgerRow) -> str:
        """The same for the same load in place of the same one, whoever does it."""
        return f"replace_{row.load_id}_{self._replaces(row)}"

    def _ledger(self, what: str, script: Script) -> Sequence[LedgerRow]:
        rows = self._rows(what, script)
        return [
            ledger_row(LEDGER.names, [_stored(row[name]) for name in LEDGER.names]) for row in rows
        ]

    def _rows(self, what: str, script: Script) -> list[dict[str, Any]]:
        return self.jobs.rows(what, script.sql, script.parameters)

    def _run(self, what: str, script: Script, job_id: str | None = None) -> None:
        end = self.jobs.run(what, script.sql, script.parameters, job_id or f"{what}_{uuid4().hex}")
        if end.error:
            raise WarehouseError(f"BigQuery: {what} failed: {end.error} (job {end.job_id}).")


def telling(
    tell: Callable[[str, Mapping[str, object]], object],
) -> Callable[[FinishedJob], None]:
    """What tells of each job what it was billed for."""

    def finished(job: FinishedJob) -> None:
        message = f"BigQuery: {job.what}: {job.bytes_billed} bytes billed"
        tell(message, {"job_id": job.job_id, "bytes_billed": job.bytes_billed})

    return finished


def _refuse_failure(row: LedgerRow, end: FinishedJob) -> None:
    if SUPERSEDED in end.error:
        raise Superseded(f"{row.scope} {row.billing_period:%Y-%m}: {SUPERSEDED}")
    if end.error:
        raise WarehouseError(
            f"BigQuery: the load was not committed: {end.error} (job {end.job_id}). Nothing was"
            " changed: run it again."
        )


def _stored(value: object) -> object:
    """A value as ``LedgerRow`` has it: times are UTC without saying so."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _digest(parameters: Parameters) -> str:
    text = "\n".join(f"{name}={value!r}" for name, value in sorted(parameters.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
