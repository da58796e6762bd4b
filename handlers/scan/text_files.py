"""Opening the text files of a bill: plain or gzip, UTF-8 with or without a byte-order mark."""

import contextlib
import csv
import io
from collections import Counter
from collections.abc import Generator
from typing import BinaryIO, NamedTuple, cast

from isal import igzip, igzip_lib

from handlers.errors import BillError, Place
from handlers.no_room import raise_no_room
from handlers.sources.parts import Part

MAX_CELL_BYTES = 1024 * 1024
"""The longest cell that is read. Clouds' longest are tags and descriptions of a few kilobytes."""

READ_ERRORS = (EOFError, OSError, cast("type[Exception]", igzip_lib.IsalError))
"""What reading a file that was cut off or damaged raises."""

_UTF8_MARK = b"\xef\xbb\xbf"
_GZIP_MARK = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MAX_HEADER_BYTES = 1024 * 1024
_MAX_LINE = 4 * MAX_CELL_BYTES
_TRUNCATED = "Fetch the file again: it ends early or is damaged. Nothing was changed."


class Header(NamedTuple):
    """The first line of a CSV file; ``line_end`` is how it ends, one or two characters."""

    names: tuple[str, ...]
    line_end: str


@contextlib.contextmanager
def open_binary(part: Part) -> Generator[BinaryIO]:
    """The inflated bytes of ``part``, whatever its name says about compression."""
    with part.open() as stream:
        if stream.peek(2)[:2] == _GZIP_MARK:
            with igzip.IGzipFile(fileobj=stream, mode="rb") as inflated:
                yield cast("BinaryIO", inflated)
        else:
            yield stream


def is_gzip(part: Part) -> bool:
    """Whether ``part`` holds gzip, whatever its name says."""
    with part.open() as stream:
        return stream.peek(2)[:2] == _GZIP_MARK


def read_header(stream: BinaryIO, part: Part) -> Header:
    """The header of the CSV file; ``stream`` is left at the first line of data.

    Raises:
        BillError: empty, not UTF-8 or longer than a header can be.
    """
    try:
        first = stream.readline(_MAX_HEADER_BYTES)
    except READ_ERRORS as error:
        raise damaged(part, error) from None
    if not first.strip():
        raise BillError(
            Place(str(part)), "The file is empty.", "Fetch it again; a bill has a header row."
        )
    if len(first) == _MAX_HEADER_BYTES and not first.endswith(b"\n"):
        raise BillError(
            Place(str(part), 1),
            f"The header is longer than {_MAX_HEADER_BYTES // 1024 // 1024} MiB.",
            "No cloud writes such a header: look at the file and export the bill again.",
        )
    if first.startswith(_UTF16_MARKS) or b"\x00" in first:
        raise BillError(
            Place(str(part), 1), "The file is not UTF-8 (UTF-16?).", "Save it as UTF-8 CSV."
        )
    try:
        text = first.removeprefix(_UTF8_MARK).decode("utf-8")
    except UnicodeDecodeError:
        raise BillError(
            Place(str(part), 1), "The header is not UTF-8.", "Save the file as UTF-8 CSV."
        ) from None
    csv.field_size_limit(MAX_CELL_BYTES)
    try:
        names = tuple(name.strip() for name in next(csv.reader([text])))
    except csv.Error as error:
        raise _bad_row(part, 1, error) from None
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise BillError(
            Place(str(part), 1, twice[0]), "The column stands there twice.", "Export it again."
        )
    return Header(names, "\r\n" if first.endswith(b"\r\n") else "\n")


def damaged(part: object, error: BaseException) -> BillError:
    """What to say of a file that can't be read to its end.

    Raises:
        NoRoom: nothing is wrong with the file, but there is no room here to read it.
    """
    raise_no_room(str(part), error)
    reason = str(error).strip().rstrip(".") or type(error).__name__
    return BillError(Place(str(part)), f"The file can't be read to its end ({reason}).", _TRUNCATED)


def csv_rows(part: Part) -> Generator[tuple[int, dict[str, str]], None, None]:
    """Each row of the CSV file with the number of its last line; slow and exact.

    Raises:
        BillError: where the file stops being a table.
    """
    with open_binary(part) as stream:
        names = read_header(stream, part).names
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        csv.field_size_limit(MAX_CELL_BYTES)
        reader = csv.reader(_lines(text), strict=True)
        while True:
            row_number = reader.line_num + 2
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _bad_row(part, row_number, error) from None
            except UnicodeDecodeError:
                raise BillError(
                    Place(str(part), row_number), "The row is not UTF-8.", "Save it as UTF-8 CSV."
                ) from None
            except READ_ERRORS as error:
                raise damaged(part, error) from None
            if not row:
                continue
            if len(row) != len(names):
                raise BillError(
                    Place(str(part), row_number),
                    f"The row has {len(row)} cells, the header {len(names)}.",
                    "Export the bill again; it was cut or edited.",
                )
            yield reader.line_num + 1, dict(zip(names, row, strict=True))


def _lines(text: io.TextIOWrapper) -> Generator[str, None, None]:
    """The lines of a file; one that has no end is not read to it, which could be gigabytes."""
    while line := text.readline(_MAX_LINE):
        if len(line) == _MAX_LINE and not line.endswith("\n"):
            raise csv.Error("field larger than a line may be")
        yield line


def _bad_row(part: Part, row: int, error: csv.Error) -> BillError:
    if "field larger" in str(error):
        return BillError(
            Place(str(part), row),
            f"A cell is longer than {MAX_CELL_BYTES // 1024 // 1024} MiB.",
            "No cloud writes such a cell: look at the row and export the bill again.",
        )
    return BillError(Place(str(part), row), f"The row is not CSV ({error}).", "Export it again.")
