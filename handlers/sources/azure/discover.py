"""Finding Azure bills in a folder laid out as the exports' storage container is.

``<export>/<YYYYMMDD>-<YYYYMMDD>/<run>/manifest.json`` names the parts of a run
(https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports); of the
runs of an export and period the one submitted last counts, and only what its manifest names is
read. Exports without file partitioning write no manifest but one file,
``<export>/<YYYYMMDD>-<YYYYMMDD>/<export>_<id>.csv``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from handlers.errors import BillError, Place
from handlers.periods import last_day, next_period
from handlers.record import Cloud
from handlers.scan.peek import first_row
from handlers.sources import Snapshot
from handlers.sources.azure.runs import (
    SUFFIXES,
    Run,
    file_snapshot,
    read_run,
    run_snapshot,
    scopes_in,
)
from handlers.sources.refusals import Refusal, Refuse, attempt, raise_refusal

_PERIOD = re.compile(r"(\d{8})-(\d{8})")


def discover(folder: Path, refuse: Refuse = raise_refusal) -> Iterator[Snapshot]:
    """The newest snapshot of each Azure export below ``folder``, per period.

    A month is refused when a manifest or one of the newest's parts can't be read, or when it can't
    be told which of several files counts.
    """
    for period_folder in sorted(_period_folders(folder)):
        found = attempt(partial(_bill, period_folder), period_folder)
        if isinstance(found, BillError):
            refuse(_refusal(period_folder, found))
        elif found is not None:
            yield found


def _bill(period_folder: Path) -> Snapshot | None:
    """The newest bill of ``period_folder``, which has a line; None when it holds none of Azure's.

    Raises:
        BillError: it can't be read or can't be told from others.
    """
    snapshot = _newest(period_folder)
    if snapshot is None:
        return None
    named = scopes_in(first_row(snapshot.parts, snapshot.file_format))
    return replace(snapshot, related=named - {snapshot.scope})


def _refusal(period_folder: Path, error: BillError) -> Refusal:
    """With the month and the scope as far as the folder's name and its manifests say them."""
    runs = (attempt(partial(read_run, path), path) for path in _manifests(period_folder))
    scopes = {run.scope for run in runs if isinstance(run, Run)}
    month = attempt(partial(_month, period_folder), period_folder)
    return Refusal(
        cloud=Cloud.AZURE,
        export=period_folder.parent,
        origin=str(period_folder),
        error=error,
        scope=scopes.pop() if len(scopes) == 1 else "",
        period=None if isinstance(month, BillError) else month,
    )


def _period_folders(folder: Path) -> Iterator[Path]:
    found = (folder, *folder.rglob("*"))
    return (path for path in found if _PERIOD.fullmatch(path.name) and path.is_dir())


def _newest(period_folder: Path) -> Snapshot | None:
    """The bill of ``period_folder``; None when it holds none of Azure's, or no line yet."""
    manifests = _manifests(period_folder)
    runs = [run for manifest in manifests if (run := read_run(manifest)) is not None]
    if any(not run.is_bill for run in runs):
        return None
    if runs:
        run = _last_submitted(runs)
        period = _month(period_folder)
        return None if run.lines == 0 else run_snapshot(run, period_folder, period)
    if manifests or any(period_folder.rglob("*-Manifest.json")):
        return None
    files = [path for path in sorted(period_folder.rglob("*")) if _is_part(path)]
    if not files:
        return None
    _refuse_unfinished(files, period_folder)
    return file_snapshot(_only(files), _month(period_folder))


def _manifests(period_folder: Path) -> list[Path]:
    return sorted(period_folder.rglob("manifest.json"))


def _is_part(path: Path) -> bool:
    return path.name.lower().endswith(tuple(SUFFIXES)) and path.is_file()


def _month(period_folder: Path) -> date:
    """The month that the folder's name states, which must be a whole one."""
    refusal = BillError(
        Place(str(period_folder)),
        f"The folder '{period_folder.name}' is not a calendar month.",
        "A load replaces a whole month: export month to date or the last month, and keep the"
        " folder names that Azure gave.",
    )
    begins, _, ends = period_folder.name.partition("-")
    try:
        first, last = date.fromisoformat(begins), date.fromisoformat(ends)
    except ValueError:
        raise refusal from None
    if first.day != 1 or last not in (last_day(first), next_period(first)):
        raise refusal
    return first


def _last_submitted(runs: Sequence[Run]) -> Run:
    *older, newest = sorted(runs, key=Run.order)
    if older and older[-1].order() == newest.order():
        raise BillError(
            Place(str(newest.manifest)),
            f"It can't be told which is newer, this run or '{older[-1].manifest}'.",
            "Their manifests state the same submittedTime or none: keep the folder of the newer.",
        )
    return newest


def _refuse_unfinished(files: Sequence[Path], period_folder: Path) -> None:
    inside = [file for file in files if file.parent != period_folder]
    if inside:
        raise BillError(
            Place(str(inside[0])),
            "The folder of this part has no manifest.",
            "The run is not complete: wait for its manifest.json, or fetch it too.",
        )


def _only(files: Sequence[Path]) -> Path:
    if len(files) > 1:
        raise BillError(
            Place(str(files[0].parent)),
            f"The folder holds {len(files)} files and no manifest, so it can't be told which of"
            " them counts.",
            "Keep the newest only, or turn on file partitioning, which writes a manifest.",
        )
    return files[0]
