"""Runs of an Azure export: what a manifest says, and what a file without one says by itself."""

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from handlers.errors import BillError, Place
from handlers.sources.azure.owner import EXPORT_RESOURCE, scope_name
from handlers.sources.formats import FileFormat
from handlers.sources.manifests import count_at, manifest_of, named_objects, text_at
from handlers.sources.objects import Object, Objects
from handlers.sources.stamps import content_version

SUFFIXES = {
    ".csv": FileFormat.CSV,
    ".csv.gz": FileFormat.CSV,
    ".parquet": FileFormat.PARQUET,
}
"""How the names of an export's parts end."""

ACTUAL = frozenset({"", "actualcost", "usage"})
"""Types of export that are actual cost; Usage is what it is called where there are no purchases."""
FOCUS = frozenset({"focuscost"})
AMORTIZED = frozenset({"amortizedcost"})

_STAMP = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?\d*(?:Z|\+00:00)?")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Run:
    """What a manifest says of a run; ``kind`` in lower case, ``submitted`` in UTC or empty.

    ``lines`` is how many lines it states; none at all is a month that has only begun. ``where`` is
    what messages call the manifest, ``content`` its bytes.
    """

    manifest: Object
    where: str
    content: bytes
    kind: str
    submitted: str
    resource: str
    blobs: tuple[str, ...]
    lines: int | None

    @property
    def is_bill(self) -> bool:
        """Whether it holds costs, rather than prices or recommendations."""
        return self.kind in ACTUAL | FOCUS | AMORTIZED

    @property
    def scope(self) -> str:
        """The name of what was exported; empty where the manifest does not say."""
        return scope_name(self.resource)

    @property
    def scope_id(self) -> str:
        """What was exported, as its resource id; empty where the manifest does not say."""
        return EXPORT_RESOURCE.sub("", self.resource)

    @property
    def exported_at(self) -> datetime | None:
        """When it was submitted; None where the manifest does not say."""
        if not self.submitted:
            return None
        return datetime.fromisoformat(self.submitted.partition(".")[0]).replace(tzinfo=UTC)

    def order(self) -> str:
        """Sorts runs by when they were submitted."""
        return self.submitted


def read_run(objects: Objects, manifest: Object) -> Run | None:
    """What ``manifest`` says; None when it is not that of an export.

    Raises:
        BillError: it can't be read.
    """
    where = objects.where(manifest.key)
    text = objects.read(manifest)
    content = manifest_of(text, where)
    if "exportConfig" not in content and "blobs" not in content:
        return None
    return Run(
        manifest=manifest,
        where=where,
        content=text,
        kind=text_at(content, "exportConfig", "type").lower(),
        submitted=_submitted(text_at(content, "runInfo", "submittedTime")),
        resource=text_at(content, "exportConfig", "resourceId"),
        blobs=_blob_names(content),
        lines=count_at(content, "dataRowCount"),
    )


def _blob_names(content: dict[str, object]) -> tuple[str, ...]:
    blobs = content.get("blobs")
    items = cast("list[object]", blobs) if isinstance(blobs, list) else []
    return tuple(
        text_at(cast("dict[str, object]", blob), "blobName") if isinstance(blob, dict) else ""
        for blob in items
    )


def run_parts(
    objects: Objects, run: Run, month: str, listed: Mapping[str, Object]
) -> tuple[Object, ...]:
    """The parts that ``run`` names, of what is ``listed`` by key; ``month`` is the month's folder.

    A blob's name begins with the container's folders, which may not be here: it counts from the
    month's folder on.

    Raises:
        BillError: it names none, one that is not there, one twice or one outside the export.
    """
    if not run.blobs:
        raise BillError(Place(run.where), "The manifest names no part.", "Fetch the export again.")
    export, _, name = month.rpartition("/")
    marker = f"/{name}/"
    if all(marker in blob for blob in run.blobs):
        root, names = export, [f"{name}/{blob.rpartition(marker)[2]}" for blob in run.blobs]
    else:
        root, names = posixpath.dirname(run.manifest.key), list(run.blobs)
    keys = [posixpath.join(root, part) for part in names]
    return named_objects(objects, listed, run.manifest.key, root, keys)


def run_version(run: Run, parts: Sequence[Object]) -> str:
    """What changes when the run's manifest or a part of it does."""
    return content_version(run.content, [part.stamp for part in parts])


def file_version(objects: Objects, file: Object) -> str:
    """What changes when the content of ``file`` does: as its store says, else as it is read."""
    if file.tag:
        return content_version(b"", [file.stamp])
    digest = hashlib.sha256()
    with objects.part(file).open() as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:32]


def format_of(where: str, parts: Sequence[Object]) -> FileFormat:
    """The format of the parts by their names.

    Raises:
        BillError: it is not one, or none that is known.
    """
    formats = {
        next((kind for end, kind in SUFFIXES.items() if part.name.lower().endswith(end)), None)
        for part in parts
    }
    file_format = formats.pop() if len(formats) == 1 else None
    if file_format is None:
        raise BillError(
            Place(where),
            "The parts are not all CSV (plain or gzip) or all parquet.",
            "Export as one of them.",
        )
    return file_format


def _submitted(text: str) -> str:
    match = _STAMP.fullmatch(text)
    if match is None:
        return ""
    try:
        datetime.fromisoformat(match[1])
    except ValueError:  # it has the form of a moment, and is none
        return ""
    return f"{match[1]}.{(match[2] or '').ljust(9, '0')}"
