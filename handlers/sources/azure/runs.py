"""Runs of an Azure export: what a manifest says, and what a file without one says by itself."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

from handlers.errors import BillError, Place
from handlers.record import Cloud
from handlers.scan.peek import first_value
from handlers.sources import Snapshot
from handlers.sources.azure.layout import azure_layout
from handlers.sources.columns import folded, load_spellings
from handlers.sources.formats import FileFormat
from handlers.sources.manifests import count_at, part_paths, read_manifest, text_at
from handlers.sources.stamps import content_version, file_stamp

SUFFIXES = {
    ".csv": FileFormat.CSV,
    ".csv.gz": FileFormat.CSV,
    ".parquet": FileFormat.PARQUET,
}
"""How the names of an export's parts end."""

_BILLS = {"", "actualcost", "usage", "focuscost"}
"""The types of export that are bills; Usage is what actual cost is called where there are no
purchases."""
_AMORTIZED = "amortizedcost"
_STAMP = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?\d*(?:Z|\+00:00)?")
_EXPORT_RESOURCE = re.compile(r"/providers/microsoft\.costmanagement/.*", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Run:
    """What a manifest says of a run; ``kind`` in lower case, ``submitted`` in UTC or empty.

    ``lines`` is how many lines it states; none at all is a month that has only begun.
    """

    manifest: Path
    kind: str
    submitted: str
    resource: str
    blobs: tuple[str, ...]
    lines: int | None

    @property
    def is_bill(self) -> bool:
        """Whether it holds costs, rather than prices or recommendations."""
        return self.kind in _BILLS or self.kind == _AMORTIZED

    @property
    def scope(self) -> str:
        """What was exported; empty where the manifest does not say."""
        return _scope(self.resource)

    def order(self) -> str:
        """Sorts runs by when they were submitted."""
        return self.submitted


def read_run(manifest: Path) -> Run | None:
    """What ``manifest`` says; None when it is not that of an export.

    Raises:
        BillError: it can't be read.
    """
    content = read_manifest(manifest)
    if "exportConfig" not in content and "blobs" not in content:
        return None
    return Run(
        manifest=manifest,
        kind=text_at(content, "exportConfig", "type").lower(),
        submitted=_submitted(text_at(content, "runInfo", "submittedTime")),
        resource=text_at(content, "exportConfig", "resourceId"),
        blobs=_blob_names(content),
        lines=count_at(content, "dataRowCount"),
    )


def run_snapshot(run: Run, period_folder: Path, period: date) -> Snapshot:
    """The bill that ``run`` wrote.

    Raises:
        BillError: a part is not there or can't be read, it is of amortised costs, or neither the
            manifest nor the first line says whose bill it is.
    """
    if run.kind == _AMORTIZED:
        raise _amortized(run.manifest)
    if not run.blobs:
        raise BillError(
            Place(str(run.manifest)), "The manifest names no part.", "Fetch the export again."
        )
    parts = _parts(run, period_folder)
    file_format = _format_of(run.manifest, parts)
    return Snapshot(
        cloud=Cloud.AZURE,
        scope=run.scope or _scope_of_lines(parts, file_format),
        period=period,
        version=content_version(run.manifest.read_bytes(), list(map(file_stamp, parts))),
        origin=str(run.manifest),
        file_format=file_format,
        parts=parts,
        layout=azure_layout,
        exported_at=_moment(run.submitted),
        expected_lines=run.lines,
    )


def file_snapshot(file: Path, period: date) -> Snapshot:
    """The bill of an export that wrote ``file`` and no manifest.

    Raises:
        BillError: it can't be read, is of amortised costs, or does not say whose bill it is.
    """
    if "amortized" in file.name.lower():
        raise _amortized(file)
    file_format = _format_of(file, (file,))
    return Snapshot(
        cloud=Cloud.AZURE,
        scope=_scope_of_lines((file,), file_format),
        period=period,
        version=_digest(file),
        origin=str(file),
        file_format=file_format,
        parts=(file,),
        layout=azure_layout,
    )


def _amortized(origin: Path) -> BillError:
    return BillError(
        Place(str(origin)),
        "This is an export of amortised costs, which is not what is invoiced.",
        "Export actual cost, or FOCUS, which holds both; leave this export's folder out.",
    )


def _blob_names(content: dict[str, object]) -> tuple[str, ...]:
    blobs = content.get("blobs")
    items = cast("list[object]", blobs) if isinstance(blobs, list) else []
    return tuple(
        text_at(cast("dict[str, object]", blob), "blobName")
        for blob in items
        if isinstance(blob, dict)
    )


def _parts(run: Run, period_folder: Path) -> tuple[Path, ...]:
    """The parts: a blob's name begins with the container's folders, which may not be here."""
    marker = f"/{period_folder.name}/"
    if all(marker in blob for blob in run.blobs):
        keys = [period_folder.name + "/" + blob.rpartition(marker)[2] for blob in run.blobs]
        return part_paths(run.manifest, period_folder.parent, keys)
    return part_paths(run.manifest, run.manifest.parent, run.blobs)


def _format_of(origin: Path, parts: Sequence[Path]) -> FileFormat:
    formats = {
        next((kind for end, kind in SUFFIXES.items() if part.name.lower().endswith(end)), None)
        for part in parts
    }
    file_format = formats.pop() if len(formats) == 1 else None
    if file_format is None:
        raise BillError(
            Place(str(origin)),
            "The parts are not all CSV (plain or gzip) or all parquet.",
            "Export as one of them.",
        )
    return file_format


def _scope_of_lines(parts: Sequence[Path], file_format: FileFormat) -> str:
    return _scope(first_value(parts, file_format, _scope_columns()))


def scopes_in(line: Mapping[str, str]) -> frozenset[str]:
    """The scopes that a line, text by column, is in: subscription, billing profile and account."""
    wanted = frozenset(map(folded, _scope_columns()))
    found = (_scope(cell) for name, cell in line.items() if folded(name) in wanted)
    return frozenset(filter(None, found))


def _scope_columns() -> tuple[str, ...]:
    spellings = load_spellings("handlers.sources.azure")
    return spellings["details"]["scope"] + spellings["focus"]["scope"]


def _scope(resource: str) -> str:
    """The last identifier of the resource that is billed; a resource group with its subscription.

    Subscriptions, billing accounts (enrollments) and billing profiles have one of their own:
    https://learn.microsoft.com/azure/cost-management-billing/costs/understand-work-scopes
    """
    path = _EXPORT_RESOURCE.sub("", resource).strip("/").split("/")
    named = path[-3::2] if path[-2:-1] and path[-2].lower() == "resourcegroups" else path[-1:]
    return _GUID.sub(lambda match: match[0].lower(), "/".join(named))


def _submitted(text: str) -> str:
    match = _STAMP.fullmatch(text)
    return f"{match[1]}.{(match[2] or '').ljust(9, '0')}" if match else ""


def _moment(submitted: str) -> datetime | None:
    if not submitted:
        return None
    return datetime.fromisoformat(submitted.split(".", maxsplit=1)[0]).replace(tzinfo=UTC)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:32]
