"""Opening the text files of a bill: plain or gzip, UTF-8 with or without a byte-order mark."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from isal import igzip

from handlers.errors import BillError, Place

MAX_CELL_BYTES = 1024 * 1024
"""The longest cell that is read. Clouds' longest are tags and descriptions of a few kilobytes."""

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAX_HEADER_BYTES = 1024 * 1024
_TRUNCATED = "Fetch the file again: it ends early or is damaged. Nothing was changed."


def open_binary(path: Path) -> BinaryIO:
    """The inflated bytes of ``path``, whatever its name says about compression."""
    stream = path.open("rb")
    compressed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return cast("BinaryIO", igzip.IGzipFile(fileobj=stream, mode="rb")) if compressed else stream


def read_header(stream: BinaryIO, path: Path) -> tuple[str, ...]:
    """The column names of the CSV file; ``stream`` is left at the first line of data.

    Raises:
        BillError: empty, not UTF-8 or longer than a header can be.
    """
    try:
        first = stream.readline(_MAX_HEADER_BYTES)
    except (EOFError, OSError, igzip.IGzipError) as error:
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


def damaged(path: Path, error: BaseException) -> BillError:
    """What to say of a file that can't be read to its end."""
    reason = str(error).strip().rstrip(".") or type(error).__name__
    return BillError(Place(str(path)), f"The file can't be read to its end ({reason}).", _TRUNCATED)


def csv_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
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
            except (EOFError, OSError, igzip.IGzipError) as error:
                raise damaged(path, error) from None
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
