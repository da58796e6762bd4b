"""An archived bill: its AI lines as parquet.

A file holds the bill lines as they were read (``handlers.lines``), with what the rules of that
load said of each, and in its metadata whose bill it is and what the rest of it cost. So a table
can be rebuilt, reclassified and defended years later without the cloud.
"""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import cast

import duckdb

from handlers.archive.store import REMEDY, Archive
from handlers.errors import BillError, Place
from handlers.lines import LINE_COLUMNS, LINE_NAMES
from handlers.quoting import literal
from handlers.record import Cloud
from handlers.scan.line_sql import LEFT_OUT_COLUMNS
from handlers.scan.scan import Scanned, SetAside
from handlers.scan.totals import Total
from handlers.sources import AnyBill

NAMED_COLUMNS = (
    "is_ai",
    "model",
    "token_type",
    "service_tier",
    "customer_id",
    "project_id",
    "rule_id",
    "attribution_rule",
)
"""What the rules said of a line, kept beside it for the reader's sake."""

_KEY = "bill"


@dataclass(frozen=True)
class ArchivedBill:
    """A file of an archive, by its name there, and whose bill it is."""

    archive: Archive
    name: str
    cloud: Cloud
    scope: str
    period: date
    version: str
    exported_at: datetime | None
    origin: str

    @property
    def path(self) -> Path:
        """The file, fetched when it is asked for."""
        return self.archive.fetch(self.name)

    def __str__(self) -> str:
        return f"{self.cloud} {self.scope} {self.period:%Y-%m}"


@contextlib.contextmanager
def archiving(
    connection: duckdb.DuckDBPyConnection,
    archive: Archive,
    snapshot: AnyBill,
    scanned: Scanned,
) -> Generator[Callable[[], str], None, None]:
    """Archive ``staged_lines`` and ``left_out`` beside whatever the block does.

    Gives what keeps the file and returns its name in ``archive``. When the block ends without
    that, as it does where the load is refused, no file is left.
    """
    target = bill_folder(archive.folder, snapshot.cloud, snapshot.scope, snapshot.period)
    target.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_in(target)
    columns = ", ".join((*LINE_NAMES, *NAMED_COLUMNS))
    metadata = literal(json.dumps(_metadata(connection, snapshot, scanned)))
    with connection.cursor() as cursor, ThreadPoolExecutor(1) as beside:
        writing = beside.submit(
            cursor.execute,
            f"COPY (SELECT {columns} FROM staged_lines ORDER BY ALL) TO {literal(temporary)}"
            f" (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{_KEY}: {metadata}}})",
        )

        def keep() -> str:
            writing.result()
            with temporary.open("rb") as stream:
                content = hashlib.file_digest(stream, "sha256").hexdigest()[:32]
            name = (target / f"{content}.parquet").relative_to(archive.folder).as_posix()
            archive.keep(temporary, name)
            return name

        try:
            yield keep
        finally:
            wait([writing])
            temporary.unlink(missing_ok=True)


def _temporary_in(folder: Path) -> Path:
    """A name of this thread's own, for two may collect one bill into one folder at once.

    Files of processes that were killed are removed.
    """
    for left in folder.glob(".*-*.tmp"):
        if not _is_running(left.name[1:].partition("-")[0]):
            left.unlink(missing_ok=True)
    return folder / f".{os.getpid()}-{threading.get_ident()}.tmp"


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def _metadata(
    connection: duckdb.DuckDBPyConnection, snapshot: AnyBill, scanned: Scanned
) -> dict[str, object]:
    rows = connection.execute(
        "SELECT service_id, service, billing_entity, currency, line_count, cost::VARCHAR,"
        " usage_date::VARCHAR, charge_type, invoice_id FROM left_out ORDER BY ALL"
    ).fetchall()
    return {
        "cloud": str(snapshot.cloud),
        "scope": snapshot.scope,
        "period": snapshot.period.isoformat(),
        "version": snapshot.version,
        "exported_at": snapshot.exported_at.isoformat() if snapshot.exported_at else None,
        "origin": snapshot.origin,
        "lines": scanned.second.lines,
        "cost": format(scanned.second.cost, "f"),
        "latest": scanned.latest.isoformat() if scanned.latest else None,
        "aside_lines": scanned.aside.lines,
        "aside_cost": format(scanned.aside.cost, "f"),
        "left_out": [list(row) for row in rows],
    }


def bill_folder(folder: Path, cloud: Cloud, scope: str, period: date) -> Path:
    """Where what is kept of a bill lies below ``folder``."""
    return folder / cloud.lower() / _safe(scope) / f"{period:%Y-%m}"


def _safe(scope: str) -> str:
    """A folder name for a scope: readable, and different for different scopes."""
    plain = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in scope)
    if plain == scope and len(plain) <= 80 and not plain.startswith("."):
        return plain
    return f"{plain[:60].lstrip('.')}-{hashlib.sha256(scope.encode()).hexdigest()[:12]}"


def archived_bill(archive: Archive, name: str) -> ArchivedBill:
    """The bill that ``archive`` keeps as ``name``.

    Raises:
        BillError: the file is not there or is not an archive of ours.
        ArchiveError: the archive can't be read.
    """
    content = _read_metadata(archive.fetch(name))
    exported = content["exported_at"]
    return ArchivedBill(
        archive=archive,
        name=name,
        cloud=Cloud(str(content["cloud"])),
        scope=str(content["scope"]),
        period=date.fromisoformat(str(content["period"])),
        version=str(content["version"]),
        exported_at=datetime.fromisoformat(str(exported)) if exported else None,
        origin=str(content["origin"]),
    )


def _read_metadata(path: Path) -> Mapping[str, object]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if not digest.startswith(path.stem):
        raise BillError(Place(str(path)), "The archive file's content was changed.", REMEDY)
    with duckdb.connect() as connection:
        row = connection.execute(
            "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = ?",
            [str(path), _KEY],
        ).fetchone()
    if row is None:
        raise BillError(Place(str(path)), "The file is not an archived bill.", REMEDY)
    return cast("Mapping[str, object]", json.loads(row[0]))


def scan_archive(connection: duckdb.DuckDBPyConnection, bill: ArchivedBill) -> Scanned:
    """Fill ``bill_lines`` and ``left_out`` from the archive, as ``scan`` does from a bill.

    Raises:
        BillError: the file is not there or was changed.
    """
    path = bill.path
    content = _read_metadata(path)
    columns = ", ".join(f"{column.name} {column.type}" for column in LINE_COLUMNS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE bill_lines ({columns})")
    connection.execute(
        f"INSERT INTO bill_lines SELECT {', '.join(LINE_NAMES)} FROM read_parquet(?)",
        [str(path)],
    )
    _fill_left_out(connection, cast("list[list[object]]", content["left_out"]))
    first = connection.execute(
        "SELECT (SELECT count(*) FROM bill_lines)"
        " + (SELECT COALESCE(sum(line_count), 0) FROM left_out),"
        " (SELECT COALESCE(sum(cost), 0) FROM bill_lines)"
        " + (SELECT COALESCE(sum(cost), 0) FROM left_out)"
    ).fetchone()
    lines, cost = first or (0, Decimal(0))
    second = Total(int(str(content["lines"])), Decimal(str(content["cost"])))
    latest = content["latest"]
    return Scanned(
        Total(int(lines), Decimal(cost)),
        second,
        date.fromisoformat(str(latest)) if latest else None,
        SetAside(
            int(str(content.get("aside_lines", 0))), Decimal(str(content.get("aside_cost", 0)))
        ),
    )


def _fill_left_out(connection: duckdb.DuckDBPyConnection, rows: Sequence[Sequence[object]]) -> None:
    """Older archives tell neither kinds of charge nor documents apart: those cells are null."""
    columns = ", ".join(f"{name} {kind}" for name, kind in LEFT_OUT_COLUMNS.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE left_out ({columns})")
    cells = ", ".join(
        f"CAST(row ->> {place} AS {kind})" for place, kind in enumerate(LEFT_OUT_COLUMNS.values())
    )
    connection.execute(
        f"INSERT INTO left_out SELECT {cells} FROM (SELECT unnest(?::JSON[]) AS row)",
        [[json.dumps(row) for row in rows]],
    )


def archived_lines(paths: Iterator[Path]) -> str:
    """A relation of all lines in these archive files, for the ``lines`` command."""
    files = ", ".join(map(literal, paths))
    return f"read_parquet([{files}], union_by_name=true)"
