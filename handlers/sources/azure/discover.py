"""Finding Azure bills in a folder, or container, laid out as exports write it.

``<export>/<YYYYMMDD>-<YYYYMMDD>/<run>/manifest.json`` names the parts of a run
(https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports); of the
runs of an export and period the one submitted last counts, and only what its manifest names is
read. Exports without file partitioning write no manifest but one file,
``<export>/<YYYYMMDD>-<YYYYMMDD>/<export>_<id>.csv``.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

from handlers.errors import BillError, Place
from handlers.periods import last_day, next_period
from handlers.record import Cloud
from handlers.scan.peek import first_row, first_value
from handlers.sources import Layout, Snapshot
from handlers.sources.azure.layout import azure_layout
from handlers.sources.azure.owner import scope_columns, scope_name, scopes_in
from handlers.sources.azure.runs import (
    AMORTIZED,
    SUFFIXES,
    Run,
    file_version,
    format_of,
    read_run,
    run_parts,
    run_version,
)
from handlers.sources.objects import FolderObjects, Object, Objects
from handlers.sources.refusals import Refusal, Refuse, attempt, raise_refusal

_PERIOD = re.compile(r"(\d{8})-(\d{8})")


@dataclass(frozen=True)
class Month:
    """The folder of a month of an export, and what lies below it; ``key`` is the folder's."""

    objects: Objects
    key: str
    items: tuple[Object, ...]

    @property
    def where(self) -> str:
        """What messages call the folder."""
        return self.objects.where(self.key)

    @property
    def export(self) -> str:
        """What messages call the export's own folder."""
        return self.objects.where(self.key.rpartition("/")[0])

    @property
    def manifests(self) -> list[Object]:
        """What may be the manifests of its runs."""
        return [item for item in self.items if item.name == "manifest.json"]

    def period(self) -> date:
        """The month that the folder's name states.

        Raises:
            BillError: it is not a whole month.
        """
        name = self.key.rpartition("/")[2]
        refusal = BillError(
            Place(self.where),
            f"The folder '{name}' is not a calendar month.",
            "A load replaces a whole month: export month to date or the last month, and keep the"
            " folder names that Azure gave.",
        )
        begins, _, ends = name.partition("-")
        try:
            first, last = date.fromisoformat(begins), date.fromisoformat(ends)
        except ValueError:
            raise refusal from None
        if first.day != 1 or last not in (last_day(first), next_period(first)):
            raise refusal
        return first


@dataclass(frozen=True)
class Bill:
    """The newest bill of a month; ``run`` is None for an export that writes no manifest."""

    origin: Object
    parts: tuple[Object, ...]
    run: Run | None


def months(objects: Objects, prefix: str) -> list[Month]:
    """The months' folders of all exports below ``prefix``, in the order of their keys."""
    found: dict[str, list[Object]] = {}
    for item in objects.below(prefix):
        folders = item.key.split("/")[:-1]
        for depth, folder in enumerate(folders, start=1):
            if _PERIOD.fullmatch(folder):
                found.setdefault("/".join(folders[:depth]), []).append(item)
    return [Month(objects, key, tuple(items)) for key, items in sorted(found.items())]


def newest(month: Month, counts: Callable[[Run], bool]) -> Bill | None:
    """The newest bill of ``month``; None when it holds none, or no line yet.

    ``counts`` says of a run that holds costs whether it is one of those that are looked for.

    Raises:
        BillError: a manifest can't be read, names what is not there, or it can't be told which of
            several files counts.
    """
    manifests = month.manifests
    runs = [run for item in manifests if (run := read_run(month.objects, item)) is not None]
    if any(not run.is_bill for run in runs):
        return None
    if runs:
        own = [run for run in runs if counts(run)]
        return _bill_of(_last_submitted(own), month) if own else None
    if manifests or any(item.name.endswith("-Manifest.json") for item in month.items):
        return None
    files = [item for item in month.items if item.name.lower().endswith(tuple(SUFFIXES))]
    if not files:
        return None
    _refuse_unfinished(files, month)
    month.period()
    return Bill(_only(files, month), (_only(files, month),), None)


def _bill_of(run: Run, month: Month) -> Bill | None:
    month.period()
    if run.lines == 0:
        return None
    listed = {item.key: item for item in month.items}
    return Bill(run.manifest, run_parts(month.objects, run, month.key, listed), run)


def snapshot_of(bill: Bill, month: Month, scope: str, layout: Layout) -> Snapshot:
    """``bill`` as a snapshot of ``scope``; nothing but names and the manifest was read.

    Raises:
        BillError: its parts are of a format that is not known.
    """
    objects, run = month.objects, bill.run
    version = file_version(objects, bill.origin) if run is None else run_version(run, bill.parts)
    origin = objects.where(bill.origin.key)
    return Snapshot(
        cloud=Cloud.AZURE,
        scope=scope,
        period=month.period(),
        version=version,
        origin=origin,
        file_format=format_of(origin, bill.parts),
        parts=tuple(map(objects.part, bill.parts)),
        layout=layout,
        exported_at=run.exported_at if run else None,
        expected_lines=run.lines if run else None,
    )


def discover(folder: Path, refuse: Refuse = raise_refusal) -> Iterator[Snapshot]:
    """The newest snapshot of each Azure export below ``folder``, per period.

    A month is refused when a manifest or one of the newest's parts can't be read, or when it can't
    be told which of several files counts.
    """
    objects, prefix = FolderObjects(folder), ""
    if _PERIOD.fullmatch(folder.name):
        objects, prefix = FolderObjects(folder.parent), folder.name
    for month in months(objects, prefix):
        found = attempt(partial(_bill, month), Path(month.where))
        if isinstance(found, BillError):
            refuse(_refusal(month, found))
        elif found is not None:
            yield found


def _bill(month: Month) -> Snapshot | None:
    """The newest bill of ``month``, which has a line; None when it holds none of Azure's.

    Raises:
        BillError: it can't be read or can't be told from others, it is of amortised costs, or
            neither the manifest nor the first line says whose bill it is.
    """
    bill = newest(month, lambda _: True)
    if bill is None:
        return None
    if _is_amortized(bill):
        raise amortized(month.objects.where(bill.origin.key))
    snapshot = snapshot_of(bill, month, bill.run.scope if bill.run else "", azure_layout)
    if not snapshot.scope:
        named = first_value(snapshot.parts, snapshot.file_format, scope_columns())
        snapshot = replace(snapshot, scope=scope_name(named))
    others = scopes_in(first_row(snapshot.parts, snapshot.file_format)) - {snapshot.scope}
    return replace(snapshot, related=others)


def _is_amortized(bill: Bill) -> bool:
    if bill.run is None:
        return "amortized" in bill.origin.name.lower()
    return bill.run.kind in AMORTIZED


def amortized(where: str) -> BillError:
    """What to say of amortised costs where what is invoiced is looked for."""
    return BillError(
        Place(where),
        "This is an export of amortised costs, which is not what is invoiced.",
        "Export actual cost, or FOCUS, which holds both; leave this export's folder out.",
    )


def _refusal(month: Month, error: BillError) -> Refusal:
    """With the month and the scope as far as the folder's name and its manifests say them."""
    runs = (
        attempt(partial(read_run, month.objects, item), Path(month.where))
        for item in month.manifests
    )
    scopes = {run.scope for run in runs if isinstance(run, Run)}
    period = attempt(month.period, Path(month.where))
    return Refusal(
        cloud=Cloud.AZURE,
        export=Path(month.export),
        origin=month.where,
        error=error,
        scope=scopes.pop() if len(scopes) == 1 else "",
        period=None if isinstance(period, BillError) else period,
    )


def _last_submitted(runs: Sequence[Run]) -> Run:
    *older, newest = sorted(runs, key=Run.order)
    if older and older[-1].order() == newest.order():
        raise BillError(
            Place(newest.where),
            f"It can't be told which is newer, this run or '{older[-1].where}'.",
            "Their manifests state the same submittedTime or none: keep the folder of the newer.",
        )
    return newest


def _refuse_unfinished(files: Sequence[Object], month: Month) -> None:
    inside = [file for file in files if file.key.rpartition("/")[0] != month.key]
    if inside:
        raise BillError(
            Place(month.objects.where(inside[0].key)),
            "The folder of this part has no manifest.",
            "The run is not complete: wait for its manifest.json, or fetch it too.",
        )


def _only(files: Sequence[Object], month: Month) -> Object:
    if len(files) > 1:
        raise BillError(
            Place(month.where),
            f"The folder holds {len(files)} files and no manifest, so it can't be told which of"
            " them counts.",
            "Keep the newest only, or turn on file partitioning, which writes a manifest.",
        )
    return files[0]
