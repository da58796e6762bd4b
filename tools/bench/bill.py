"""The bill that is read: a CUR 2.0 of 96 columns, one line in fifty for AI, always the same.

Written part by part as AWS delivers it, gzip CSV or parquet, and kept for the next run. CSV goes
through a pipe into gzip, so that an inflated part never lies on disk.
"""

import csv
import gzip
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from pathlib import Path
from typing import cast

import duckdb

LINES_PER_PART = 1_000_000
_HERE = Path(__file__).parent
_RATE_SCALE = 7
_COST_SCALE = 13
"""Decimal places of a cost: of an amount, in micro-units, and of a rate together."""
_GZIP_LEVEL = 6
_BLOCK = 1 << 20
_PERIOD = "BILLING_PERIOD=2026-10"
_EXPORT = "bench-cur2"
_SELECTS = ("lines", "truth")
_SKU_TEXTS = (
    "entity",
    "code",
    "name",
    "family",
    "operation",
    "usage_type",
    "description",
    "unit",
    "rate",
    "instance_type",
    "resource",
)


class Format(StrEnum):
    """How the parts are written."""

    CSV = "csv.gz"
    PARQUET = "snappy.parquet"


@dataclass(frozen=True)
class Bill:
    """A bill in ``folder``: its parts, and what whoever reads it must find."""

    folder: Path
    parts: tuple[Path, ...]
    lines: int
    ai_lines: int
    total: Decimal


def make_bill(folder: Path, lines: int, file_format: Format) -> Bill:
    """The bill of the first ``lines`` lines below ``folder``; written unless it is there already.

    Its parts of a million lines are shared with longer bills below the same ``folder``.
    """
    stock = folder / "parts" / _digest()
    stock.mkdir(parents=True, exist_ok=True)
    for other in stock.parent.iterdir():
        if other != stock:
            shutil.rmtree(other)
    root = folder / f"{lines}-{file_format.value.replace('.', '-')}"
    with duckdb.connect() as connection:
        _prepare(connection)
        numbers = range(0, lines, LINES_PER_PART)
        parts: list[Path] = []
        data = root / _EXPORT / "data" / _PERIOD
        shutil.rmtree(root, ignore_errors=True)
        data.mkdir(parents=True)
        for number, first in enumerate(numbers, start=1):
            last = min(first + LINES_PER_PART, lines)
            stocked = stock / f"{first}-{last}.{file_format}"
            if not stocked.is_file():
                _write_part(connection, stocked, first, last)
            part = data / f"{_EXPORT}-{number:05d}.{file_format}"
            _link(stocked, part)
            parts.append(part)
        _write_manifest(root, parts)
        return Bill(root, tuple(parts), *_truth(connection, lines))


def _digest() -> str:
    """What the parts are made from: another text, other parts."""
    digest = hashlib.sha256()
    for name in ("bill.py", "lines.sql", "skus.csv"):
        digest.update((_HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def _link(stocked: Path, part: Path) -> None:
    try:
        os.link(stocked, part)
    except OSError:
        shutil.copyfile(stocked, part)


def _statements() -> Iterator[tuple[str, str]]:
    text = (_HERE / "lines.sql").read_text(encoding="utf-8")
    for block in text.split("-- statement: ")[1:]:
        name, _, statement = block.partition("\n")
        yield name.strip(), statement.strip().rstrip(";")


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the SKUs into a table, each as often as its weight says, numbered from 0."""
    texts = ", ".join(f"{name} VARCHAR" for name in _SKU_TEXTS)
    connection.execute("SET threads = 2")
    connection.execute(
        "CREATE TEMP TABLE skus (is_ai BOOLEAN, position BIGINT, number BIGINT, tenths BIGINT,"
        f" most BIGINT, grain BIGINT, {texts})"
    )
    positions = Counter[bool]()
    rows: list[Sequence[object]] = []
    with (_HERE / "skus.csv").open(encoding="utf-8", newline="") as stream:
        for number, sku in enumerate(csv.DictReader(stream)):
            is_ai, tenths = sku["ai"] == "1", int(Decimal(sku["rate"]).scaleb(_RATE_SCALE))
            fixed = (number, tenths, int(sku["most"]), int(sku["grain"]))
            for _ in range(int(sku["weight"])):
                rows.append((is_ai, positions[is_ai], *fixed, *(sku[name] for name in _SKU_TEXTS)))
                positions[is_ai] += 1
    holes = ", ".join("?" for _ in rows[0])
    connection.executemany(f"INSERT INTO skus VALUES ({holes})", rows)


def _lines(connection: duckdb.DuckDBPyConnection, first: int, last: int, wanted: str) -> str:
    """The text of the SELECT called ``wanted``, with the views that it stands on made."""
    row = connection.execute(
        "SELECT count(*) FILTER (is_ai), count(*) FILTER (NOT is_ai) FROM skus"
    ).fetchone()
    ai_skus, other_skus = row or (0, 0)
    # A view takes no bound values; these are numbers of our own.
    values = {"first": first, "last": last, "ai_skus": ai_skus, "other_skus": other_skus}
    selects: dict[str, str] = {}
    for name, statement in _statements():
        text = re.sub(r"\$(\w+)", lambda match: str(int(values[match[1]])), statement)
        if name in _SELECTS:
            selects[name] = text
        else:
            connection.execute(text)
    return selects[wanted]


def _truth(connection: duckdb.DuckDBPyConnection, lines: int) -> tuple[int, int, Decimal]:
    row = connection.execute(_lines(connection, 0, lines, "truth")).fetchone()
    count, ai_lines, cost = row or (0, 0, "0")
    with localcontext() as context:
        context.prec = 60
        return int(count), int(ai_lines), Decimal(str(cost)).scaleb(-_COST_SCALE)


def _write_part(connection: duckdb.DuckDBPyConnection, part: Path, first: int, last: int) -> None:
    temporary = part.with_suffix(f".{os.getpid()}.tmp")
    select = _lines(connection, first, last, "lines")
    if part.name.endswith(Format.CSV):
        _write_csv(connection, select, temporary)
    else:
        connection.execute(
            f"COPY ({select}) TO '{temporary}'"
            " (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880)"
        )
    temporary.replace(part)


def _write_csv(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    columns = connection.execute(f"DESCRIBE {select}").fetchall()
    cells = ", ".join(_as_text(str(name), str(kind)) for name, kind, *_ in columns)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        pipe = Path(folder) / "lines.csv"
        os.mkfifo(pipe)
        thread = threading.Thread(target=_deflate, args=(pipe, path))
        thread.start()
        connection.execute(
            f"COPY (SELECT {cells} FROM ({select})) TO '{pipe}'"
            " (FORMAT csv, HEADER, USE_TMP_FILE false)"
        )
        thread.join()


def _as_text(name: str, kind: str) -> str:
    if kind == "TIMESTAMP":
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.000Z') AS {name}"
    if kind.startswith("MAP"):
        return f"CAST(to_json({name}) AS VARCHAR) AS {name}"
    return name


def _deflate(pipe: Path, path: Path) -> None:
    with (
        pipe.open("rb") as source,
        path.open("wb") as file,
        gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as target,
    ):
        shutil.copyfileobj(source, target, _BLOCK)


def _write_manifest(root: Path, parts: Sequence[Path]) -> None:
    metadata = root / _EXPORT / "metadata" / _PERIOD
    metadata.mkdir(parents=True)
    content = {
        "exportName": _EXPORT,
        "billingPeriod": {"start": "2026-10-01T00:00:00.000Z", "end": "2026-11-01T00:00:00.000Z"},
        "dataFiles": [f"s3://bench/{part.relative_to(root).as_posix()}" for part in parts],
    }
    (metadata / f"{_EXPORT}-Manifest.json").write_text(json.dumps(content), encoding="utf-8")


def main() -> None:
    """Make the bill of ``FOLDER LINES FORMAT`` and say on standard output what it is."""
    folder, lines, file_format = sys.argv[1:]
    bill = make_bill(Path(folder), int(lines), Format(file_format))
    answer = {
        "folder": str(bill.folder),
        "parts": [str(part) for part in bill.parts],
        "lines": bill.lines,
        "ai_lines": bill.ai_lines,
        "total": format(bill.total, "f"),
    }
    json.dump(answer, sys.stdout)


def read_bill(text: str) -> Bill:
    """What ``main`` said."""
    answer = cast("dict[str, object]", json.loads(text))
    parts = cast("list[str]", answer["parts"])
    return Bill(
        Path(str(answer["folder"])),
        tuple(map(Path, parts)),
        int(str(answer["lines"])),
        int(str(answer["ai_lines"])),
        Decimal(str(answer["total"])),
    )


if __name__ == "__main__":
    main()
