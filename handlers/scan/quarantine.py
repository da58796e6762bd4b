"""Scanning a bill whose lines can't all be parsed, with those that can't set aside.

Slow and simple: every faulty line is looked for, the parts that have one are copied without them,
and the copies are scanned like any bill. A damaged file has no lines to be told apart: it is
refused as ever.
"""

import contextlib
import csv
import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import BinaryIO, cast

import duckdb
from isal import igzip

from handlers.archive import bill_folder
from handlers.errors import BillError, ConservationError
from handlers.quoting import literal
from handlers.scan.kept import Kept, Predicate, no_line
from handlers.scan.locate import Fault, faults
from handlers.scan.room import FUNCTION, Room
from handlers.scan.scan import Scanned, SetAside, reading_of, scan
from handlers.scan.second_reader import readable_total
from handlers.scan.text_files import READ_ERRORS, csv_rows, is_gzip, open_binary, read_header
from handlers.sources import AnyBill, Reading, Snapshot
from handlers.sources.formats import FileFormat
from handlers.sources.objects import SourceUnavailable
from handlers.sources.parts import FilePart, Part

MAX_LINES = 10_000
"""Where more lines than this can't be parsed, the bill's format has changed."""

WHERE_COLUMNS = ("quarantine_file", "quarantine_row", "quarantine_column", "quarantine_reason")
"""What the quarantine file says of each row, after the bill's own columns."""

_WRITE_LEVEL = 1

Row = dict[str, str]


@dataclass(frozen=True)
class _Part:
    """One part of the bill, how it is read, and its lines that can't be parsed."""

    original: Part
    reading: Reading
    faults: Sequence[Fault]


def scan_setting_aside(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    candidates: Predicate,
    labelled: Predicate = no_line,
    room: Room = FUNCTION,
) -> Scanned:
    """Read ``snapshot`` as ``scan`` does, without the lines that can't be parsed.

    Raises:
        BillError: it can't be read for another reason, or more than ``MAX_LINES`` lines can't be
            parsed.
        ConservationError: what was set aside and what was read are not the whole bill.
    """
    try:
        return scan(connection, snapshot, candidates, labelled, room)
    except SourceUnavailable:
        raise
    except BillError as refusal:
        parts = _faulty_parts(connection, snapshot, Kept(candidates, labelled), refusal)
        if not any(part.faults for part in parts):
            raise
    return _scan_the_rest(connection, snapshot, Kept(candidates, labelled), parts)


def _faulty_parts(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    kept: Kept,
    refusal: BillError,
) -> list[_Part]:
    parts: list[_Part] = []
    for original in snapshot.parts:
        reading = reading_of(connection, snapshot, original)
        try:
            found = faults(
                snapshot.file_format, original, reading, kept.of_line(reading), MAX_LINES + 1
            )
        except (duckdb.Error, *READ_ERRORS):
            raise refusal from None
        parts.append(_Part(original, reading, found))
    if sum(len(part.faults) for part in parts) > MAX_LINES:
        raise BillError(
            refusal.place,
            f"{refusal.found} More than {MAX_LINES:,} rows can't be parsed.",
            "So many are not set aside: the bill's format has changed. Nothing was changed.",
        )
    return parts


def _scan_the_rest(
    connection: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    kept: Kept,
    parts: Sequence[_Part],
) -> Scanned:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bill-") as folder:
        rest_parts: list[Part] = []
        for number, part in enumerate(parts):
            if not part.faults:
                rest_parts.append(part.original)
                continue
            copy = Path(folder) / str(number) / part.original.name
            copy.parent.mkdir()
            rest_parts.append(FilePart(copy))
            rows.extend(_COPY[snapshot.file_format](part, copy))
        aside = SetAside(len(rows), _cost(parts), quarantine_file(rows))
        expected = snapshot.expected_lines
        rest = replace(
            snapshot,
            parts=tuple(rest_parts),
            expected_lines=None if expected is None else expected - aside.lines,
        )
        scanned = replace(scan(connection, rest, kept.by_service, kept.by_label), aside=aside)
    _verify(snapshot, parts, scanned)
    return scanned


def _cost(parts: Sequence[_Part]) -> Decimal:
    with localcontext(prec=60):
        costs = (fault.cost for part in parts for fault in part.faults)
        return sum((cost for cost in costs if cost is not None), Decimal(0))


def _verify(snapshot: Snapshot, parts: Sequence[_Part], scanned: Scanned) -> None:
    """The original, read by the second reader, is what was read and what was set aside."""
    readable = readable_total([(part.original, part.reading) for part in parts])
    whole = scanned.whole
    if readable != whole:
        raise ConservationError(
            f"{snapshot}: {readable.lines} lines of {readable.cost:f} can be read,"
            f" {whole.lines} of {whole.cost:f} were read or set aside: this is a defect, please"
            " report it. Nothing was changed."
        )


def _copy_csv(part: _Part, copy: Path) -> list[Row]:
    by_line = {fault.line: fault for fault in part.faults}
    aside: list[Row] = []
    with open_binary(part.original) as stream:
        names = read_header(stream, part.original).names
    with (
        _written(part.original, copy) as target,
        io.TextIOWrapper(target, encoding="utf-8", newline="") as text,
    ):
        # Readers that quote least still quote what holds a line break if lines end in both.
        kept = csv.writer(text, lineterminator="\r\n")
        kept.writerow(names)
        for line, (row, cells) in enumerate(csv_rows(part.original), start=1):
            if line in by_line:
                aside.append(cells | _where(by_line[line], part.original, row))
            else:
                kept.writerow(cells.values())
    return aside


def _copy_ndjson(part: _Part, copy: Path) -> list[Row]:
    by_line = {fault.line: fault for fault in part.faults}
    aside: list[Row] = []
    line = 0
    with open_binary(part.original) as stream, _written(part.original, copy) as target:
        for row, raw in enumerate(stream, start=1):
            line += bool(raw.strip())
            if raw.strip() and line in by_line:
                content = raw.decode("utf-8", "replace").strip()
                aside.append({"line": content} | _where(by_line[line], part.original, row))
            else:
                target.write(raw)
    return aside


def _copy_parquet(part: _Part, copy: Path) -> list[Row]:
    lines = ", ".join(str(fault.line - 1) for fault in part.faults)
    with part.original.local() as path, duckdb.connect() as connection:
        source = f"read_parquet({literal(str(path))}, file_row_number=true)"
        connection.execute(
            f"COPY (SELECT * EXCLUDE (file_row_number) FROM {source}"
            f" WHERE file_row_number NOT IN ({lines})) TO {literal(str(copy))} (FORMAT parquet)"
        )
        result = connection.execute(
            f"SELECT CAST(COLUMNS(* EXCLUDE (file_row_number)) AS VARCHAR) FROM {source}"
            f" WHERE file_row_number IN ({lines}) ORDER BY file_row_number"
        )
        names = [str(column[0]) for column in result.description or ()]
        cells = cast("list[tuple[str | None, ...]]", result.fetchall())
    return [
        {name: cell or "" for name, cell in zip(names, row, strict=True)}
        | _where(fault, part.original, fault.line)
        for row, fault in zip(cells, part.faults, strict=True)
    ]


_COPY: Mapping[FileFormat, Callable[[_Part, Path], list[Row]]] = {
    FileFormat.CSV: _copy_csv,
    FileFormat.NDJSON: _copy_ndjson,
    FileFormat.PARQUET: _copy_parquet,
}
"""Copies a part without its faulty lines; gives these, for the quarantine file."""


@contextlib.contextmanager
def _written(original: Part, copy: Path) -> Generator[BinaryIO, None, None]:
    """``copy`` for writing, compressed when ``original`` is."""
    if is_gzip(original):
        with igzip.IGzipFile(copy, mode="wb", compresslevel=_WRITE_LEVEL) as stream:
            yield cast("BinaryIO", stream)
    else:
        with copy.open("wb") as stream:
            yield stream


def _where(fault: Fault, part: Part, row: int) -> Row:
    problem = fault.at(part, row)
    values = (part.name, str(row), problem.place.column, problem.found)
    return dict(zip(WHERE_COLUMNS, values, strict=True))


def quarantine_file(rows: Sequence[Row]) -> bytes:
    """The quarantine file: the bill's own columns, then where each row stood and why it is here."""
    names = dict.fromkeys(name for row in rows for name in row if name not in WHERE_COLUMNS)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, (*names, *WHERE_COLUMNS), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def write_quarantine(folder: Path, bill: AnyBill, aside: SetAside) -> Path:
    """Keep the lines that were set aside below ``folder``, named by content; gives the file."""
    target = bill_folder(folder, bill.cloud, bill.scope, bill.period)
    target.mkdir(parents=True, exist_ok=True)
    file = target / (hashlib.sha256(aside.content).hexdigest()[:32] + ".csv")
    temporary = target / f".{os.getpid()}.tmp"
    temporary.write_bytes(aside.content)
    temporary.replace(file)
    return file
