"""What the hub is told of a load, as parquet files."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb

from handlers.ledger import LedgerRow
from handlers.quoting import literal
from handlers.tables import PUBLISHED_TO_HUB, Table
from handlers.warehouses.azuresql import statements
from handlers.warehouses.azuresql.migration import fetch, run
from handlers.warehouses.azuresql.port import Row, Session
from handlers.warehouses.azuresql.statements import Statement


def read(session: Session, row: LedgerRow, folder: Path) -> Mapping[str, Path]:
    """A file in ``folder`` for each table that is published, all read at one moment.

    Raises:
        SqlError: the server or the connection failed.
    """
    run(session, Statement(statements.SNAPSHOT))
    run(session, Statement(statements.BEGIN))
    found = {
        table: fetch(session, statements.publication(table, row)) for table in PUBLISHED_TO_HUB
    }
    run(session, Statement(statements.COMMIT))
    return {table.name: write(table, rows, folder) for table, rows in found.items()}


def write(table: Table, rows: Iterable[Row], folder: Path) -> Path:
    """The rows as a parquet file of the table's types."""
    lines, file = folder / f"{table.name}.jsonl", folder / f"{table.name}.parquet"
    with lines.open("w", encoding="utf-8") as stream:
        for row in rows:
            # Every value as a text: a number of JSON would be a double.
            cells = {
                name: value if value is None else str(value)
                for name, value in zip(table.names, row, strict=True)
            }
            stream.write(json.dumps(cells) + "\n")
    columns = ", ".join(f"{literal(field.name)}: 'VARCHAR'" for field in table.fields)
    cells = ", ".join(f'CAST("{field.name}" AS {field.type}) AS "{field.name}"'
                      for field in table.fields)  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {cells} FROM read_json({literal(lines)}, columns = {{{columns}}},"
            f" format = 'newline_delimited')) TO {literal(file)} (FORMAT parquet, COMPRESSION zstd)"
        )
    lines.unlink()
    return file
