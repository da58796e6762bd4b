"""Finding AWS bills in a folder laid out as S3 is.

Data Exports: ``<export>/data/BILLING_PERIOD=YYYY-MM/[<run>/]<part>`` with
``<export>/metadata/BILLING_PERIOD=YYYY-MM/[<run>/]<export>-Manifest.json``
(https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html).
Legacy report: ``<report>/<YYYYMMDD>-<YYYYMMDD>/<report>-Manifest.json``, which names the parts of
the assembly in force; a copy lies in each assembly's folder
(https://docs.aws.amazon.com/cur/latest/userguide/understanding-report-versions.html).
Only what a manifest names is read; of several runs the newest counts.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from handlers.errors import BillError, Place
from handlers.record import Cloud
from handlers.scan.peek import first_value
from handlers.sources import Snapshot
from handlers.sources.aws.layout import cur_layout
from handlers.sources.columns import load_spellings
from handlers.sources.formats import FileFormat
from handlers.sources.manifests import part_paths, read_manifest, text_at, texts_at
from handlers.sources.refusals import Refusal, Refuse, attempt, raise_refusal
from handlers.sources.stamps import content_version, file_stamp

_SUFFIXES = {
    ".csv": FileFormat.CSV,
    ".csv.gz": FileFormat.CSV,
    ".parquet": FileFormat.PARQUET,
}
_EXPORT = re.compile(r"BILLING_PERIOD=(\d{4})-(\d{2})")
_LEGACY = re.compile(r"(\d{4})(\d{2})\d{2}-\d{8}")
_STAMP = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?-?(\d{2}):?-?(\d{2})")


@dataclass(frozen=True)
class _Month:
    """The folder of a month of the export or report at ``root``; its name says which."""

    root: Path
    folder: str

    @property
    def period(self) -> date | None:
        """The month; None when the name is not one."""
        match = _EXPORT.fullmatch(self.folder) or _LEGACY.fullmatch(self.folder)
        try:
            return date(int(match[1]), int(match[2]), 1) if match else None
        except ValueError:
            return None


@dataclass(frozen=True)
class _Run:
    """One manifest: what it names and when it was written."""

    manifest: Path
    root: Path
    period: date
    keys: tuple[str, ...]
    written: str

    def order(self) -> tuple[bool, str, str]:
        return (self.written != "", self.written, self.manifest.as_posix())


def discover(folder: Path, refuse: Refuse = raise_refusal) -> Iterator[Snapshot]:
    """The newest snapshot of each AWS export or report below ``folder``, per period.

    A month is refused when one of its manifests or the newest's parts can't be read: an older run
    is never taken for the newest.
    """
    for month, manifests in _manifests(folder).items():
        found = attempt(partial(_newest, month, manifests), manifests[0])
        if isinstance(found, BillError):
            origin = str(manifests[0])
            refuse(Refusal(Cloud.AWS, month.root, origin, found, period=month.period))
        else:
            yield found


def _manifests(folder: Path) -> Mapping[_Month, Sequence[Path]]:
    months: dict[_Month, list[Path]] = {}
    for manifest in sorted(folder.rglob("*-Manifest.json")):
        month = _month_of(manifest)
        if month is not None:
            months.setdefault(month, []).append(manifest)
    return months


def _month_of(manifest: Path) -> _Month | None:
    """The month that ``manifest`` is of; None for the copy in a legacy report's assembly."""
    for depth, parent in enumerate(manifest.parents):
        if _EXPORT.fullmatch(parent.name):
            return _Month(parent.parent.parent, parent.name)
        if depth == 0 and _LEGACY.fullmatch(parent.name):
            return _Month(parent.parent, parent.name)
    return None


def _newest(month: _Month, manifests: Sequence[Path]) -> Snapshot:
    """The bill that the newest of the runs wrote.

    Raises:
        BillError: a manifest or one of its parts can't be read.
    """
    period = month.period
    if period is None:
        raise BillError(
            Place(str(manifests[0])),
            f"The folder '{month.folder}' does not name a month.",
            "Keep the folder names that AWS gave.",
        )
    runs = [_run(month, period, manifest) for manifest in manifests]
    return _snapshot(max(runs, key=_Run.order))


def _run(month: _Month, period: date, manifest: Path) -> _Run:
    content = read_manifest(manifest)
    files = texts_at(content, "dataFiles") or texts_at(content, "reportKeys")
    if _LEGACY.fullmatch(month.folder):
        below, written = f"{month.folder}/", _written(content, "")
    else:
        below, written = "data/", _written(content, manifest.parent.name)
    keys = tuple(_below(name, f"/{below}", keep=below) for name in files)
    return _Run(manifest, month.root, period, keys, written)


def _below(name: str, marker: str, *, keep: str) -> str:
    """What follows ``marker`` in an S3 URI or key, with ``keep`` before it."""
    position = name.rfind(marker)
    return name if position < 0 else keep + name[position + len(marker) :]


def _written(content: dict[str, object], folder: str) -> str:
    for text in (text_at(content, "createdAt"), text_at(content, "lastUpdatedAt"), folder):
        if (match := _STAMP.search(text)) and (moment := _moment(match)):
            return moment.isoformat()
    return ""


def _moment(match: re.Match[str]) -> datetime | None:
    try:
        return datetime(*(int(digits) for digits in match.groups()), tzinfo=UTC)
    except ValueError:
        return None


def _snapshot(run: _Run) -> Snapshot:
    if not run.keys:
        raise BillError(
            Place(str(run.manifest)),
            "The manifest names no part.",
            "Fetch the export again; an empty month still has one part with a header.",
        )
    _refuse_other_months(run)
    parts = part_paths(run.manifest, run.root, run.keys)
    file_format = _format_of(run.manifest, parts)
    spellings = load_spellings("handlers.sources.aws")["cur"]
    return Snapshot(
        cloud=Cloud.AWS,
        scope=first_value(parts, file_format, spellings["payer"]),
        period=run.period,
        version=content_version(run.manifest.read_bytes(), list(map(file_stamp, parts))),
        origin=str(run.manifest),
        file_format=file_format,
        parts=parts,
        layout=cur_layout,
        exported_at=datetime.fromisoformat(run.written) if run.written else None,
    )


def _refuse_other_months(run: _Run) -> None:
    for key in run.keys:
        match = _EXPORT.search(key)
        if match and (int(match[1]), int(match[2])) != (run.period.year, run.period.month):
            raise BillError(
                Place(str(run.manifest)),
                f"The manifest of {run.period:%Y-%m} names a part of another month: '{key}'.",
                "Fetch the export again; a manifest lies beside the month it is of.",
            )


def _format_of(manifest: Path, parts: tuple[Path, ...]) -> FileFormat:
    formats = {
        next((kind for end, kind in _SUFFIXES.items() if part.name.lower().endswith(end)), None)
        for part in parts
    }
    file_format = formats.pop() if len(formats) == 1 else None
    if file_format is None:
        raise BillError(
            Place(str(manifest)),
            f"The parts are not all CSV (plain or gzip) or all parquet, like '{parts[0].name}'.",
            "Export as gzip CSV or as parquet.",
        )
    return file_format
