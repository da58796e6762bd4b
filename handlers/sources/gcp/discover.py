"""Finding Google Cloud bills in a folder: a billing export table's rows, in files.

A table is a folder of the files that an extract job wrote, newline-delimited JSON (plain or gzip)
or parquet; usually it bears the table's name, ``gcp_billing_export_v1_<account>`` or
``gcp_billing_export_resource_v1_<account>``
(https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables). It holds every
invoice month, and of a reseller every sub-account, so a table gives a snapshot for each.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from handlers.errors import BillError, Place
from handlers.record import Cloud
from handlers.sources import Snapshot
from handlers.sources.formats import FileFormat
from handlers.sources.gcp.layout import export_layout
from handlers.sources.gcp.tables import (
    Bill,
    Content,
    contents_of,
    format_of,
    is_export,
    plain_name,
)
from handlers.sources.parts import FilePart
from handlers.sources.refusals import Refusal, Refuse, attempt, raise_refusal

_TABLE = re.compile(r"gcp_billing_export_(resource_)?v1_(?P<account>[0-9A-F]{6}(_[0-9A-F]{6}){2})")


def discover(folder: Path, refuse: Refuse = raise_refusal) -> Iterator[Snapshot]:
    """A snapshot of each billing account and invoice month in the tables below ``folder``.

    A table is refused as a whole when a file of it can't be read: it may hold rows of any month.
    """
    for table, files in _tables(folder):
        contents = attempt(partial(_contents, table, files), table)
        if isinstance(contents, BillError):
            refuse(Refusal(Cloud.GCP, table, str(table), contents, scope=_account(table)))
        else:
            yield from (_snapshot(bill, table, contents[bill]) for bill in sorted(contents))


def _tables(folder: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Folders that hold a table, with its files."""
    files: dict[Path, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if format_of(path) is not None and path.is_file():
            files.setdefault(path.parent, []).append(path)
    for table, inside in sorted(files.items()):
        if _TABLE.fullmatch(table.name) or any(map(is_export, inside)):
            yield table, inside


def _account(table: Path) -> str:
    """The billing account that the table's name states; empty when it states none."""
    match = _TABLE.fullmatch(table.name)
    return match["account"].replace("_", "-") if match else ""


def _contents(table: Path, files: Sequence[Path]) -> Mapping[Bill, Content]:
    """What the table holds, which is not nothing.

    Raises:
        BillError: a file can't be read or is not of a billing export, or the table has no row.
    """
    _refuse_copies(table, files)
    contents = contents_of(files)
    if not contents:
        raise BillError(
            Place(str(table)), "The table has no row.", "Leave it out, or export it again."
        )
    return contents


def _refuse_copies(table: Path, files: Sequence[Path]) -> None:
    formats = {format_of(file) for file in files}
    twice = [name for name, times in Counter(map(plain_name, files)).items() if times > 1]
    if len(formats) > 1 or twice:
        found = f"'{twice[0]}' plain and compressed" if twice else "JSON and parquet files"
        raise BillError(
            Place(str(table)),
            f"The folder holds {found}, which is the same rows twice.",
            "Keep the files of one export only.",
        )


def _snapshot(bill: Bill, table: Path, content: Content) -> Snapshot:
    return Snapshot(
        cloud=Cloud.GCP,
        scope=bill.account,
        period=bill.period,
        version=content.version,
        origin=str(table),
        file_format=format_of(content.parts[0]) or FileFormat.NDJSON,
        parts=tuple(map(FilePart, content.parts)),
        layout=partial(export_layout, account=bill.account, month=bill.month),
        exported_at=content.exported_at,
    )
