"""Rows on their way into BigQuery: parquet files loaded into tables of the attempt's own.

Amounts are decimals in the file and NUMERIC in the table:
https://docs.cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#decimal_logical_type
"""

import json
import tempfile
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from google.api_core.exceptions import Conflict
from google.cloud import bigquery

from handlers.errors import WarehouseError
from handlers.quoting import literal
from handlers.record import Cloud
from handlers.tables import FACTS, LOADED, Table
from handlers.warehouses.attempts import Undecided
from handlers.warehouses.bigquery.jobs import UNREACHABLE, Jobs, unreachable
from handlers.warehouses.bigquery.names import TableName
from handlers.warehouses.bigquery.schema import FACT_TABLES, WAREHOUSE
from handlers.warehouses.bigquery.schema import tables as hub_tables

_SCHEMAS = {table.name: table.schema_json for table in hub_tables()}
_FIELD: Any = bigquery.SchemaField
_PARQUET = {"TIMESTAMP": "TIMESTAMPTZ"}
_UPLOAD_RETRIES = 3
"""With pauses of 1, 2 and 4 seconds."""
_UPLOAD_SECONDS = 120.0


@dataclass(frozen=True)
class Staging:
    """The staging dataset; its tables expire by themselves, should one be left behind."""

    jobs: Jobs
    project: str
    dataset: str
    folder: Path

    def __post_init__(self) -> None:
        self.name("checked", "checked")

    def name(self, attempt: str, table: str) -> TableName:
        """A table of an attempt."""
        return TableName(self.project, self.dataset, f"{attempt}_{table}")

    def fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        cloud: Cloud,
        attempt: str,
        tables: Sequence[Table] = LOADED,
    ) -> dict[str, TableName]:
        """Stage the relations ``new_<table>`` of ``tables``; the staged that have rows, by name.

        Raises:
            WarehouseError: a file was not taken.
        """
        staged: dict[str, TableName] = {}
        try:
            self._fill(connection, cloud, attempt, tables, staged)
        except WarehouseError:
            self.drop(staged.values())
            raise
        return staged

    def _fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        cloud: Cloud,
        attempt: str,
        tables: Sequence[Table],
        staged: dict[str, TableName],
    ) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            started: list[tuple[str, int]] = []
            for table in tables:
                rows = _count(connection, table)
                if not rows:
                    continue
                file = Path(folder) / f"{table.name}.parquet"
                _write(connection, table, file)
                name = self.name(attempt, table.name)
                staged[table.name] = name
                started.append((self._load(file, name, _schema(table, cloud)), rows))
                file.unlink()
            for job_id, rows in started:
                self._check(job_id, rows)

    @contextmanager
    def dropping(self, names: Collection[TableName]) -> Generator[None]:
        """Remove staged tables after the block, unless a job may still read them (Undecided)."""
        try:
            yield
        except Undecided:
            raise
        except WarehouseError:
            self.drop(names)
            raise
        self.drop(names)

    def drop(self, names: Iterable[TableName]) -> None:
        """Remove staged tables; one that can't be removed now expires."""
        for name in names:
            with suppress(*UNREACHABLE):
                self.jobs.client.delete_table(
                    _plain(name), not_found_ok=True, retry=self.jobs.retry()
                )

    def _load(self, file: Path, name: TableName, schema: Sequence[bigquery.SchemaField]) -> str:
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            schema=list(schema),
            write_disposition=bigquery.WriteDisposition.WRITE_EMPTY,
        )
        config.decimal_target_types = [bigquery.DecimalTargetType.NUMERIC]
        job_id = f"stage_{name.table}"
        try:
            with file.open("rb") as stream, suppress(Conflict):
                self.jobs.client.load_table_from_file(
                    stream,
                    _plain(name),
                    size=file.stat().st_size,
                    job_id=job_id,
                    job_config=config,
                    location=self.jobs.location,
                    # The client's own are 6, a minute of pauses, and an answer waited for for ever.
                    num_retries=_UPLOAD_RETRIES,
                    timeout=max(1.0, min(_UPLOAD_SECONDS, self.jobs.remaining())),
                )
        except UNREACHABLE as error:
            raise unreachable("staging", error) from error
        return job_id

    def _check(self, job_id: str, rows: int) -> None:
        job = self.jobs.find(job_id)
        if job is None:
            raise WarehouseError(f"BigQuery: the staging job {job_id} is not there. Run it again.")
        end = self.jobs.wait("staging", job)
        if end.error:
            raise WarehouseError(f"BigQuery: staging failed: {end.error} (job {job_id}).")
        written = getattr(self.jobs.find(job_id), "output_rows", None)
        if written is not None and int(written) != rows:
            raise WarehouseError(
                f"BigQuery: {written} of {rows} rows were staged (job {job_id}). Nothing was"
                " changed: run it again."
            )


def _count(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    row = connection.execute(f"SELECT count(*) FROM new_{table.name}").fetchone()
    return int(row[0]) if row else 0


def _write(connection: duckdb.DuckDBPyConnection, table: Table, file: Path) -> None:
    # A TIMESTAMP of parquet that does not say it is UTC would be a DATETIME in BigQuery.
    cells = ", ".join(
        f"CAST({field.name} AS {_PARQUET.get(field.type, field.type)}) AS {field.name}"
        for field in table.fields
        if field.name != WAREHOUSE.name
    )
    connection.execute(
        f"COPY (SELECT {cells} FROM new_{table.name}) TO {literal(file)}"
        " (FORMAT parquet, COMPRESSION zstd)"
    )


def _schema(table: Table, cloud: Cloud) -> list[bigquery.SchemaField]:
    name = FACT_TABLES[cloud] if table is FACTS else table.name
    fields: list[dict[str, Any]] = json.loads(_SCHEMAS[name])
    return [_FIELD.from_api_repr(field) for field in fields if field["name"] != WAREHOUSE.name]


def _plain(name: TableName) -> str:
    return str(name).strip("`")
