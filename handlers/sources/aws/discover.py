"""Finding AWS bills, in a bucket or in a folder laid out as one.

Data Exports: ``<export>/data/BILLING_PERIOD=YYYY-MM/[<run>/]<part>`` with
``<export>/metadata/BILLING_PERIOD=YYYY-MM/[<run>/]<export>-Manifest.json``
(https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html).
Legacy report: ``<report>/<YYYYMMDD>-<YYYYMMDD>/<report>-Manifest.json``, which names the parts of
the assembly in force; a copy lies in each assembly's folder
(https://docs.aws.amazon.com/cur/latest/userguide/understanding-report-versions.html).
Only what a manifest names is read; of several runs the newest counts. What is read here are
manifests: a bill that was loaded already costs no part's download.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from handlers.errors import BillError, Place
from handlers.record import Cloud
from handlers.scan.peek import first_value
from handlers.scopes import AwsExport
from handlers.sources import Snapshot
from handlers.sources.aws.layout import cur_layout
from handlers.sources.columns import load_spellings
from handlers.sources.formats import FileFormat
from handlers.sources.manifests import manifest_of, named_objects, text_at, texts_at
from handlers.sources.objects import FolderObjects, Object, Objects
from handlers.sources.refusals import Refusal, Refuse, attempt, raise_refusal
from handlers.sources.stamps import content_version

_SUFFIXES = {
    ".csv": FileFormat.CSV,
    ".csv.gz": FileFormat.CSV,
    ".parquet": FileFormat.PARQUET,
}
_MANIFEST = "-Manifest.json"
_EXPORT = re.compile(r"BILLING_PERIOD=(\d{4})-(\d{2})")
_LEGACY = re.compile(r"(\d{4})(\d{2})\d{2}-\d{8}")
_STAMP = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})T(\d{2}):?-?(\d{2}):?-?(\d{2})")


@dataclass(frozen=True)
class _Month:
    """The folder of a month of the export or report at ``root`` (a key); its name says which."""

    root: str
    folder: str

    @property
    def period(self) -> date | None:
        """The month; None when the name is not one."""
        match = _EXPORT.fullmatch(self.folder) or _LEGACY.fullmatch(self.folder)
        try:
            return date(int(match[1]), int(match[2]), 1) if match else None
        except ValueError:
            return None

    @property
    def kind(self) -> AwsExport:
        """Which of the exports it is a month of."""
        return AwsExport.LEGACY if _LEGACY.fullmatch(self.folder) else AwsExport.CUR2

    def below(self, *names: str) -> str:
        """The key of what lies below the export's folder."""
        return "/".join((self.root, *names) if self.root else names)


@dataclass(frozen=True)
class _Run:
    """One manifest: its key and content, the keys it names, when it was written."""

    manifest: str
    content: bytes
    keys: tuple[str, ...]
    written: str

    def order(self) -> tuple[bool, str, str]:
        return (self.written != "", self.written, self.manifest)


def discover(folder: Path, refuse: Refuse = raise_refusal) -> Iterator[Snapshot]:
    """The newest snapshot of each AWS export or report below ``folder``, per period.

    A month is refused when one of its manifests or the newest's parts can't be read: an older run
    is never taken for the newest.
    """
    _refuse_manifest_folders(folder, refuse)
    for snapshot in Exports(FolderObjects(folder)).snapshots((), refuse):
        found = attempt(partial(_with_payer, snapshot), Path(snapshot.origin))
        if isinstance(found, BillError):
            month = _month_of(snapshot.origin)
            root = Path(month.root if month else snapshot.origin)
            origin, period = snapshot.origin, snapshot.period
            refuse(Refusal(Cloud.AWS, root, origin, found, period=period))
        else:
            yield found


def _refuse_manifest_folders(folder: Path, refuse: Refuse) -> None:
    """Refuse each month whose manifest is a folder, which only a copy of a bucket can have."""
    for path in sorted(folder.rglob(f"*{_MANIFEST}")):
        month = _month_of(path.as_posix())
        if path.is_dir() and month is not None:
            error = BillError(
                Place(str(path)), "The manifest is not a file.", "Fetch the export again."
            )
            refuse(Refusal(Cloud.AWS, Path(month.root), str(path), error, period=month.period))


def _with_payer(snapshot: Snapshot) -> Snapshot:
    return replace(
        snapshot,
        scope=first_value(snapshot.parts, snapshot.file_format, snapshot.owner),
        owner=(),
    )


class Exports:
    """The exports and reports in a store, or those of one ``kind``.

    All are of the payer account ``payer``; where it is empty the first line says whose they are.
    """

    def __init__(self, objects: Objects, payer: str = "", kind: AwsExport | None = None) -> None:
        self._objects = objects
        self._payer = payer
        self._kind = kind

    def snapshots(
        self, periods: Sequence[date], refuse: Refuse = raise_refusal
    ) -> Iterator[Snapshot]:
        """The newest snapshot of each export and period; of all when ``periods`` is empty.

        Raises:
            BillError: the store can't be listed.
        """
        listed = {item.key: item for item in self._objects.below("")}
        for month, manifests in _manifests(listed).items():
            if periods and month.period is not None and month.period not in periods:
                continue
            if self._kind not in (None, month.kind):
                continue
            where = self._objects.where(manifests[0])
            found = attempt(partial(self._newest, listed, month, manifests), Path(where))
            if isinstance(found, BillError):
                root = Path(self._objects.where(month.root))
                refuse(Refusal(Cloud.AWS, root, where, found, self._payer, month.period))
            else:
                yield found

    def _newest(
        self, listed: Mapping[str, Object], month: _Month, manifests: Sequence[str]
    ) -> Snapshot:
        """The bill that the newest of the runs wrote.

        Raises:
            BillError: a manifest can't be read, or names what it must not or what is not there.
        """
        period = month.period
        if period is None:
            raise BillError(
                Place(self._objects.where(manifests[0])),
                f"The folder '{month.folder}' does not name a month.",
                "Keep the folder names that AWS gave.",
            )
        runs = [self._run(listed[manifest], month) for manifest in manifests]
        return self._snapshot(listed, month, period, max(runs, key=_Run.order))

    def _run(self, manifest: Object, month: _Month) -> _Run:
        content = self._objects.read(manifest)
        said = manifest_of(content, self._objects.where(manifest.key))
        files = texts_at(said, "dataFiles") or texts_at(said, "reportKeys")
        folder = "" if month.kind is AwsExport.LEGACY else manifest.key.split("/")[-2]
        keys = tuple(self._key(name, month) for name in files)
        return _Run(manifest.key, content, keys, _written(said, folder))

    def _key(self, name: str, month: _Month) -> str:
        """The key of what a manifest calls ``name``: an S3 URI, or a key of the bucket."""
        key = self._objects.key_of(name)
        if key is not None:
            return key
        below = month.folder if month.kind is AwsExport.LEGACY else "data"
        position = name.rfind(f"/{below}/")
        return month.below(name if position < 0 else name[position + 1 :])

    def _snapshot(
        self, listed: Mapping[str, Object], month: _Month, period: date, run: _Run
    ) -> Snapshot:
        where = self._objects.where(run.manifest)
        if not run.keys:
            raise BillError(
                Place(where),
                "The manifest names no part.",
                "Fetch the export again; an empty month still has one part with a header.",
            )
        _refuse_other_months(run, period, where)
        found = named_objects(self._objects, listed, run.manifest, month.root, run.keys)
        return Snapshot(
            cloud=Cloud.AWS,
            scope=self._payer,
            period=period,
            version=content_version(run.content, [item.stamp for item in found]),
            origin=where,
            file_format=_format_of(where, found),
            parts=tuple(map(self._objects.part, found)),
            layout=cur_layout,
            exported_at=datetime.fromisoformat(run.written) if run.written else None,
            owner=load_spellings("handlers.sources.aws")["cur"]["payer"],
        )


def _manifests(listed: Mapping[str, Object]) -> Mapping[_Month, Sequence[str]]:
    months: dict[_Month, list[str]] = {}
    for key in sorted(listed):
        month = _month_of(key) if key.endswith(_MANIFEST) else None
        if month is not None:
            months.setdefault(month, []).append(key)
    return months


def _month_of(manifest: str) -> _Month | None:
    """The month that ``manifest`` is of; None for the copy in a legacy report's assembly."""
    *folders, _ = manifest.split("/")
    for depth in range(len(folders) - 1, -1, -1):
        if _EXPORT.fullmatch(folders[depth]):
            return _Month("/".join(folders[: max(0, depth - 1)]), folders[depth])
    if folders and _LEGACY.fullmatch(folders[-1]):
        return _Month("/".join(folders[:-1]), folders[-1])
    return None


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


def _refuse_other_months(run: _Run, period: date, where: str) -> None:
    for key in run.keys:
        match = _EXPORT.search(key)
        if match and (int(match[1]), int(match[2])) != (period.year, period.month):
            raise BillError(
                Place(where),
                f"The manifest of {period:%Y-%m} names a part of another month: '{key}'.",
                "Fetch the export again; a manifest lies beside the month it is of.",
            )


def _format_of(where: str, parts: Sequence[Object]) -> FileFormat:
    formats = {
        next((kind for end, kind in _SUFFIXES.items() if part.name.lower().endswith(end)), None)
        for part in parts
    }
    file_format = formats.pop() if len(formats) == 1 else None
    if file_format is None:
        raise BillError(
            Place(where),
            f"The parts are not all CSV (plain or gzip) or all parquet, like '{parts[0].name}'.",
            "Export as gzip CSV or as parquet.",
        )
    return file_format
