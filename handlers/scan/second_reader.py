"""Runs the second, independent reader beside the first.

CSV: another parser (``totals.CsvSum``) over the text that the engine gets, as it was inflated and
before it is handed on; gzip's own checksum vouches for the inflating. NDJSON: other processes.
Parquet: another connection, which sums one column without any filter.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal, localcontext
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import duckdb

import handlers
from handlers.errors import BillError, Place
from handlers.quoting import literal
from handlers.scan.feed import Watch
from handlers.scan.text_files import damaged
from handlers.scan.totals import CsvSum, Total, readable_csv_total, readable_ndjson_total
from handlers.sources import CsvTotal, NdjsonTotal, ParquetTotal, Reading
from handlers.sources.parts import FilePart, Part, held

_READERS = 2
"""Processes that add up NDJSON files side by side: one bill part each, on two cores."""


class CsvSums:
    """The total of the parts of a CSV bill, whose text is shown to it."""

    def __init__(self, readings: Sequence[tuple[Part, Reading]]) -> None:
        self._readings = readings
        self._sums: dict[int, CsvSum] = {}

    def watch(self, number: int, names: Sequence[str]) -> Watch:
        """What is to be shown the text of the part ``number`` (from 0) after its header.

        ``names`` are the columns of the header.
        """
        part, reading = self._readings[number]
        if not isinstance(reading.total, CsvTotal):
            raise TypeError(f"{reading.total} is not how a CSV file is added up")
        self._sums[number] = CsvSum(part, names, reading.total.columns)
        return self._sums[number].watch

    def total(self) -> Total:
        """What all lines cost.

        Raises:
            BillError: a line has no amount, or a part was not seen to its end.
        """
        return added([self._sums[number].total() for number in range(len(self._readings))])


class NdjsonSums:
    """The total of files of JSON; used as a context so that no process outlives it."""

    def __init__(self, readings: Sequence[tuple[FilePart, Reading]]) -> None:
        self._readings = readings
        self._running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        shares = [self._readings[start::_READERS] for start in range(_READERS)]
        self._running = [_start(share) for share in shares if share]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def total(self) -> Total:
        """What all lines cost; waits for the readers.

        Raises:
            BillError: a reader could not understand a line.
        """
        return added([_answer(process) for process in self._running])

    def raise_fault(self, part: Part) -> None:
        """Raise what the readers have to say against ``part``, where they name the row."""
        try:
            self.total()
        except BillError as error:
            if error.place.file == str(part) and error.place.row is not None:
                raise


def added(totals: Sequence[Total]) -> Total:
    """All ``totals`` together."""
    with localcontext(prec=60):
        cost = sum((total.cost for total in totals), Decimal(0))
    return Total(sum(total.lines for total in totals), cost)


def _start(share: Sequence[tuple[FilePart, Reading]]) -> subprocess.Popen[str]:
    request = [_request(part, reading) for part, reading in share]
    process = subprocess.Popen(
        [sys.executable, "-m", "handlers.scan.totals"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(handlers.__file__).parent.parent)},
    )
    if process.stdin is not None:
        process.stdin.write(json.dumps(request))
        process.stdin.close()
        process.stdin = None
    return process


def _request(part: FilePart, reading: Reading) -> dict[str, object]:
    total = reading.total
    if isinstance(total, NdjsonTotal):
        return {
            "file": str(part.path),
            "shown": part.shown,
            "account": total.account,
            "month": total.month,
        }
    raise TypeError(f"{total} is not how newline-delimited JSON is added up")


def _answer(process: subprocess.Popen[str]) -> Total:
    out, _ = process.communicate()
    if process.returncode != 0:
        raise ChildProcessError(f"The second reader ended with code {process.returncode}.")
    answer = cast("dict[str, object]", json.loads(out))
    if "found" in answer:
        row = answer["row"]
        place = Place(
            str(answer["file"]), row if isinstance(row, int) else None, str(answer["column"])
        )
        raise BillError(place, str(answer["found"]), str(answer["remedy"]))
    return Total(int(str(answer["lines"])), Decimal(str(answer["cost"])))


def readable_total(readings: Sequence[tuple[Part, Reading]]) -> Total:
    """The total of parts some of whose lines have no amount: those cost nothing.

    Raises:
        BillError: a part can't be read to its end.
    """
    return added([_readable_total(part, reading) for part, reading in readings])


def _readable_total(part: Part, reading: Reading) -> Total:
    total = reading.total
    if isinstance(total, CsvTotal):
        return readable_csv_total(part, total.columns)
    if isinstance(total, NdjsonTotal):
        return readable_ndjson_total(part, total.account, total.month)
    with held(part) as file:
        return _sum_parquet(file, f"COALESCE(TRY({total.expression}), 0)", reading.where)


def parquet_total(part: FilePart, reading: Reading) -> Total:
    """The total of a parquet file: one column summed by a connection of its own.

    Raises:
        BillError: the file can't be read to its end.
    """
    if not isinstance(reading.total, ParquetTotal):
        raise TypeError(f"{reading.total} is not how a parquet file is added up")
    return _sum_parquet(part, reading.total.expression, reading.where)


def _sum_parquet(part: FilePart, expression: str, where: str) -> Total:
    with duckdb.connect() as connection:
        try:
            row = connection.execute(
                f"SELECT count(*), COALESCE(sum({expression}), 0)"
                f" FROM read_parquet({literal(str(part.path))}) WHERE {where}"
            ).fetchone()
        except duckdb.Error as error:
            raise damaged(part, error) from None
    lines, cost = row or (0, Decimal(0))
    return Total(int(lines), Decimal(str(cost)))
