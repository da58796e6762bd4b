"""What the files of a billing export table hold: whose rows, of which invoice months."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import cast

import duckdb

from handlers.errors import BillError, Place
from handlers.scan.locate import first_fault
from handlers.scan.peek import parquet_types
from handlers.scan.relations import typed_relation
from handlers.scan.text_files import READ_ERRORS, damaged, open_binary
from handlers.scan.totals import ndjson_total
from handlers.sources import Check, NdjsonTotal, Reading
from handlers.sources.formats import FileFormat
from handlers.sources.gcp.cells import Cells, json_columns, nesting_of, shapes
from handlers.sources.gcp.layout import line_cost
from handlers.sources.parts import FilePart

SUFFIXES: Mapping[str, FileFormat] = {
    ".json": FileFormat.NDJSON,
    ".jsonl": FileFormat.NDJSON,
    ".ndjson": FileFormat.NDJSON,
    ".parquet": FileFormat.PARQUET,
}
"""How the names of a table's files end, with or without ``.gz``."""

_SIGNS = {"billing_account_id", "invoice", "service", "sku"}
_ACCOUNT = "[0-9A-F]{6}(-[0-9A-F]{6}){2}"
_MONTH = r"\d{4}(0[1-9]|1[0-2])"
_MAX_ROW_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, order=True)
class Bill:
    """A billing account and its invoice month (YYYYMM)."""

    account: str
    month: str

    @property
    def period(self) -> date:
        """The first day of the month."""
        return date(int(self.month[:4]), int(self.month[4:]), 1)


@dataclass(frozen=True)
class Content:
    """The rows of a bill in ``parts``: how many, what they cost, when the last was exported."""

    parts: tuple[Path, ...]
    lines: int
    cost: Decimal
    exported_at: datetime | None

    def __add__(self, other: "Content") -> "Content":
        moments = [content.exported_at for content in (self, other) if content.exported_at]
        with localcontext() as context:
            context.prec = 60
            cost = self.cost + other.cost
        parts = self.parts + other.parts
        return Content(parts, self.lines + other.lines, cost, max(moments, default=None))

    @property
    def version(self) -> str:
        """Changes when, and only when, Google added rows: it never rewrites one."""
        cost = format(self.cost.normalize(), "f")
        text = f"{self.lines} {cost} {self.exported_at}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def plain_name(path: Path) -> str:
    """The file's name without what says that it is compressed."""
    return path.name.lower().removesuffix(".gz")


def format_of(path: Path) -> FileFormat | None:
    """What the file's name says it is; None when it is not of a table."""
    return SUFFIXES.get(Path(plain_name(path)).suffix)


def is_export(path: Path) -> bool:
    """Whether the file's first row or columns are those of a billing export."""
    if format_of(path) is FileFormat.PARQUET:
        with duckdb.connect() as connection:
            try:
                return parquet_types(connection, FilePart(path)).keys() >= _SIGNS
            except BillError:
                return False
    try:
        with open_binary(FilePart(path)) as stream:
            row: object = json.loads(stream.readline(_MAX_ROW_BYTES))
    except (ValueError, RecursionError, *READ_ERRORS):
        return False
    return isinstance(row, dict) and row.keys() >= _SIGNS


def contents_of(files: Sequence[Path]) -> dict[Bill, Content]:
    """The bills in the files of a table.

    Raises:
        BillError: a file can't be read, or a row does not say whose it is.
    """
    bills: dict[Bill, Content] = {}
    for file in files:
        for bill, content in _contents_of_file(file).items():
            bills[bill] = bills[bill] + content if bill in bills else content
    return bills


def _contents_of_file(file: Path) -> dict[Bill, Content]:
    file_format = format_of(file) or FileFormat.NDJSON
    part = FilePart(file)
    with duckdb.connect() as connection:
        types = parquet_types(connection, part) if file_format is FileFormat.PARQUET else {}
        cells = Cells(types, file_format, str(file))
        account, month = cells.text("billing_account_id"), cells.text("invoice", "month")
        try:
            rows = connection.execute(
                f"SELECT {account}, {month}, count(*), COALESCE(sum({line_cost(cells)}), 0),"
                f" max({cells.moment('export_time')}),"
                f" bool_and({_matches(account, _ACCOUNT)} AND {_matches(month, _MONTH)})"
                f" FROM {typed_relation(file_format, part, json_columns())} GROUP BY 1, 2"
            ).fetchall()
        except (duckdb.Error, *READ_ERRORS) as error:
            raise _unreadable(file, file_format, error) from None
    if not all(row[5] for row in rows):
        raise _nobodys(file, file_format, cells)
    return {
        Bill(str(row[0]), str(row[1])): Content((file,), int(row[2]), Decimal(row[3]), _utc(row[4]))
        for row in rows
    }


def _matches(cell: str, pattern: str) -> str:
    return f"COALESCE(regexp_full_match({cell}, '{pattern}'), FALSE)"


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None else None


def _unreadable(file: Path, file_format: FileFormat, error: Exception) -> BillError:
    """Where the file stops being a table, which a slower reader knows by row."""
    if file_format is FileFormat.NDJSON:
        try:
            _refuse_misshapen(file)
        except BillError as fault:
            return fault
    return damaged(file, error)


def _refuse_misshapen(file: Path) -> None:
    """Raise BillError at the first row whose columns are not of the export's shape."""
    part = FilePart(file)
    ndjson_total(part, "", "")
    with open_binary(part) as stream:
        for number, line in enumerate(stream, start=1):
            row: dict[str, object] = json.loads(line) if line.strip() else {}
            for name, shape in shapes().items():
                if not _has_shape(row.get(name), nesting_of(shape)):
                    raise BillError(
                        Place(str(file), number, name),
                        f"{json.dumps(row[name])[:40]} is not how a billing export has it.",
                        f"Export the table again; expected is {shape}.",
                    )


def _has_shape(value: object, nesting: str) -> bool:
    if value is None or nesting == "value":
        return True
    if nesting == "struct":
        return isinstance(value, dict)
    if not isinstance(value, list):
        return False
    return all(item is None or isinstance(item, dict) for item in cast("list[object]", value))


def _nobodys(file: Path, file_format: FileFormat, cells: Cells) -> BillError:
    """What to say of a row that names no billing account or invoice month."""
    account, month = cells.text("billing_account_id"), cells.text("invoice", "month")
    remedy = "Export the whole table again: every row has one."
    checks = (
        Check(
            "billing_account_id",
            _matches(account, _ACCOUNT),
            "is not a billing account like 01A2B3-C4D5E6-F7A8B9.",
            remedy,
        ),
        Check("invoice", _matches(month, _MONTH), "is not an invoice month like 202610.", remedy),
    )
    reading = Reading(
        lines={},
        total=NdjsonTotal("", ""),
        service_text="''",
        label_text="''",
        sources={},
        checks=checks,
        json_columns=json_columns(),
    )
    fault = first_fault(file_format, FilePart(file), reading)
    return fault or damaged(file, ValueError("a row names no billing account"))
