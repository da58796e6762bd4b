"""Finding the first fault of a bill that the readers refused: slow, exact, for the message."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from handlers.errors import BillError, Place
from handlers.lines import LINE_COLUMNS
from handlers.scan.text_files import csv_rows, open_binary
from handlers.scan.totals import not_an_amount
from handlers.sources import Reading
from handlers.sources.columns import quoted
from handlers.sources.expressions import literal
from handlers.sources.formats import FileFormat

_BATCH = 2_000


def first_fault(
    connection: duckdb.DuckDBPyConnection, file_format: FileFormat, part: Path, reading: Reading
) -> BillError | None:
    """The first line of ``part`` that can't be understood; None when each can be."""
    try:
        if file_format is FileFormat.CSV:
            return _first_csv_fault(connection, part, reading)
        return _first_typed_fault(connection, file_format, part, reading)
    except BillError as error:
        return error


def _first_csv_fault(
    connection: duckdb.DuckDBPyConnection, part: Path, reading: Reading
) -> BillError | None:
    for batch in _batches(csv_rows(part)):
        names = list(batch[0][1])
        holes = ", ".join("?" for _ in names)
        columns = ", ".join(f"{quoted(name)} VARCHAR" for name in names)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE suspects (row BIGINT, {columns})")
        connection.executemany(
            f"INSERT INTO suspects VALUES (?, {holes})",
            [[number, *(cell or None for cell in row.values())] for number, row in batch],
        )
        fault = _fault_in(connection, "suspects", "row", part, reading)
        if fault is not None:
            return fault
    return None


def _batches(
    rows: Iterator[tuple[int, dict[str, str]]],
) -> Iterator[list[tuple[int, dict[str, str]]]]:
    batch: list[tuple[int, dict[str, str]]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _first_typed_fault(
    connection: duckdb.DuckDBPyConnection, file_format: FileFormat, part: Path, reading: Reading
) -> BillError | None:
    file = literal(str(part))
    if file_format is FileFormat.PARQUET:
        relation, row = f"read_parquet({file}, file_row_number=true)", "file_row_number + 1"
    else:
        _refuse_broken_gzip(part)
        relation = f"read_ndjson({file}, columns={reading.json_columns})"
        row = "row_number() OVER ()"
    try:
        return _fault_in(connection, f"(SELECT * FROM {relation})", row, part, reading)
    except duckdb.Error:
        return None


def _refuse_broken_gzip(part: Path) -> None:
    with open_binary(part) as stream:
        while stream.read(1 << 20):
            pass


def _fault_in(
    connection: duckdb.DuckDBPyConnection, relation: str, row: str, part: Path, reading: Reading
) -> BillError | None:
    for column in LINE_COLUMNS:
        expression = reading.lines.get(column.name)
        if not column.required or expression is None:
            continue
        columns = reading.sources.get(column.name, ())
        shown = ", ".join(quoted(name) for name in columns) or "NULL"
        found = connection.execute(
            f"SELECT {row}, concat_ws(' ', {shown}) FROM {relation}"
            f" WHERE ({reading.where}) AND ({expression}) IS NULL ORDER BY 1 LIMIT 1"
        ).fetchone()
        if found is not None:
            place = Place(str(part), int(found[0]), columns[0] if columns else column.name)
            return _fault(place, column.type, str(found[1] or ""))
    return None


def _fault(place: Place, kind: str, cell: str) -> BillError:
    if kind.startswith("DECIMAL"):
        return not_an_amount(place, cell)
    if kind == "DATE":
        return BillError(
            place,
            f"'{cell[:40]}' is not a date." if cell else "The date is empty.",
            "Mend the cell, or load with --quarantine to set such rows aside.",
        )
    return BillError(place, "The cell is empty.", "Export the bill again: every line has one.")
