"""Write a whole sample into a folder."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from handlers.errors import UsageError
from handlers.sample.aws_layout import Delivery, deliver_csv, deliver_legacy, deliver_parquet
from handlers.sample.azure_layout import EXPORTS, deliver_export
from handlers.sample.bills import Bill, bills
from handlers.sample.days import Days
from handlers.sample.files import write_bytes, write_json, write_table
from handlers.sample.gcp import STANDARD_TYPES, Line, deliver_table, gcp_lines, table_name
from handlers.sample.site import Invoice, invoices_of, write_site
from handlers.sample.tables import HERE
from handlers.sample.totals import PrintedLine, Truth
from handlers.sample.world import Scope, World, load

MARKER = "sample.json"
FOLDERS = ("aws", "azure", "gcp", "site", "truth")

Deliver = Callable[[Path, Bill], Delivery]
DELIVERIES: Mapping[str, Deliver] = {
    "cur2-parquet": deliver_parquet,
    "cur2-csv": deliver_csv,
    "cur1-csv": deliver_legacy,
    **dict.fromkeys(EXPORTS, deliver_export),
}


@dataclass(frozen=True)
class SampleReport:
    """What was written: counts of files, bytes, lines of current bills and AI lines of those."""

    folder: Path
    files: int
    bytes: int
    lines: int
    ai_lines: int
    scopes: int


Progress = Callable[[str, int, int], None]
"""Told the name of a finished scope, how many are done and how many there are."""


def _silent(name: str, done: int, all_of_them: int) -> None:
    del name, done, all_of_them


def clear(folder: Path) -> None:
    """Make ``folder`` ready: new, empty, or holding an earlier sample, which is removed.

    Raises:
        UsageError: the folder holds something else.
    """
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARKER).is_file():
            raise UsageError(
                f"{folder} is not empty and was not written by this command ({MARKER} is missing),"
                " so nothing was changed. Name a new or empty folder."
            )
        for name in FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
    elif folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file. Name a new or empty folder.")
    folder.mkdir(parents=True, exist_ok=True)


def write_sample(
    folder: Path, *, seed: int, days: int, end: date, progress: Progress = _silent
) -> SampleReport:
    """Write sample bills, matching site data and the right totals into ``folder``.

    The same seed, days and end give the same bytes. An earlier sample in ``folder`` is replaced.

    Raises:
        UsageError: ``days`` is out of range, or ``folder`` holds something else.
    """
    span = Days(end, days)
    clear(folder)
    write_json(folder / MARKER, {"seed": seed, "days": days, "end": f"{end}"})
    world = load()
    truth = Truth(world)
    invoices: list[Invoice] = []
    for number, scope in enumerate(world.scopes, start=1):
        for bill, path, lines in _deliver(folder, world, scope, span, seed):
            truth.take(bill, path, lines)
            invoices += invoices_of(bill, lines)
        progress(scope.name, number, len(world.scopes))
    for name, (header, rows) in truth.tables().items():
        write_table(folder / "truth" / name, header, rows)
    write_bytes(folder / "truth" / "README.md", (HERE / "readme.txt").read_bytes())
    write_site(folder, world, span, invoices)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return SampleReport(
        folder=folder,
        files=len(files),
        bytes=sum(path.stat().st_size for path in files),
        lines=truth.lines,
        ai_lines=truth.ai_lines,
        scopes=len(world.scopes),
    )


Delivered = tuple[Bill, str, Sequence[PrintedLine]]


def _deliver(
    folder: Path, world: World, scope: Scope, days: Days, seed: int
) -> Iterator[Delivered]:
    root = folder / scope.cloud.lower()
    if scope.cloud == "GCP":
        yield from _deliver_google(folder, root, list(bills(world, scope, days, seed)))
        return
    for bill in bills(world, scope, days, seed):
        path, lines = DELIVERIES[scope.format](root, bill)
        current = path.relative_to(folder).as_posix()
        yield bill, current, [(charge, printed) for charge, printed, _ in lines]


def _deliver_google(folder: Path, root: Path, months: Sequence[Bill]) -> Iterator[Delivered]:
    rows: list[Line] = []
    table = table_name(months[0])
    for bill in months:
        lines = list(gcp_lines(bill, bill.charges))
        rows += lines
        path = (root / table).relative_to(folder).as_posix()
        yield bill, path, [(charge, printed) for charge, printed, _ in lines]
    columns = STANDARD_TYPES if months[0].scope.format == "gcp-standard" else {}
    deliver_table(root, table, rows, columns)
