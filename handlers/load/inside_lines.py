"""The AI lines of a bill that was classified inside BigQuery, fetched page by page."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb

from handlers.archive import NAMED_COLUMNS
from handlers.lines import LINE_COLUMNS
from handlers.quoting import literal
from handlers.scan.line_sql import LEFT_OUT_COLUMNS
from handlers.warehouses.bigquery.names import TableName
from handlers.warehouses.bigquery.warehouse import BigQueryWarehouse

PAGE = 10_000
"""Rows that are held as text at a time: about 10 MB."""

_KEPT: Mapping[str, str] = {"staged_lines": "TABLE", "left_out": "TEMP TABLE"}
"""As ``handlers.load.stage`` and ``handlers.scan`` make them: the archive is written beside."""


def fetch_lines(
    connection: duckdb.DuckDBPyConnection, hub: BigQueryWarehouse, table: TableName
) -> None:
    """Fill ``staged_lines`` with the columns that the archive keeps.

    Raises:
        WarehouseError: BigQuery can't be reached.
    """
    columns: dict[str, str] = {column.name: column.type for column in LINE_COLUMNS}
    columns |= dict.fromkeys(NAMED_COLUMNS, "VARCHAR") | dict.fromkeys(
        ("is_ai", "is_platform"), "BOOLEAN"
    )
    names = ", ".join(columns)
    _fetch(connection, hub, f"SELECT {names} FROM {table}", "staged_lines", columns)


def fetch_left_out(
    connection: duckdb.DuckDBPyConnection, hub: BigQueryWarehouse, table: TableName
) -> None:
    """Fill ``left_out``.

    Raises:
        WarehouseError: BigQuery can't be reached.
    """
    names = ", ".join(LEFT_OUT_COLUMNS)
    _fetch(connection, hub, f"SELECT {names} FROM {table}", "left_out", LEFT_OUT_COLUMNS)


def _fetch(
    connection: duckdb.DuckDBPyConnection,
    hub: BigQueryWarehouse,
    sql: str,
    table: str,
    columns: Mapping[str, str],
) -> None:
    cells = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE {_KEPT[table]} {table} ({cells})")
    texts = ", ".join(f"{name}: 'VARCHAR'" for name in columns)
    casts = ", ".join(f"CAST({name} AS {kind})" for name, kind in columns.items())
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        for rows in hub.jobs.pages(f"fetch_{table}", sql, {}, PAGE):
            content = "".join(json.dumps(row, default=_text) + "\n" for row in rows)
            Path(file.name).write_text(content, encoding="utf-8")
            connection.execute(
                f"INSERT INTO {table} SELECT {casts} FROM read_json({literal(file.name)},"
                f" format='newline_delimited', columns={{{texts}}})"
            )


def _text(value: object) -> str:
    """A decimal or a day."""
    return str(value)
