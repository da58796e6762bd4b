"""Rows on their way into Redshift, and out of it: parquet files in S3 under an attempt's own key.

Amounts are decimals in the file and in the table. What is left behind is removed by the bucket's
lifecycle rule.
"""

import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
from boto3.exceptions import Boto3Error

from handlers.errors import WarehouseError
from handlers.quoting import literal, quoted
from handlers.tables import LOADED, Table
from handlers.warehouses.duckdb import configure
from handlers.warehouses.redshift.jobs import UNREACHABLE, unreachable
from handlers.warehouses.redshift.names import Place
from handlers.warehouses.redshift.schema import cut_sql
from handlers.warehouses.redshift.statements import staged_columns

Client: TypeAlias = Any
"""boto3's ``s3``."""

_MOST_KEYS = 1000
"""Of one request that removes objects."""


@dataclass(frozen=True)
class Staging:
    """A prefix of a bucket in Redshift's region; ``folder`` is for files on their way."""

    client: Client
    place: Place
    folder: Path

    def fill(self, connection: duckdb.DuckDBPyConnection, attempt: str) -> dict[str, Place]:
        """Stage the temporary tables ``new_<table>``; the places of those that have rows, by name.

        Raises:
            WarehouseError: a file was not taken.
        """
        staged: dict[str, Place] = {}
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            for table in LOADED:
                if not _count(connection, table):
                    continue
                file = Path(folder) / f"{table.name}.parquet"
                write_table(connection, table, file)
                refuse_other_order(connection, table, file)
                place = self.place.below(f"{attempt}/{file.name}")
                try:
                    self.client.upload_file(str(file), place.bucket, place.key)
                except (*UNREACHABLE, Boto3Error) as error:
                    raise unreachable("staging", error) from error
                staged[table.name] = place
                file.unlink()
        return staged

    def fetch(self, attempt: str, table: Table, file: Path) -> None:
        """Write what was unloaded of ``table`` for the attempt, no row included, to ``file``.

        Raises:
            WarehouseError: it can't be read.
        """
        prefix = self.unloaded(attempt, table)
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as folder,
            duckdb.connect() as connection,
        ):
            parts: list[str] = []
            try:
                for number, key in enumerate(self._keys(prefix.key)):
                    parts.append(str(Path(folder) / f"{number}.parquet"))
                    self.client.download_file(prefix.bucket, key, parts[-1])
            except (*UNREACHABLE, Boto3Error) as error:
                raise unreachable("fetching what was unloaded", error) from error
            configure(connection, self.folder)
            columns = ", ".join(f'"{field.name}" {field.type}' for field in table.fields)
            connection.execute(f"CREATE TABLE found ({columns})")
            for part in parts:
                connection.execute(
                    f"INSERT INTO found BY NAME SELECT * FROM read_parquet({literal(part)})"
                )
            connection.execute(f"COPY found TO {literal(file)} (FORMAT parquet)")

    def unloaded(self, attempt: str, table: Table) -> Place:
        """Where the attempt unloads the table: the beginning of its files' keys."""
        return self.place.below(f"{attempt}/{table.name}_")

    def drop(self, attempt: str) -> None:
        """Remove what the attempt staged; what can't be removed now expires."""
        with contextlib.suppress(*UNREACHABLE):
            keys = self._keys(self.place.below(f"{attempt}/").key)
            for first in range(0, len(keys), _MOST_KEYS):
                objects = [{"Key": key} for key in keys[first : first + _MOST_KEYS]]
                self.client.delete_objects(
                    Bucket=self.place.bucket, Delete={"Objects": objects, "Quiet": True}
                )

    def _keys(self, prefix: str) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.place.bucket, Prefix=prefix
        )
        found: list[Mapping[str, Any]] = [
            each for page in pages for each in page.get("Contents", ())
        ]
        return [str(each["Key"]) for each in found]


def refuse_other_order(connection: duckdb.DuckDBPyConnection, table: Table, file: Path) -> None:
    """Refuse a file whose columns are not those of the staged table, in the same order.

    COPY puts the first column of a parquet file into the table's first column, whatever the names:
    https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html

    Raises:
        WarehouseError: names the first difference.
    """
    described = connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet({literal(file)})"
    ).fetchall()
    found = [f"{row[0]} {str(row[1]).replace(' ', '')}" for row in described]
    wanted = [f"{name} {kind}" for name, kind in staged_columns(table)]
    if found != wanted:
        pairs = zip_longest(found, wanted, fillvalue="nothing")
        differ = [f"{there} for {here}" for there, here in pairs if there != here]
        raise WarehouseError(
            f"{file.name} has {len(found)} columns for {len(wanted)}: {', '.join(differ[:3])}."
            " Nothing was changed: this is a defect, please report it."
        )


def _cells(table: Table) -> str:
    """The cells of a table's file in DuckDB's SQL, in order."""
    cells = {
        field.name: cut_sql(table, field) if field.type == "VARCHAR" else quoted(field.name)
        for field in table.fields
    }
    return ", ".join(
        f"CAST({cells[name]} AS {kind}) AS {quoted(name)}" for name, kind in staged_columns(table)
    )


def _count(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    row = connection.execute(f"SELECT count(*) FROM new_{table.name}").fetchone()
    return int(row[0]) if row else 0


def write_table(connection: duckdb.DuckDBPyConnection, table: Table, file: Path) -> None:
    """Write the temporary table ``new_<table>`` as COPY takes it, long texts cut."""
    connection.execute(
        f"COPY (SELECT {_cells(table)} FROM new_{table.name})"
        f" TO {literal(file)} (FORMAT parquet, COMPRESSION snappy)"
    )
