"""Finding the faulty lines of a bill that the readers refused: slow, exact, for the message.

The engine says which lines of data are at fault, counted from the first; a CSV line is then looked
up by that count, because its cells may hold line breaks. Runs on a connection of its own with one
thread, so that lines are counted in the file's order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from handlers.amounts import LINE_AMOUNT
from handlers.errors import BillError, Place
from handlers.lines import LINE_COLUMNS
from handlers.quoting import literal, quoted
from handlers.scan.feed import named_pipe
from handlers.scan.relations import csv_relation, typed_relation
from handlers.scan.text_files import READ_ERRORS, csv_rows, open_binary, read_header
from handlers.scan.totals import not_an_amount
from handlers.sources import Check, Reading
from handlers.sources.formats import FileFormat
from handlers.sources.parts import Part, held

_SHOWN = 40
_OF_EVERY_LINE = ("cost", "usage_date")
"""What the scan reads of lines that it does not keep whole."""


@dataclass(frozen=True)
class _Probe:
    """A predicate that must hold, the column and cell shown where it does not, how to say so.

    ``holds``, ``column`` and ``cell`` are expressions over the file's columns.
    """

    holds: str
    column: str
    cell: str
    problem: Callable[[Place, str], BillError]

    @property
    def fails(self) -> str:
        return f"({self.holds}) IS NOT TRUE"


@dataclass(frozen=True)
class Fault:
    """What is wrong with the ``line``-th line of data (from 1) of a part.

    ``cost`` is what the line costs, in the bill's currency; None when that can't be read.
    """

    line: int
    cost: Decimal | None
    column: str
    cell: str
    problem: Callable[[Place, str], BillError]

    def at(self, part: Part, row: int) -> BillError:
        """The fault, at the row that a reader of the file counts."""
        return self.problem(Place(str(part), row, self.column), self.cell)


def first_fault(
    file_format: FileFormat, part: Part, reading: Reading, candidate: str = "TRUE"
) -> BillError | None:
    """What is wrong with the first line that can't be understood; None when each can be.

    ``candidate`` is the predicate of the lines that are kept whole.
    """
    try:
        found = _first_or_none(file_format, part, reading, candidate)
        if file_format is FileFormat.CSV:
            return _csv_fault(part, found)
        return found.at(part, found.line) if found is not None else None
    except BillError as error:
        return error


def _first_or_none(
    file_format: FileFormat, part: Part, reading: Reading, candidate: str
) -> Fault | None:
    try:
        return next(iter(faults(file_format, part, reading, candidate, 1)), None)
    except (duckdb.Error, *READ_ERRORS):
        # A walk over the rows says better what is wrong with such a file.
        return None


def _csv_fault(part: Part, fault: Fault | None) -> BillError | None:
    for line, (row, _) in enumerate(csv_rows(part), start=1):
        if fault is not None and line == fault.line:
            return fault.at(part, row)
    return None


def faults(
    file_format: FileFormat, part: Part, reading: Reading, candidate: str, limit: int
) -> list[Fault]:
    """The first ``limit`` faulty lines of ``part``, in its order, each with its first fault.

    Raises:
        BillError: the header can't be read.
        duckdb.Error: the file is damaged; or one of ``READ_ERRORS`` is raised.
    """
    with duckdb.connect(config={"threads": "1"}) as connection:
        if file_format is FileFormat.CSV:
            with open_binary(part) as stream:
                header = read_header(stream, part)
                with named_pipe(stream) as pipe:
                    lines = _counted(csv_relation(pipe, header))
                    return _search(connection, lines, reading, candidate, limit)
        with held(part) as file:
            if file_format is FileFormat.PARQUET:
                relation = f"read_parquet({literal(str(file.path))}, file_row_number=true)"
                lines = f"SELECT *, file_row_number + 1 AS line_of_data FROM {relation}"
            else:
                lines = _counted(typed_relation(file_format, file, reading.json_columns))
            return _search(connection, lines, reading, candidate, limit)


def _counted(relation: str) -> str:
    return f"SELECT *, row_number() OVER () AS line_of_data FROM {relation}"


def _search(
    connection: duckdb.DuckDBPyConnection, lines: str, reading: Reading, candidate: str, limit: int
) -> list[Fault]:
    probes = tuple(_probes(reading, candidate))
    which = " ".join(f"WHEN {probe.fails} THEN {at}" for at, probe in enumerate(probes))
    columns = " ".join(f"WHEN {probe.fails} THEN {probe.column}" for probe in probes)
    cells = " ".join(f"WHEN {probe.fails} THEN {probe.cell}" for probe in probes)
    cost = reading.lines.get("cost", "NULL")
    rows = connection.execute(
        f"SELECT line_of_data, CAST({cost} AS {LINE_AMOUNT}) AS fault_cost,"
        f" CASE {which} END AS fault_probe, CASE {columns} END, CASE {cells} END"
        f" FROM ({lines}) WHERE ({reading.where}) AND fault_probe IS NOT NULL"
        " ORDER BY line_of_data LIMIT ?",
        [limit],
    ).fetchall()
    return [
        Fault(
            line=int(line),
            cost=Decimal(amount) if amount is not None else None,
            column=str(column),
            cell=str(cell or ""),
            problem=probes[int(at)].problem,
        )
        for line, amount, at, column, cell in rows
    ]


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
            _first_filled(names) if names else literal(column.name),
            f"concat_ws(' ', {shown})" if names else "''",
            _problem_of(column.type),
        )
    for check in reading.checks:
        yield _Probe(
            f"({check.holds}) OR ({candidate}) IS NOT TRUE",
            literal(check.column),
            f"CAST({quoted(check.column)} AS VARCHAR)",
            _problem_with(check),
        )


def _first_filled(names: tuple[str, ...]) -> str:
    """The name of the first column that holds anything, which is the one that was read."""
    filled = " ".join(
        f"WHEN CAST({quoted(name)} AS VARCHAR) <> '' THEN {literal(name)}" for name in names
    )
    return f"CASE {filled} ELSE {literal(names[-1])} END"


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
