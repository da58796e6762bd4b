"""DuckDB expressions that every cloud's layout is written with."""

from handlers.amounts import LINE_AMOUNT, float_amount_sql, text_amount_sql
from handlers.quoting import quoted
from handlers.sources import Check, CsvTotal, ParquetTotal
from handlers.sources.columns import Columns
from handlers.sources.formats import FileFormat


def is_text(columns: Columns, name: str) -> bool:
    """Whether the column ``name`` came as text (CSV, JSON) rather than typed (parquet)."""
    return columns.type_of(name).upper().startswith("VARCHAR")


def text(columns: Columns, field: str) -> str:
    """The field as text, NULL when empty or not in the file."""
    name = columns.find(field)
    if name is None:
        return "NULL::VARCHAR"
    return _as_text(columns, name)


def first_text(columns: Columns, field: str) -> str:
    """Like ``text``, of the first column of the field that is not empty in the line."""
    cells = [_as_text(columns, name) for name in columns.find_all(field)]
    return f"COALESCE({', '.join(cells)})" if cells else "NULL::VARCHAR"


def _as_text(columns: Columns, name: str) -> str:
    cell = quoted(name) if is_text(columns, name) else f"CAST({quoted(name)} AS VARCHAR)"
    return f"NULLIF({cell}, '')"


def amount_check(columns: Columns, name: str) -> Check:
    """That the column ``name`` is empty or holds an amount."""
    return Check(
        name,
        f"NOT COALESCE({filled(columns, name)}, FALSE) OR {amount(columns, name)} IS NOT NULL",
        "is not an amount.",
        "Amounts are plain decimals such as 1234.56 or 4.2E-7, without separators or a currency.",
    )


def amount(columns: Columns, name: str) -> str:
    """The column as a line amount; NULL when it is empty or not an amount."""
    cell = quoted(name)
    return text_amount_sql(cell) if is_text(columns, name) else float_amount_sql(cell)


def filled(columns: Columns, name: str) -> str:
    """Whether the column holds anything."""
    cell = quoted(name)
    return f"{cell} <> ''" if is_text(columns, name) else f"{cell} IS NOT NULL"


def first_amount(columns: Columns, names: tuple[str, ...]) -> str:
    """The first of the columns that is not empty, as a line amount; NULL when all are empty.

    A cell that holds something else than an amount gives NULL, never the next column.
    """
    if not names:
        return f"NULL::{LINE_AMOUNT}"
    branches = [f"WHEN {filled(columns, name)} THEN {amount(columns, name)}" for name in names]
    return f"CASE {' '.join(branches)} END"


def optional_amount(columns: Columns, field: str) -> str:
    """The field as a line amount; NULL when the cell is empty or the file has no such column."""
    return first_amount(columns, columns.find_all(field))


def amount_or_zero(columns: Columns, field: str) -> str:
    """The field as a line amount; zero when the cell is empty or the file has no such column.

    A cell that holds something else than an amount gives NULL.
    """
    names = columns.find_all(field)
    if not names:
        return f"0::{LINE_AMOUNT}"
    empty = " AND ".join(f"NOT COALESCE({filled(columns, name)}, FALSE)" for name in names)
    return f"CASE WHEN {empty} THEN 0::{LINE_AMOUNT} ELSE {first_amount(columns, names)} END"


def total_of(
    columns: Columns, names: tuple[str, ...], file_format: FileFormat
) -> CsvTotal | ParquetTotal:
    """The second reader's way to the first of ``names`` that is not empty."""
    if file_format is FileFormat.CSV:
        return CsvTotal(names)
    cells = [
        f"NULLIF({quoted(name)}, '')"
        if is_text(columns, name)
        else f"CAST({quoted(name)} AS VARCHAR)"
        for name in names
    ]
    return ParquetTotal(f"CAST(COALESCE({', '.join(cells)}) AS {LINE_AMOUNT})")


def timestamp(columns: Columns, field: str) -> str:
    """The field as a UTC timestamp; NULL when it is not one, or of another time zone."""
    name = columns.need(field)
    if is_text(columns, name):
        return text_timestamp(quoted(name))
    return typed_timestamp(quoted(name), columns.type_of(name))


def typed_timestamp(cell: str, kind: str) -> str:
    """``cell`` of the DuckDB type ``kind`` as a UTC timestamp, in any session's time zone."""
    if kind.upper() == "TIMESTAMP WITH TIME ZONE":
        return f"make_timestamp(epoch_us({cell}))"
    return f"TRY_CAST({cell} AS TIMESTAMP)"


TEXT_MOMENT = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|UTC|[+]00(:?00)?))?)?"
"""A day or a moment in UTC, as bills write it (ISO 8601, or with the word UTC). RE2."""


def text_timestamp(cell: str) -> str:
    """The text ``cell`` as a UTC timestamp; NULL when it is not one, or of another time zone."""
    return (
        f"CASE WHEN regexp_full_match({cell}, '{TEXT_MOMENT}')"
        f" THEN TRY_CAST({cell} AS TIMESTAMP) END"
    )
