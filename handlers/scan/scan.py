"""The first reader: every line of a snapshot, its AI lines whole and the rest added up.

Fills two temporary tables: ``bill_lines`` with the columns of ``handlers.lines`` for every line
that may be AI (or the platform's own cost), and ``left_out`` with what the other lines cost per
service, day, kind of charge and document. Together they are the whole bill.
"""

import contextlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext

import duckdb

from handlers.errors import BillError, Place
from handlers.lines import LINE_COLUMNS
from handlers.no_room import raise_no_room
from handlers.scan.csv_part import move_csv_part, read_csv_part
from handlers.scan.days import day_check
from handlers.scan.kept import Kept, Predicate, no_line
from handlers.scan.line_sql import LEFT_OUT_COLUMNS
from handlers.scan.locate import first_fault
from handlers.scan.peek import first_row_of, parquet_types, value_in, without_line
from handlers.scan.room import FUNCTION, Room
from handlers.scan.second_reader import CsvSums, NdjsonSums, added, parquet_total
from handlers.scan.side_by_side import SCRATCH, side_by_side
from handlers.scan.text_files import READ_ERRORS, damaged, open_binary, read_header
from handlers.scan.totals import Total
from handlers.scan.typed_part import Target, read_typed_part
from handlers.sources import Reading, Snapshot
from handlers.sources.formats import FileFormat
from handlers.sources.parts import Part, held

_OF_BILL = Target("bill_lines", "left_out")


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
    room: Room = FUNCTION,
) -> Scanned:
    """Read ``snapshot`` into the temporary tables ``bill_lines`` and ``left_out``.

    Lines are kept whole where one of the predicates holds: ``candidates`` over their service,
    ``labelled`` over their labels (``kept.Kept``). As many parts are read at once as ``room`` has
    room for; what is found does not depend on it.

    Raises:
        BillError: a part can't be read, a column is missing, or a cell is not what it should be.
    """
    _create_tables(connection, "OR REPLACE TEMP", _OF_BILL)
    total = _SCAN[snapshot.file_format](connection, snapshot, Kept(candidates, labelled), room)
    _check_lines(snapshot, total)
    first, latest = _first_total(connection)
    return Scanned(first, total, latest)


def _scan_csv(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, kept: Kept, room: Room
) -> Total:
    """Read the parts side by side; gives the total of the second reader."""
    readings = [(part, reading_of(connection, snapshot, part)) for part in snapshot.parts]
    second = CsvSums(readings)

    def read(cursor: duckdb.DuckDBPyConnection, number: int) -> None:
        part, reading = readings[number]
        table = f"{SCRATCH}.part_{number}"
        read_csv_part(
            *(cursor, part, reading, kept, table), lambda names: second.watch(number, names)
        )

    with side_by_side(connection, len(readings), room.csv_parts, read) as wait:
        for number, (part, reading) in enumerate(readings):
            with _explained(FileFormat.CSV, part, reading, kept):
                wait(number)
                move_csv_part(connection, f"{SCRATCH}.part_{number}", reading)
                _refuse_unreadable(connection, part, _OF_BILL)
    return second.total()


def _scan_parquet(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, kept: Kept, room: Room
) -> Total:
    """Read the parts; of a bucket's, no more lie here at a time than are read at once."""
    if room.typed_parts == 1:
        # Straight into the bill's tables: there is no memory for lines that wait to be moved.
        return added(
            [_read_parquet(connection, snapshot, part, kept, _OF_BILL) for part in snapshot.parts]
        )

    def read(cursor: duckdb.DuckDBPyConnection, number: int) -> Total:
        target = _own_tables(number)
        _create_tables(cursor, "", target)
        return _read_parquet(cursor, snapshot, snapshot.parts[number], kept, target)

    totals: list[Total] = []
    with side_by_side(connection, len(snapshot.parts), room.typed_parts, read) as wait:
        for number in range(len(snapshot.parts)):
            totals.append(wait(number))
            _move(connection, _own_tables(number))
    return added(totals)


def _own_tables(number: int) -> Target:
    return Target(f"{SCRATCH}.lines_{number}", f"{SCRATCH}.rest_{number}")


def _move(connection: duckdb.DuckDBPyConnection, source: Target) -> None:
    for table, bills in ((source.lines, _OF_BILL.lines), (source.rest, _OF_BILL.rest)):
        connection.execute(f"INSERT INTO {bills} FROM {table}")
        connection.execute(f"DROP TABLE {table}")


def _read_parquet(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    part: Part,
    kept: Kept,
    target: Target,
) -> Total:
    """Read one part into ``target``; gives the second reader's total of it."""
    with held(part) as file:
        reading = reading_of(connection, snapshot, file)
        with _explained(FileFormat.PARQUET, file, reading, kept):
            read_typed_part(connection, FileFormat.PARQUET, file, reading, kept, target)
            _refuse_unreadable(connection, file, target)
        return parquet_total(file, reading)


def _scan_ndjson(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, kept: Kept, room: Room
) -> Total:
    """Read the parts while other processes add them up: files on a laptop, one after the other."""
    del room
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(held(part)) for part in snapshot.parts]
        readings = [(file, reading_of(connection, snapshot, file)) for file in files]
        second = stack.enter_context(NdjsonSums(readings))
        for file, reading in readings:
            with _explained(FileFormat.NDJSON, file, reading, kept, second.raise_fault):
                read_typed_part(connection, FileFormat.NDJSON, file, reading, kept, _OF_BILL)
                _refuse_unreadable(connection, file, _OF_BILL)
        return second.total()


_SCAN: Mapping[FileFormat, Callable[[duckdb.DuckDBPyConnection, Snapshot, Kept, Room], Total]] = {
    FileFormat.CSV: _scan_csv,
    FileFormat.NDJSON: _scan_ndjson,
    FileFormat.PARQUET: _scan_parquet,
}


def _says_nothing(_part: Part) -> None:
    """A second reader that names no row."""


@contextlib.contextmanager
def _explained(
    file_format: FileFormat,
    part: Part,
    reading: Reading,
    kept: Kept,
    raise_fault: Callable[[Part], None] = _says_nothing,
) -> Generator[None]:
    """Turn what ends the reading of ``part`` into what is wrong with which line.

    ``raise_fault`` raises what the second reader has to say against the part.
    """
    try:
        yield
    except duckdb.InterruptException:
        # Another part can't be read; with this one nothing is wrong.
        raise
    except (duckdb.Error, _UnreadableError, *READ_ERRORS) as error:
        raise_no_room(str(part), error)
        raise_fault(part)
        fault = first_fault(file_format, part, reading, kept.of_line(reading))
        raise fault or damaged(part, error) from None


def _check_lines(snapshot: Snapshot, total: Total) -> None:
    if snapshot.owner and total.lines == 0:
        raise without_line(snapshot.origin)
    if snapshot.expected_lines not in (None, total.lines):
        raise BillError(
            Place(snapshot.origin),
            f"The manifest says {snapshot.expected_lines} lines, its parts hold {total.lines}.",
            "The parts are of another run or were cut: fetch the export again.",
        )


def _create_tables(connection: duckdb.DuckDBPyConnection, how: str, target: Target) -> None:
    columns = ", ".join(f"{column.name} {column.type}" for column in LINE_COLUMNS)
    connection.execute(f"CREATE {how} TABLE {target.lines} ({columns})")
    rest = ", ".join(f"{name} {kind}" for name, kind in LEFT_OUT_COLUMNS.items())
    connection.execute(f"CREATE {how} TABLE {target.rest} ({rest}, unreadable BIGINT)")


def reading_of(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, part: Part) -> Reading:
    """How ``part`` is read: as its layout says, with usage in the snapshot's period.

    Raises:
        BillError: a column is missing, the header can't be read, or it is another scope's bill.
    """
    _refuse_others_bill(snapshot, part)
    types = _types_of(connection, snapshot, part)
    reading = snapshot.layout(part, types, snapshot.file_format)
    in_period = day_check(reading, snapshot.cloud, snapshot.period)
    return replace(reading, checks=(*reading.checks, in_period))


def _refuse_others_bill(snapshot: Snapshot, part: Part) -> None:
    """BillError when the first line of ``part`` says that it is of another scope."""
    row = first_row_of(part, snapshot.file_format) if snapshot.owner else None
    if row is None:
        return
    said = value_in(row, snapshot.owner)
    if said != snapshot.scope:
        raise BillError(
            Place(str(part), 2, snapshot.owner[0]),
            f"The bill is of '{said}', and was looked for as that of {snapshot.scope}.",
            "Check which bucket and prefix the configuration of that scope names. Nothing was"
            " changed.",
        )


def _types_of(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, part: Part
) -> dict[str, str]:
    if snapshot.file_format is FileFormat.PARQUET:
        with held(part) as file:
            return parquet_types(connection, file)
    if snapshot.file_format is FileFormat.CSV:
        with open_binary(part) as stream:
            return dict.fromkeys(read_header(stream, part).names, "VARCHAR")
    return {}


def _refuse_unreadable(connection: duckdb.DuckDBPyConnection, part: Part, target: Target) -> None:
    """_UnreadableError when a line of ``part`` lacks what it must have or fails a check."""
    required = " OR ".join(f"{column.name} IS NULL" for column in LINE_COLUMNS if column.required)
    row = connection.execute(
        f"SELECT (SELECT count(*) FROM {target.lines}"
        f" WHERE COALESCE(line_file, $part) = $part AND ({required}))"
        f" + (SELECT COALESCE(sum(unreadable), 0) FROM {target.rest})",
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
            SELECT sum(line_count), sum(cost), max(usage_date) FROM left_out
        )
        """
    ).fetchone()
    lines, cost, latest = row or (0, None, None)
    return Total(int(lines or 0), cost if isinstance(cost, Decimal) else Decimal(0)), latest
