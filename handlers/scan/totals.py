"""The second, independent reader: what all lines of a bill's text files cost together.

It shares nothing with the first reader but the meaning of an amount and, of CSV, the inflated
text, which it sees before the first reader does: another parser, every line. If a line is lost,
split or read twice by one of the two, their totals differ and the load is refused.

As a program it reads one JSON request from standard input and writes one JSON answer, so that
the sum of newline-delimited JSON runs beside the first reader on another core.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path

from handlers.amounts import AMOUNT_PATTERN, LINE_SCALE, parse_amount
from handlers.errors import BillError, Place
from handlers.scan.text_files import READ_ERRORS, damaged, open_binary, read_header
from handlers.sources.parts import FilePart, Part

_BLOCK = 112 * 1024
_DIGITS = 60
"""Of sums: enough for the largest amounts to the smallest place."""

_AMOUNTS = re.compile(f"(?:(?:{AMOUNT_PATTERN})\n)*".encode(), re.ASCII)


@dataclass(frozen=True)
class Total:
    """Lines of a bill and what they cost, in its currency, to ``LINE_SCALE`` places."""

    lines: int
    cost: Decimal


class CsvSum:
    """Adds up a CSV file whose text is shown to it block by block, from after its header.

    A line costs the first of ``columns`` that is not empty.
    """

    def __init__(self, part: Part, names: Sequence[str], columns: Sequence[str]) -> None:
        self._part = part
        self._column = columns[-1]
        self._amounts_of = _AmountReader([names.index(column) for column in columns])
        self._lines, self._cost, self._tail = 0, Decimal(0), b""
        self._refusal: BillError | None = None
        self._ended = False

    def watch(self, block: bytes) -> None:
        """Add up the lines of ``block``; an empty one says that the file came to its end."""
        if self._refusal is None:
            try:
                with localcontext(prec=_DIGITS):
                    self._add(self._tail + block)
                    if not block:
                        self._end()
            except BillError as refusal:
                self._refusal = refusal

    def _add(self, text: bytes) -> None:
        amounts, self._tail = self._amounts_of(text)
        self._cost += _sum(amounts, self._part, self._lines, self._column)
        self._lines += len(amounts)

    def _end(self) -> None:
        if self._tail:
            self._add(self._tail + b"\n")
        if self._tail:
            raise _open_quote(self._part, self._lines)
        self._ended = True

    def total(self) -> Total:
        """What all lines cost.

        Raises:
            BillError: a line has no amount, or the file was not seen to its end.
        """
        if self._refusal is not None:
            raise self._refusal
        if not self._ended:
            raise damaged(self._part, EOFError("not all of it was read"))
        return Total(self._lines, self._cost)


def csv_total(part: Part, columns: Sequence[str]) -> Total:
    """The total of a CSV file; a line costs the first of ``columns`` that is not empty.

    Raises:
        BillError: a line has no amount there, or the file can't be read to its end.
    """
    with open_binary(part) as stream:
        adding = CsvSum(part, read_header(stream, part).names, columns)
        try:
            while block := stream.read(_BLOCK):
                adding.watch(block)
        except READ_ERRORS as error:
            raise damaged(part, error) from None
        adding.watch(b"")
    return adding.total()


def readable_csv_total(part: Part, columns: Sequence[str]) -> Total:
    """Like ``csv_total``, where a line without an amount costs nothing.

    Raises:
        BillError: the file can't be read to its end.
    """
    lines, cost = 0, Decimal(0)
    with localcontext(prec=_DIGITS):
        for amounts in _amounts(part, columns):
            values = (parse_amount(_text(_bare(amount))) for amount in amounts)
            cost += sum((value for value in values if value is not None), Decimal(0))
            lines += len(amounts)
    return Total(lines, cost)


def _amounts(part: Part, columns: Sequence[str]) -> Iterator[list[bytes]]:
    """What each line costs, as it stands there, some thousand lines at a time."""
    with open_binary(part) as stream:
        names = read_header(stream, part).names
        amounts_of = _AmountReader([names.index(column) for column in columns])
        lines, tail = 0, b""
        try:
            while block := stream.read(_BLOCK):
                amounts, tail = amounts_of(tail + block)
                lines += len(amounts)
                yield amounts
        except READ_ERRORS as error:
            raise damaged(part, error) from None
        amounts, tail = amounts_of(tail + b"\n") if tail else ([], b"")
        if tail:
            raise _open_quote(part, lines)
        yield amounts


def _open_quote(part: Part, lines: int) -> BillError:
    return BillError(
        Place(str(part), lines + 2),
        "The file ends inside a quoted cell.",
        "Fetch the file again: it ends early or was edited. Nothing was changed.",
    )


class _AmountReader:
    """Takes the wanted cell out of each line of a block of CSV text.

    One regular expression walks the cells up to the last one wanted, quoted ones whole; the rest
    of the line is only searched for its end, which is the first line break outside quotes.
    """

    _QUOTED = rb'"[^"]*+"(?:"[^"]*+")*+'
    _SKIPPED = rb'(?:(?!")[^,]*+|' + _QUOTED + rb"),"
    _WANTED = rb'(?:""|\r\Z|([^",\n]+|' + _QUOTED + rb"))?(?=,|\r?\Z)"

    def __init__(self, positions: Sequence[int]) -> None:
        pattern, next_cell = b"", 0
        ordered = sorted(positions)
        for position in ordered:
            skipped = position - next_cell
            pattern += (b"," if next_cell else b"") + self._SKIPPED * skipped + self._WANTED
            next_cell = position + 1
        self._match = re.compile(pattern).match
        self._groups = tuple(ordered.index(position) + 1 for position in positions)

    def __call__(self, block: bytes) -> tuple[list[bytes], bytes]:
        """The amounts of the whole lines in ``block``, and what is left of it after them."""
        amounts: list[bytes] = []
        start, match, groups = 0, self._match, self._groups
        find, count, add = block.find, block.count, amounts.append
        while (end := find(b"\n", start)) >= 0:
            found = match(block, start, end)
            # What was matched has its quotes in pairs; so must the rest have.
            if count(b'"', start if found is None else found.end(), end) & 1:
                if (end := _line_end(block, start, end)) < 0:
                    break
                found = match(block, start, end)
            cell: bytes | None = None
            if found is not None:
                for group in groups:
                    if cell := found[group]:
                        break
            if cell or block[start:end].strip():
                add(cell or b"")
            start = end + 1
        return amounts, block[start:]


def _line_end(block: bytes, start: int, end: int) -> int:
    """Where the line that begins at ``start`` ends, at ``end`` or after; -1: it is not whole."""
    while end >= 0 and block.count(b'"', start, end) & 1:
        end = block.find(b"\n", end + 1)
    return end


def _sum(amounts: list[bytes], part: Part, before: int, column: str) -> Decimal:
    if not amounts:
        return Decimal(0)
    text = b"\n".join(amounts) + b"\n"
    if b'"' in text or b"\r" in text:
        amounts = [_bare(amount) for amount in amounts]
        text = b"\n".join(amounts) + b"\n"
    if not _AMOUNTS.fullmatch(text):
        raise _first_bad(amounts, part, before, column)
    added = sum(map(Decimal, text.decode("ascii").split()), Decimal(0))
    # A sum has the places of its finest term; only terms finer than a line amount are rounded.
    exponent = added.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -LINE_SCALE:
        return added
    return sum((_exact(amount) for amount in amounts), Decimal(0))


def _exact(amount: bytes) -> Decimal:
    value = parse_amount(amount.decode("ascii"))
    if value is None:
        raise ValueError(f"{amount!r} passed the pattern and is no amount")
    return value


def _bare(cell: bytes) -> bytes:
    """The cell without the quotes around it and what its line ends with."""
    cell = cell.removesuffix(b"\r")
    return cell[1:-1].replace(b'""', b'"') if cell.startswith(b'"') else cell


def _text(amount: bytes) -> str:
    return amount.decode("utf-8", "replace")


def _first_bad(amounts: list[bytes], part: Part, before: int, column: str) -> BillError:
    for number, amount in enumerate(amounts):
        cell = _text(amount)
        if parse_amount(cell) is None:
            return not_an_amount(Place(str(part), before + number + 2, column), cell)
    raise ValueError("no amount is bad, though together they don't match")


def not_an_amount(place: Place, cell: str) -> BillError:
    """What to say of a cell that should hold an amount."""
    shown = cell if len(cell) <= 40 else cell[:40] + "..."
    found = f"'{shown}' is not an amount." if cell else "The amount is empty."
    return BillError(
        place,
        found,
        "Amounts are plain decimals such as 1234.56 or 4.2E-7, without separators or a currency."
        " Mend the cell, or load with --quarantine to set such rows aside.",
    )


def ndjson_total(part: Part, account: str, month: str) -> Total:
    """The total of a Google billing export's rows of an account and invoice month (YYYYMM).

    A line costs its ``cost`` plus its credits. A float counts as its shortest decimal text.

    Raises:
        BillError: a line has no amount there, or the file can't be read to its end.
    """
    lines, cost = 0, Decimal(0)
    with localcontext(prec=_DIGITS):
        for number, amounts in _ndjson_amounts(part, account, month):
            for amount in amounts:
                value = parse_amount(amount)
                if value is None:
                    raise not_an_amount(Place(str(part), number, "cost"), amount)
                cost += value
            lines += 1
    return Total(lines, cost)


def readable_ndjson_total(part: Part, account: str, month: str) -> Total:
    """Like ``ndjson_total``, where a line costs nothing when one of its amounts can't be read.

    Raises:
        BillError: the file can't be read to its end.
    """
    lines, cost = 0, Decimal(0)
    with localcontext(prec=_DIGITS):
        for _, amounts in _ndjson_amounts(part, account, month):
            values = [value for amount in amounts if (value := parse_amount(amount)) is not None]
            cost += sum(values, Decimal(0)) if len(values) == len(amounts) else 0
            lines += 1
    return Total(lines, cost)


def _ndjson_amounts(part: Part, account: str, month: str) -> Iterator[tuple[int, list[str]]]:
    """The number of each row of that account and month, and the amounts it costs together."""
    number = 0
    with open_binary(part) as stream:
        try:
            for number, raw in enumerate(stream, start=1):
                if not raw.strip():
                    continue
                row = json.loads(raw, parse_float=_shortest, parse_int=str)
                if (row["billing_account_id"], row["invoice"]["month"]) != (account, month):
                    continue
                credits = row.get("credits") or ()
                yield number, [str(row["cost"]), *(str(credit["amount"]) for credit in credits)]
        except READ_ERRORS as error:
            raise damaged(part, error) from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BillError(
                Place(str(part), number),
                f"The row is not one of a billing export ({type(error).__name__}: {error}).",
                "Export the table again as newline-delimited JSON.",
            ) from None


def _shortest(text: str) -> str:
    return repr(float(text))


def main() -> None:
    """Answer the request on standard input: parts, and of each what its lines cost."""
    request = json.load(sys.stdin)
    lines, cost = 0, Decimal(0)
    with localcontext(prec=_DIGITS):
        try:
            for asked in request:
                part = FilePart(Path(asked["file"]), asked["shown"])
                total = ndjson_total(part, asked["account"], asked["month"])
                lines, cost = lines + total.lines, cost + total.cost
            answer = {"lines": lines, "cost": format(cost, "f")}
        except BillError as error:
            place = error.place
            answer = {
                "file": place.file,
                "row": place.row,
                "column": place.column,
                "found": error.found,
                "remedy": error.remedy,
            }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    csv.field_size_limit(1 << 24)
    main()
