"""Finding the first fault of a bill that the readers refused: slow, exact, for the message.

The engine says in which line the first fault is, counted from the first line of data; a CSV line
is then looked up by that count, because its cells may hold line breaks. Runs on a connection of
its own with one thread, so that lines are counted in the file's order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from handlers.errors import BillError, Place
from handlers.lines import LINE_COLUMNS
from handlers.scan.feed import named_pipe
from handlers.scan.relations import csv_relation, typed_relation
from handlers.scan.text_files import READ_ERRORS, csv_rows, line_end, open_binary, read_header
from handlers.scan.totals import not_an_amount
from handlers.sources import Check, Reading
from handlers.sources.columns import quoted
from handlers.sources.expressions import literal
from handlers.sources.formats import FileFormat

_SHOWN = 40
_OF_EVERY_LINE = ("cost", "usage_date")
"""What the scan reads of lines that it does not keep whole."""


@dataclass(frozen=True)
class _Probe:
    """A predicate that must hold, what is shown where it does not, and how to say so."""

    holds: str
    column: str
    cell: str
    problem: Callable[[Place, str], BillError]


@dataclass(frozen=True)
class _Fault:
    """The ``line``-th line of data fails ``probe`` with ``cell``."""

    line: int
    probe: _Probe
    cell: str

    def at(self, part: Path, row: int) -> BillError:
        """The fault, at the row that a reader of the file counts."""
        return self.probe.problem(Place(str(part), row, self.probe.column), self.cell)


def first_fault(
    file_format: FileFormat, part: Path, reading: Reading, candidate: str = "TRUE"
) -> BillError | None:
    """The first line of ``part`` that can't be understood; None when each can be.

    ``candidate`` is the predicate of the lines that are kept whole.
    """
    try:
        with duckdb.connect(config={"threads": "1"}) as connection:
            if file_format is FileFormat.CSV:
                return _csv_fault(connection, part, reading, candidate)
            return _typed_fault(connection, file_format, part, reading, candidate)
    except BillError as error:
        return error


def _csv_fault(
    connection: duckdb.DuckDBPyConnection, part: Path, reading: Reading, candidate: str
) -> BillError | None:
    fault = None
    try:
        with open_binary(part) as stream:
            names = read_header(stream, part)
            with named_pipe(stream) as pipe:
                relation = csv_relation(pipe, names, line_end(part))
                lines = f"SELECT *, row_number() OVER () AS line FROM {relation}"
                fault = _search(connection, lines, reading, candidate)
    except (duckdb.Error, *READ_ERRORS):
        # The rows below say better what is wrong with the file.
        fault = None
    for line, (row, _) in enumerate(csv_rows(part), start=1):
        if fault is not None and line == fault.line:
            return fault.at(part, row)
    return None


def _typed_fault(
    connection: duckdb.DuckDBPyConnection,
    file_format: FileFormat,
    part: Path,
    reading: Reading,
    candidate: str,
) -> BillError | None:
    if file_format is FileFormat.PARQUET:
        source = f"read_parquet({literal(str(part))}, file_row_number=true)"
        lines = f"SELECT *, file_row_number + 1 AS line FROM {source}"
    else:
        source = typed_relation(file_format, part, reading.json_columns)
        lines = f"SELECT *, row_number() OVER () AS line FROM {source}"
    try:
        fault = _search(connection, lines, reading, candidate)
    except duckdb.Error:
        return None
    return fault.at(part, fault.line) if fault is not None else None


def _search(
    connection: duckdb.DuckDBPyConnection, lines: str, reading: Reading, candidate: str
) -> _Fault | None:
    probes = tuple(_probes(reading, candidate))
    wanted = ", ".join(
        f"min(line) FILTER ({fails}), arg_min({probe.cell}, line) FILTER ({fails})"
        for probe in probes
        for fails in [f"({probe.holds}) IS NOT TRUE"]
    )
    found = connection.execute(f"SELECT {wanted} FROM ({lines}) WHERE {reading.where}").fetchone()
    cells = found or ()
    faults = [
        _Fault(int(line), probe, str(cell or ""))
        for probe, line, cell in zip(probes, cells[::2], cells[1::2], strict=True)
        if line is not None
    ]
    return min(faults, key=lambda fault: fault.line, default=None)


def _probes(reading: Reading, candidate: str) -> Iterator[_Probe]:
    for column in LINE_COLUMNS:
        expression = reading.lines.get(column.name)
        if not column.required or expression is None:
            continue
        names = reading.sources.get(column.name, ())
        shown = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in names)
        holds = f"({expression}) IS NOT NULL"
        yield _Probe(
            holds if column.name in _OF_EVERY_LINE else f"{holds} OR ({candidate}) IS NOT TRUE",
            names[0] if names else column.name,
            f"concat_ws(' ', {shown})" if names else "''",
            _problem_of(column.type),
        )
    for check in reading.checks:
        yield _Probe(
            f"({check.holds}) OR ({candidate}) IS NOT TRUE",
            check.column,
            f"CAST({quoted(check.column)} AS VARCHAR)",
            _problem_with(check),
        )


def _problem_of(kind: str) -> Callable[[Place, str], BillError]:
    if kind.startswith("DECIMAL"):
        return not_an_amount
    return _not_a_date if kind == "DATE" else _empty


def _not_a_date(place: Place, cell: str) -> BillError:
    return BillError(
        place,
        f"'{_short(cell)}' is not a date." if cell else "The date is empty.",
        "Mend the cell, or load with --quarantine to set such rows aside.",
    )


def _empty(place: Place, _cell: str) -> BillError:
    return BillError(place, "The cell is empty.", "Export the bill again: every line has one.")


def _problem_with(check: Check) -> Callable[[Place, str], BillError]:
    return lambda place, cell: BillError(place, f"'{_short(cell)}' {check.found}", check.remedy)


def _short(cell: str) -> str:
    return cell if len(cell) <= _SHOWN else cell[:_SHOWN] + "..."
