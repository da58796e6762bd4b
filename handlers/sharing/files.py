"""A month of rows as CSV and as Parquet: the same rows always give the same bytes."""

import csv
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from handlers.alerts.runner import Cell, Row
from handlers.formulas import harmless
from handlers.quoting import literal
from handlers.site.shares import AMOUNTS
from handlers.tables import AMOUNT

SUFFIXES = (".csv", ".parquet")

_NANO = Decimal("0.000000001")
_DAYS = ("date", "billing_period")


def month_name(month: date, suffix: str) -> str:
    """The name of a month's file."""
    return f"costs-{month:%Y-%m}{suffix}"


def month_of(name: str) -> date | None:
    """The month that a file of that name is of; None when it is no such file."""
    stem = Path(name).stem.removeprefix("costs-")
    try:
        month = date.fromisoformat(f"{stem}-01")
    except ValueError:
        return None
    return month if name in (month_name(month, suffix) for suffix in SUFFIXES) else None


def write_month(file: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Write the rows as what the file's suffix says."""
    write = _write_csv if file.suffix == ".csv" else _write_parquet
    write(file, columns, rows)


def _write_csv(file: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_written(row[name]) for name in columns] for row in rows)


def _written(cell: Cell) -> str:
    return harmless(cell) if isinstance(cell, str) else _plain(cell) or ""


def _plain(cell: Cell) -> str | None:
    match cell:
        case None:
            return None
        case Decimal():
            return format(cell.quantize(_NANO), "f")
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def _write_parquet(file: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Texts as they are: who reads Parquet runs no formulas."""
    cells = ", ".join(f"unnest(?::VARCHAR[])::{_type(name)} AS {_quoted(name)}" for name in columns)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(
            f"COPY (SELECT {cells}) TO {literal(file)} (FORMAT parquet, COMPRESSION zstd)",
            [[_plain(row[name]) for row in rows] for name in columns],
        )


def _quoted(name: str) -> str:
    """A column's name in quotes: ``date`` and ``list`` are words of SQL."""
    return f'"{name}"'


def _type(name: str) -> str:
    if name in AMOUNTS:
        return AMOUNT
    return "DATE" if name in _DAYS else "VARCHAR"
