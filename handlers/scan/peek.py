"""Looking at the first line of a bill, to learn whose it is."""

from collections.abc import Mapping, Sequence

import duckdb

from handlers.errors import BillError, Place
from handlers.scan.text_files import csv_rows, damaged
from handlers.sources.columns import folded
from handlers.sources.formats import FileFormat
from handlers.sources.parts import FilePart, Part, held


def first_row(parts: Sequence[Part], file_format: FileFormat) -> dict[str, str]:
    """The first line of the bill as text by column.

    Raises:
        BillError: no part holds a line, or the first can't be read.
    """
    for part in parts:
        row = first_row_of(part, file_format)
        if row is not None:
            return row
    raise without_line(str(parts[0]))


def first_row_of(part: Part, file_format: FileFormat) -> dict[str, str] | None:
    """The first line of a CSV or parquet part as text by column; None when it has none.

    Raises:
        BillError: it can't be read.
    """
    return _first_csv(part) if file_format is FileFormat.CSV else _first_parquet(part)


def without_line(origin: str) -> BillError:
    """What to say of a bill without a line."""
    return BillError(
        Place(origin),
        "The bill has a header and no line.",
        "A month without any charge has nothing to load: leave its folder out, or fetch the"
        " export again.",
    )


def first_value(parts: Sequence[Part], file_format: FileFormat, names: Sequence[str]) -> str:
    """The first line's value of the column that is called one of ``names``.

    Raises:
        BillError: there is no such column or its cell is empty.
    """
    value = value_in(first_row(parts, file_format), names)
    if not value:
        raise BillError(
            Place(str(parts[0]), 2, names[0]),
            "The bill does not say whose it is.",
            f"Export it with the column '{names[0]}'.",
        )
    return value


def value_in(row: Mapping[str, str], names: Sequence[str]) -> str:
    """The first cell of a column that is called one of ``names`` and not empty; else empty."""
    by_folded = {folded(name): value for name, value in row.items()}
    return next((by_folded[name] for name in map(folded, names) if by_folded.get(name)), "")


def _first_csv(part: Part) -> dict[str, str] | None:
    rows = csv_rows(part)
    try:
        return next((row for _, row in rows), None)
    finally:
        rows.close()


def _first_parquet(part: Part) -> dict[str, str] | None:
    with held(part) as file, duckdb.connect() as connection:
        try:
            result = connection.execute(
                "SELECT COLUMNS(*)::VARCHAR FROM read_parquet(?) LIMIT 1", [str(file.path)]
            )
            row = result.fetchone()
        except duckdb.Error as error:
            raise damaged(part, error) from None
        if row is None:
            return None
        names = [str(column[0]) for column in result.description or ()]
    return {name: cell or "" for name, cell in zip(names, row, strict=True)}


def parquet_types(connection: duckdb.DuckDBPyConnection, part: FilePart) -> dict[str, str]:
    """The columns of a parquet file and their DuckDB types."""
    try:
        described = "DESCRIBE SELECT * FROM read_parquet(?)"
        rows = connection.execute(described, [str(part.path)]).fetchall()
    except duckdb.Error as error:
        raise damaged(part, error) from None
    return {str(row[0]): str(row[1]) for row in rows}
