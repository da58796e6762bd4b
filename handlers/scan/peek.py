"""Looking at the first line of a bill, to learn whose it is."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from handlers.errors import BillError, Place
from handlers.scan.text_files import csv_rows, damaged
from handlers.sources.columns import folded
from handlers.sources.formats import FileFormat


def first_row(parts: Sequence[Path], file_format: FileFormat) -> dict[str, str]:
    """The first line of the bill as text by column.

    Raises:
        BillError: no part holds a line, or the first can't be read.
    """
    for part in parts:
        row = _first_csv(part) if file_format is FileFormat.CSV else _first_parquet(part)
        if row is not None:
            return row
    raise BillError(
        Place(str(parts[0])),
        "The bill has a header and no line.",
        "A month without any charge has nothing to load: leave its folder out, or fetch the"
        " export again.",
    )


def first_value(parts: Sequence[Path], file_format: FileFormat, names: Sequence[str]) -> str:
    """The first line's value of the column that is called one of ``names``.

    Raises:
        BillError: there is no such column or its cell is empty.
    """
    row = first_row(parts, file_format)
    wanted = [folded(name) for name in names]
    by_folded = {folded(name): value for name, value in row.items()}
    value = next((by_folded[name] for name in wanted if by_folded.get(name)), "")
    if not value:
        raise BillError(
            Place(str(parts[0]), 2, names[0]),
            "The bill does not say whose it is.",
            f"Export it with the column '{names[0]}'.",
        )
    return value


def _first_csv(part: Path) -> dict[str, str] | None:
    rows = csv_rows(part)
    try:
        return next((row for _, row in rows), None)
    finally:
        rows.close()


def _first_parquet(part: Path) -> dict[str, str] | None:
    with duckdb.connect() as connection:
        try:
            result = connection.execute(
                "SELECT COLUMNS(*)::VARCHAR FROM read_parquet(?) LIMIT 1", [str(part)]
            )
            row = result.fetchone()
        except duckdb.Error as error:
            raise damaged(part, error) from None
        if row is None:
            return None
        names = [str(column[0]) for column in result.description or ()]
    return {name: cell or "" for name, cell in zip(names, row, strict=True)}


def parquet_types(connection: duckdb.DuckDBPyConnection, part: Path) -> dict[str, str]:
    """The columns of a parquet file and their DuckDB types."""
    try:
        rows = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(part)]).fetchall()
    except duckdb.Error as error:
        raise damaged(part, error) from None
    return {str(row[0]): str(row[1]) for row in rows}
