"""Opening the text files of a bill: plain or gzip, UTF-8 with or without a byte-order mark."""

import csv
import io
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, cast

from isal import igzip, igzip_lib

from handlers.errors import BillError, Place

MAX_CELL_BYTES = 1024 * 1024
"""The longest cell that is read. Clouds' longest are tags and descriptions of a few kilobytes."""

READ_ERRORS = (EOFError, OSError, cast("type[Exception]", igzip_lib.IsalError))
"""What reading a file that was cut off or damaged raises."""

_UTF8_MARK = b"\xef\xbb\xbf"
_GZIP_MARK = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAX_HEADER_BYTES = 1024 * 1024
_TRUNCATED = "Fetch the file again: it ends early or is damaged. Nothing was changed."


def open_binary(path: Path) -> BinaryIO:
    """The inflated bytes of ``path``, whatever its name says about compression."""
    if is_gzip(path):
        return cast("BinaryIO", igzip.IGzipFile(path, mode="rb"))
    return path.open("rb")


def is_gzip(path: Path) -> bool:
    """Whether ``path`` holds gzip, whatever its name says."""
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP_MARK


def read_header(stream: BinaryIO, path: Path) -> tuple[str, ...]:
    """The column names of the CSV file; ``stream`` is left at the first line of data.

    Raises:
        BillError: empty, not UTF-8 or longer than a header can be.
    """
    try:
        first = stream.readline(_MAX_HEADER_BYTES)
    except READ_ERRORS as error:
        raise damaged(path, error) from None
    if not first.strip():
        raise BillError(
            Place(str(path)), "The file is empty.", "Fetch it again; a bill has a header row."
        )
    if first.startswith(_UTF16_MARKS) or b"\x00" in first:
        raise BillError(
            Place(str(path), 1), "The file is not UTF-8 (UTF-16?).", "Save it as UTF-8 CSV."
        )
    try:
        text = first.removeprefix(_UTF8_MARK).decode("utf-8")
    except UnicodeDecodeError:
        raise BillError(
            Place(str(path), 1), "The header is not UTF-8.", "Save the file as UTF-8 CSV."
        ) from None
    names = tuple(name.strip() for name in next(csv.reader([text])))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BillError(
            Place(str(path), 1, twice[0]), "The column stands there twice.", "Export it again."
        )
    return names


def line_end(path: Path) -> str:
    """How the lines of the CSV file end, as its header does: one or two characters.

    Raises:
        BillError: the file can't be read.
    """
    with open_binary(path) as stream:
        try:
            header = stream.readline(_MAX_HEADER_BYTES)
        except READ_ERRORS as error:
            raise damaged(path, error) from None
    return "\r\n" if header.endswith(b"\r\n") else "\n"


def damaged(path: Path, error: BaseException) -> BillError:
    """What to say of a file that can't be read to its end."""
    reason = str(error).strip().rstrip(".") or type(error).__name__
    return BillError(Place(str(path)), f"The file can't be read to its end ({reason}).", _TRUNCATED)


def csv_rows(path: Path) -> Generator[tuple[int, dict[str, str]], None, None]:
    """Each row of the CSV file with the number of its last line; slow and exact.

    Raises:
        BillError: where the file stops being a table.
    """
    with open_binary(path) as stream:
        names = read_header(stream, path)
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        csv.field_size_limit(MAX_CELL_BYTES)
        reader = csv.reader(text, strict=True)
        while True:
            row_number = reader.line_num + 2
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _bad_row(path, row_number, error) from None
            except UnicodeDecodeError:
                raise BillError(
                    Place(str(path), row_number), "The row is not UTF-8.", "Save it as UTF-8 CSV."
                ) from None
            except READ_ERRORS as error:
                raise damaged(path, error) from None
            if not row:
                continue
            if len(row) != len(names):
                raise BillError(
                    Place(str(path), row_number),
                    f"The row has {len(row)} cells, the header {len(names)}.",
                    "Export the bill again; it was cut or edited.",
                )
            yield reader.line_num + 1, dict(zip(names, row, strict=True))


def _bad_row(path: Path, row: int, error: csv.Error) -> BillError:
    if "field larger" in str(error):
        return BillError(
            Place(str(path), row),
            f"A cell is longer than {MAX_CELL_BYTES // 1024 // 1024} MiB.",
            "No cloud writes such a cell: look at the row and export the bill again.",
        )
    return BillError(Place(str(path), row), f"The row is not CSV ({error}).", "Export it again.")
