"""What other warehouses publish, in the hub's shared tables: replaced by one job per publication.

Rows are told apart by the column ``warehouse``. The job's id says whose load it is and when that
was committed, so that a publication which is tried again, or by two at once, is done once.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import duckdb

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow
from handlers.quoting import literal
from handlers.tables import DIGESTS, LEDGER, PUBLISHED_TO_HUB, Table
from handlers.warehouses import Superseded
from handlers.warehouses.attempts import attempt, fraction, moment, next_number
from handlers.warehouses.bigquery.jobs import Jobs
from handlers.warehouses.bigquery.staging import Staging
from handlers.warehouses.bigquery.statements import SUPERSEDED, Statements
from handlers.warehouses.duckdb import configure


class HubPublications:
    """The shared tables of ``dataset``; what is on its way is in ``staging_dataset``."""

    def __init__(
        self, jobs: Jobs, project: str, dataset: str, staging_dataset: str, folder: Path
    ) -> None:
        self._jobs = jobs
        self._project = project
        self._dataset = dataset
        self._staging = Staging(jobs, project, staging_dataset, folder)
        self._folder = folder

    def replace(self, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
        """See ``outbox.Hub``: the row, its load's digests and its bill's rows."""
        self._replace(f"publish_{warehouse}", warehouse, row, files, PUBLISHED_TO_HUB)

    def add(self, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
        """See ``outbox.Hub``: the row and its load's digests."""
        self._replace(f"note_{warehouse}", warehouse, row, files, (LEDGER, DIGESTS))

    def _replace(
        self,
        what: str,
        warehouse: str,
        row: LedgerRow,
        files: Mapping[str, Path],
        tables: Sequence[Table],
    ) -> None:
        committed = moment(row)
        name = f"{what}_{row.load_id}_{committed}"
        number = next_number(self._jobs, what, name)
        if number is None:
            return
        mine = f"{row.load_id}_{uuid4().hex[:12]}"
        with duckdb.connect() as connection:
            configure(connection, self._folder)
            for table in tables:
                connection.execute(
                    f"CREATE TEMP VIEW new_{table.name} AS"
                    f" SELECT * FROM read_parquet({literal(files[table.name])})"
                )
            staged = self._staging.fill(connection, row.cloud_provider, mine, tables)
        script = Statements(self._project, self._dataset, warehouse).publish(
            row, committed, tables, staged
        )
        end = attempt(
            self._jobs,
            name,
            number,
            fraction(mine),
            lambda job_id: self._jobs.run(what, script.sql, script.parameters, job_id),
        )
        self._staging.drop(staged.values())
        if SUPERSEDED in end.error:
            raise Superseded(f"{row.scope} {row.billing_period:%Y-%m}: {SUPERSEDED}")
        if end.error:
            raise WarehouseError(
                f"BigQuery: load {row.load_id} of {warehouse} was not published: {end.error}"
                f" (job {end.job_id}). Nothing was changed in the hub: the next run tries again."
            )
