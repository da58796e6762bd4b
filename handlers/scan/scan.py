"""The first reader: every line of a snapshot, its AI lines whole and the rest added up.

Fills two temporary tables: ``bill_lines`` with the columns of ``handlers.lines`` for every line
that may be AI (or the platform's own cost), and ``left_out`` with what the other lines cost per
service. Together they are the whole bill.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from pathlib import Path

import duckdb

from handlers.errors import BillError, Place
from handlers.lines import LINE_COLUMNS, LINE_NAMES
from handlers.quoting import literal
from handlers.scan.days import day_check
from handlers.scan.feed import named_pipe
from handlers.scan.locate import first_fault
from handlers.scan.peek import parquet_types
from handlers.scan.relations import csv_relation, typed_relation
from handlers.scan.second_reader import SecondReader
from handlers.scan.text_files import READ_ERRORS, damaged, line_end, open_binary, read_header
from handlers.scan.totals import Total
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

Candidates = Callable[[Reading], str]
"""From a reading to the cheap predicate of the lines that are kept whole."""


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
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, candidates: Candidates
) -> Scanned:
    """Read ``snapshot`` into the temporary tables ``bill_lines`` and ``left_out``.

    Raises:
        BillError: a part can't be read, a column is missing, or a cell is not what it should be.
    """
    _create_tables(connection)
    readings = [(part, reading_of(connection, snapshot, part)) for part in snapshot.parts]
    with SecondReader(snapshot.file_format, readings) as second:
        for part, reading in readings:
            candidate = candidates(reading)
            try:
                _read_part(connection, snapshot.file_format, part, reading, candidate)
                _refuse_unreadable(connection, part)
            except (duckdb.Error, _UnreadableError, *READ_ERRORS) as error:
                second.raise_fault(part)
                fault = first_fault(snapshot.file_format, part, reading, candidate)
                raise fault or damaged(part, error) from None
        total = second.total()
    _check_lines(snapshot, total)
    first, latest = _first_total(connection)
    return Scanned(first, total, latest)


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


def _read_part(
    connection: duckdb.DuckDBPyConnection,
    file_format: FileFormat,
    part: Path,
    reading: Reading,
    candidate: str,
) -> None:
    if file_format is FileFormat.CSV:
        _read_csv(connection, part, reading, candidate)
        return
    relation = typed_relation(file_format, part, reading.json_columns)
    names = ", ".join(LINE_NAMES)
    connection.execute(
        f"INSERT INTO bill_lines ({names}) SELECT {_line_list(part, reading)} FROM {relation}"
        f" WHERE ({reading.where}) AND ({candidate})"
    )
    connection.execute(
        "INSERT INTO left_out "
        + _grouped(
            reading,
            f"SELECT {_service_list(reading)} FROM {relation}"
            f" WHERE ({reading.where}) AND ({candidate}) IS NOT TRUE",
        )
    )


def _read_csv(
    connection: duckdb.DuckDBPyConnection, part: Path, reading: Reading, candidate: str
) -> None:
    """One pass over a stream that can be read once: AI lines stay whole, the rest is grouped."""
    fields = ", ".join(f"{name} := {expression}" for name, expression in _line_pairs(part, reading))
    with open_binary(part) as stream:
        names = read_header(stream, part)
        with named_pipe(stream) as pipe:
            connection.execute(
                f"""
                CREATE OR REPLACE TEMP TABLE scanned AS
                SELECT
                    service_id,
                    billing_entity,
                    line,
                    any_value(service_text) AS service_text,
                    currency,
                    count(*) AS line_count,
                    sum(cost) AS cost,
                    count(*) FILTER (cost IS NULL OR usage_date IS NULL) AS unreadable,
                    max(usage_date) AS latest
                FROM (
                    SELECT
                        {_service_list(reading)},
                        CASE WHEN {candidate} THEN struct_pack({fields}) END AS line
                    FROM {csv_relation(pipe, names, line_end(part))}
                )
                GROUP BY service_id, billing_entity, currency, line, {_name_key(reading)}
                """
            )
    columns = ", ".join(f"line.{name}" for name in LINE_NAMES)
    connection.execute(
        f"INSERT INTO bill_lines SELECT {columns} FROM scanned, range(line_count)"
        " WHERE line IS NOT NULL"
    )
    connection.execute(
        f"INSERT INTO left_out SELECT service_id, {reading.service_name}, billing_entity, currency,"
        " line_count, COALESCE(cost, 0), unreadable, latest FROM scanned WHERE line IS NULL"
    )
    connection.execute("DROP TABLE scanned")


def _line_pairs(part: Path, reading: Reading) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for column in LINE_COLUMNS:
        expression = reading.lines.get(column.name, "NULL")
        if column.name == "line_file":
            checks = " AND ".join(f"({check.holds})" for check in reading.checks) or "TRUE"
            expression = f"CASE WHEN {checks} THEN {literal(part.name)} END"
        pairs.append((column.name, f"CAST({expression} AS {column.type})"))
    return pairs


def _line_list(part: Path, reading: Reading) -> str:
    return ", ".join(f"{expression} AS {name}" for name, expression in _line_pairs(part, reading))


def _service_list(reading: Reading) -> str:
    lines = reading.lines
    return (
        f"{lines.get('service_id', 'NULL::VARCHAR')} AS service_id,"
        f" {lines.get('billing_entity', 'NULL::VARCHAR')} AS billing_entity,"
        f" {reading.service_text} AS service_text,"
        f" {lines['currency']} AS currency,"
        f" {lines['cost']} AS cost,"
        f" {lines['usage_date']} AS usage_date"
    )


def _name_key(reading: Reading) -> str:
    """What tells services apart beside their id; a text that only holds the name does not."""
    return "service_text" if reading.service_name == "service_text" else "''"


def _grouped(reading: Reading, rows: str) -> str:
    return f"""
        SELECT
            service_id,
            {reading.service_name},
            billing_entity,
            currency,
            line_count,
            cost,
            unreadable,
            latest
        FROM (
            SELECT
                service_id,
                billing_entity,
                any_value(service_text) AS service_text,
                currency,
                count(*) AS line_count,
                COALESCE(sum(cost), 0) AS cost,
                count(*) FILTER (cost IS NULL OR usage_date IS NULL) AS unreadable,
                max(usage_date) AS latest
            FROM ({rows})
            GROUP BY service_id, billing_entity, currency, {_name_key(reading)}
        )
    """


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
