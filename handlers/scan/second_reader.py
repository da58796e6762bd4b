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
from handlers.sources.formats import FileFormat

_READERS = 2
"""Processes that add up NDJSON files side by side: one bill part each, on two cores."""


class SecondReader:
    """The total of all parts of a snapshot; used as a context so that no process outlives it."""

    def __init__(self, file_format: FileFormat, readings: Sequence[tuple[Path, Reading]]) -> None:
        self._file_format = file_format
        self._readings = readings
        self._running: list[subprocess.Popen[str]] = []
        self._sums: dict[int, CsvSum] = {}

    def __enter__(self) -> Self:
        if self._file_format is FileFormat.NDJSON:
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

    def watch(self, number: int, names: Sequence[str]) -> Watch:
        """What is to be shown the text of the CSV part ``number`` (from 0) after its header.

        ``names`` are the columns of the header.
        """
        part, reading = self._readings[number]
        if not isinstance(reading.total, CsvTotal):
            raise TypeError(f"{reading.total} is not how a CSV file is added up")
        self._sums[number] = CsvSum(part, names, reading.total.columns)
        return self._sums[number].watch

    def total(self) -> Total:
        """What all lines cost; waits for the readers.

        Raises:
            BillError: a reader could not understand a line.
        """
        if self._file_format is FileFormat.PARQUET:
            totals = [_parquet_total(part, reading) for part, reading in self._readings]
        elif self._file_format is FileFormat.CSV:
            totals = [self._sums[number].total() for number in range(len(self._readings))]
        else:
            totals = [_answer(process) for process in self._running]
        return _added(totals)

    def raise_fault(self, part: Path) -> None:
        """Raise what the second reader has to say against ``part``, of NDJSON: it names the row.

        Of CSV it counts lines of data, which are not rows where a cell holds a line break.
        """
        if self._file_format is not FileFormat.NDJSON:
            return
        try:
            self.total()
        except BillError as error:
            if error.place.file == str(part) and error.place.row is not None:
                raise


def _added(totals: Sequence[Total]) -> Total:
    with localcontext(prec=60):
        cost = sum((total.cost for total in totals), Decimal(0))
    return Total(sum(total.lines for total in totals), cost)


def _start(share: Sequence[tuple[Path, Reading]]) -> subprocess.Popen[str]:
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


def _request(part: Path, reading: Reading) -> dict[str, object]:
    total = reading.total
    if isinstance(total, NdjsonTotal):
        return {"file": str(part), "account": total.account, "month": total.month}
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


def readable_total(readings: Sequence[tuple[Path, Reading]]) -> Total:
    """The total of parts some of whose lines have no amount: those cost nothing.

    Raises:
        BillError: a part can't be read to its end.
    """
    return _added([_readable_total(part, reading) for part, reading in readings])


def _readable_total(part: Path, reading: Reading) -> Total:
    total = reading.total
    if isinstance(total, CsvTotal):
        return readable_csv_total(part, total.columns)
    if isinstance(total, NdjsonTotal):
        return readable_ndjson_total(part, total.account, total.month)
    return _sum_parquet(part, f"COALESCE(TRY({total.expression}), 0)", reading.where)


def _parquet_total(part: Path, reading: Reading) -> Total:
    """One column summed without filters by a connection of its own, checked with the footer."""
    if not isinstance(reading.total, ParquetTotal):
        raise TypeError(f"{reading.total} is not how a parquet file is added up")
    return _sum_parquet(part, reading.total.expression, reading.where)


def _sum_parquet(part: Path, expression: str, where: str) -> Total:
    with duckdb.connect() as connection:
        try:
            row = connection.execute(
                f"SELECT count(*), COALESCE(sum({expression}), 0)"
                f" FROM read_parquet({literal(str(part))}) WHERE {where}"
            ).fetchone()
        except duckdb.Error as error:
            raise damaged(part, error) from None
    lines, cost = row or (0, Decimal(0))
    return Total(int(lines), Decimal(str(cost)))
