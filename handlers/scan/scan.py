"""The first reader: every line of a snapshot, its AI lines whole and the rest added up.

Fills two temporary tables: ``bill_lines`` with the columns of ``handlers.lines`` for every line
that may be AI (or the platform's own cost), and ``left_out`` with what the other lines cost per
service. Together they are the whole bill.
"""

import contextlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path

import duckdb

from handlers.errors import BillError, Place
from handlers.lines import LINE_COLUMNS
from handlers.scan.csv_bill import read_side_by_side
from handlers.scan.days import day_check
from handlers.scan.kept import Kept, Predicate, no_line
from handlers.scan.locate import first_fault
from handlers.scan.peek import parquet_types
from handlers.scan.second_reader import SecondReader
from handlers.scan.text_files import READ_ERRORS, damaged, open_binary, read_header
from handlers.scan.totals import Total
from handlers.scan.typed_part import read_typed_part
from handlers.sources import Reading, Snapshot
from handlers.sources.formats import FileFormat

_LEFT_OUT = """
CREATE OR REPLACE TEMP TABLE left_out (
    service_id VARCHAR,
    service VARCHAR,
    billing_entity VARCHAR,
    currency VARCHAR,
    line_count BIGINT,
    cost DECIMAL(38, 18),
    unreadable BIGINT,
    latest DATE
)
"""


class _UnreadableError(Exception):
    """A line was read and not understood; ``first_fault`` says which and why."""


@dataclass(frozen=True)
class SetAside:
    """Lines that can't be parsed: how many, what those cost whose amount can be read.

    ``cost`` is in the bill's currency. ``content`` is the quarantine file; empty when the bill
    comes from the archive, or nothing was set aside.
    """

    lines: int = 0
    cost: Decimal = Decimal(0)
    content: bytes = b""


@dataclass(frozen=True)
class Scanned:
    """What was found: by the first reader, by the second, and the last day of usage.

    ``aside`` is in neither total.
    """

    first: Total
    second: Total
    latest: date | None
    aside: SetAside = SetAside()

    @property
    def whole(self) -> Total:
        """The bill as the second reader has it, with what was set aside."""
        with localcontext(prec=60):
            cost = self.second.cost + self.aside.cost
        return Total(self.second.lines + self.aside.lines, cost)


def scan(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    candidates: Predicate,
    labelled: Predicate = no_line,
) -> Scanned:
    """Read ``snapshot`` into the temporary tables ``bill_lines`` and ``left_out``.

    Lines are kept whole where one of the predicates holds: ``candidates`` over their service,
    ``labelled`` over their labels (``kept.Kept``).

    Raises:
        BillError: a part can't be read, a column is missing, or a cell is not what it should be.
    """
    _create_tables(connection)
    kept = Kept(candidates, labelled)
    readings = [(part, reading_of(connection, snapshot, part)) for part in snapshot.parts]
    with SecondReader(snapshot.file_format, readings) as second:
        with _first_reader(connection, snapshot.file_format, readings, kept, second) as read:
            for number, (part, reading) in enumerate(readings):
                try:
                    read(number)
                    _refuse_unreadable(connection, part)
                except (duckdb.Error, _UnreadableError, *READ_ERRORS) as error:
                    second.raise_fault(part)
                    whole = kept.of_line(reading)
                    fault = first_fault(snapshot.file_format, part, reading, whole)
                    raise fault or damaged(part, error) from None
        total = second.total()
    _check_lines(snapshot, total)
    first, latest = _first_total(connection)
    return Scanned(first, total, latest)


@contextlib.contextmanager
def _first_reader(
    connection: duckdb.DuckDBPyConnection,
    file_format: FileFormat,
    readings: Sequence[tuple[Path, Reading]],
    kept: Kept,
    second: SecondReader,
) -> Generator[Callable[[int], None], None, None]:
    """What reads the part of a number, from 0 and in order, into the temporary tables."""
    if file_format is FileFormat.CSV:
        with read_side_by_side(connection, readings, kept, second.watch) as read:
            yield read
    else:

        def read_typed(number: int) -> None:
            part, reading = readings[number]
            read_typed_part(connection, file_format, part, reading, kept)

        yield read_typed


def _check_lines(snapshot: Snapshot, total: Total) -> None:
    if snapshot.expected_lines not in (None, total.lines):
        raise BillError(
            Place(snapshot.origin),
            f"The manifest says {snapshot.expected_lines} lines, its parts hold {total.lines}.",
            "The parts are of another run or were cut: fetch the export again.",
        )


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(f"{column.name} {column.type}" for column in LINE_COLUMNS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE bill_lines ({columns})")
    connection.execute(_LEFT_OUT)


def reading_of(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, part: Path) -> Reading:
    """How ``part`` is read: as its layout says, with usage in the snapshot's period.

    Raises:
        BillError: a column is missing, or the header can't be read.
    """
    types: dict[str, str] = {}
    if snapshot.file_format is FileFormat.PARQUET:
        types = parquet_types(connection, part)
    elif snapshot.file_format is FileFormat.CSV:
        with open_binary(part) as stream:
            types = dict.fromkeys(read_header(stream, part), "VARCHAR")
    reading = snapshot.layout(part, types, snapshot.file_format)
    in_period = day_check(reading, snapshot.cloud, snapshot.period)
    return replace(reading, checks=(*reading.checks, in_period))


def _refuse_unreadable(connection: duckdb.DuckDBPyConnection, part: Path) -> None:
    """_UnreadableError when a line of ``part`` lacks what it must have or fails a check."""
    required = " OR ".join(f"{column.name} IS NULL" for column in LINE_COLUMNS if column.required)
    row = connection.execute(
        "SELECT (SELECT count(*) FROM bill_lines"
        f" WHERE COALESCE(line_file, $part) = $part AND ({required}))"
        " + (SELECT COALESCE(sum(unreadable), 0) FROM left_out)",
        {"part": part.name},
    ).fetchone()
    if row is None or int(row[0]) > 0:
        raise _UnreadableError("a line could not be understood")


def _first_total(connection: duckdb.DuckDBPyConnection) -> tuple[Total, date | None]:
    row = connection.execute(
        """
        SELECT sum(line_count), sum(cost), max(latest)
        FROM (
            SELECT count(*) AS line_count, sum(cost) AS cost, max(usage_date) AS latest
            FROM bill_lines
            UNION ALL
            SELECT sum(line_count), sum(cost), max(latest) FROM left_out
        )
        """
    ).fetchone()
    lines, cost, latest = row or (0, None, None)
    return Total(int(lines or 0), cost if isinstance(cost, Decimal) else Decimal(0)), latest
