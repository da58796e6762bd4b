"""What Redshift does with parquet files in S3: COPY by the columns' places, UNLOAD to one file."""

import tempfile
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import psycopg

from tests.fakes.redshift_sql import Copy, Unload

Client: TypeAlias = Any
"""boto3's ``s3``."""

_TYPES = {
    16: "BOOLEAN", 20: "BIGINT", 21: "SMALLINT", 23: "INTEGER", 25: "VARCHAR", 1043: "VARCHAR",
    1082: "DATE", 1114: "TIMESTAMP", 1700: "DECIMAL(38,9)",
}  # fmt: skip
"""DuckDB's types by PostgreSQL's numbers for its own."""

_TAKES = {
    "character varying": "VARCHAR", "date": "DATE", "bigint": "BIGINT", "integer": "INTEGER",
    "timestamp without time zone": "TIMESTAMP", "numeric": "DECIMAL(38,9)",
}  # fmt: skip
"""What a column takes from a parquet file; a SMALLINT takes nothing that parquet has."""

_AT_ONCE = 200
"""Rows of one INSERT: a statement for each takes most of a test's time."""


class Unreadable(Exception):
    """Redshift does not load these files."""


def copy(cursor: "psycopg.Cursor[Any]", s3: Client, wanted: Copy) -> None:
    """Load everything under the prefix, or fail."""
    listed = s3.list_objects_v2(Bucket=wanted.bucket, Prefix=wanted.prefix)
    keys = [each["Key"] for each in listed.get("Contents", ())]
    if not keys:
        raise Unreadable(f"The specified S3 prefix '{wanted.prefix}' does not exist")
    table, schema = wanted.table.rpartition(".")[2], wanted.table.rpartition(".")[0]
    cursor.execute(
        "SELECT data_type FROM information_schema.columns WHERE table_name = %s"
        " AND (table_schema = %s OR table_schema LIKE 'pg_temp%%') ORDER BY ordinal_position",
        [table, schema],
    )
    columns = [_TAKES.get(str(row[0]), "nothing") for row in cursor.fetchall()]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as engine:
        for number, key in enumerate(keys):
            file = Path(folder) / f"{number}.parquet"
            s3.download_file(wanted.bucket, key, str(file))
            found = engine.execute(f"DESCRIBE SELECT * FROM read_parquet('{file}')").fetchall()
            types = [str(row[1]) for row in found]
            if types != columns:
                raise Unreadable(
                    f"{wanted.table} has an incompatible Parquet schema: {types} for {columns}"
                )
            rows = engine.execute(f"SELECT * FROM read_parquet('{file}')").fetchall()
            with cursor.copy(f"COPY {wanted.table} FROM STDIN".encode()) as target:
                for row in rows:
                    target.write_row(row)


def unload(cursor: "psycopg.Cursor[Any]", s3: Client, wanted: Unload) -> None:
    """Write what the query gives; nothing where it gives nothing."""
    cursor.execute(wanted.query.encode())
    rows = cursor.fetchall()
    described = cursor.description or ()
    if not rows:
        return
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as engine:
        columns = ", ".join(f'"{each.name}" {_TYPES[each.type_code]}' for each in described)
        engine.execute(f"CREATE TABLE found ({columns})")
        one = f"({', '.join('?' for _ in described)})"
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            cells = [cell for row in some for cell in row]
            engine.execute(f"INSERT INTO found VALUES {', '.join([one] * len(some))}", cells)
        file = Path(folder) / "000.parquet"
        engine.execute(f"COPY found TO '{file}' (FORMAT parquet)")
        s3.upload_file(str(file), wanted.bucket, f"{wanted.prefix}000.parquet")
