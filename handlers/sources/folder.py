"""Bills in a folder, laid out as the clouds deliver them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from handlers.errors import BillError, Place, UsageError
from handlers.record import Cloud
from handlers.sources import Snapshot
from handlers.sources.aws.discover import discover as discover_aws
from handlers.sources.azure.discover import discover as discover_azure
from handlers.sources.gcp.discover import discover as discover_gcp
from handlers.sources.refusals import Refusal, Refuse, raise_refusal

_DISCOVER = {Cloud.AWS: discover_aws, Cloud.AZURE: discover_azure, Cloud.GCP: discover_gcp}

_KEEP = {
    Cloud.AWS: "one export or report of it",
    Cloud.AZURE: "one export of it, actual cost or FOCUS",
    Cloud.GCP: "one table; the detailed one has every row of the standard one",
}


class FolderSource:
    """Every bill below ``folder`` of the clouds in ``clouds``."""

    def __init__(self, folder: Path, clouds: Sequence[Cloud] = tuple(Cloud)) -> None:
        self._folder = folder
        self._clouds = clouds

    def snapshots(
        self, periods: Sequence[date], refuse: Refuse = raise_refusal
    ) -> Iterator[Snapshot]:
        """The newest snapshot of each scope and period, oldest period first.

        ``refuse`` is told of each bill that can't be read, or is there twice and would count
        twice: it is not among the snapshots.

        Raises:
            UsageError: there is no such folder, or no bill in it.
        """
        if not self._folder.is_dir():
            raise UsageError(f"{self._folder}: there is no such folder. Name one that holds bills.")
        refusals: list[Refusal] = []
        found = [
            snapshot
            for cloud in self._clouds
            for snapshot in _DISCOVER[cloud](self._folder, refusals.append)
        ]
        if not found and not refusals:
            raise UsageError(
                f"{self._folder}: no bill was found. Expected are folders as the clouds deliver"
                " them: an AWS export with its manifest, an Azure export's month folders, or a"
                " Google billing export's table as JSON or parquet."
            )
        refusals = [_with_scope(refusal, found) for refusal in refusals]
        single, twice = _told_apart(found, refusals)
        refusals += twice
        chosen = [item for item in single if not periods or item.period in periods]
        refusals = [
            refusal
            for refusal in refusals
            if not periods or refusal.period is None or refusal.period in periods
        ]
        if not chosen and not refusals:
            wanted = ", ".join(f"{period:%Y-%m}" for period in periods)
            raise UsageError(f"{self._folder}: no bill of {wanted} was found there.")
        for refusal in refusals:
            refuse(refusal)
        yield from sorted(chosen, key=lambda item: (item.period, item.cloud, item.scope))


def _told_apart(
    found: Sequence[Snapshot], refusals: Sequence[Refusal]
) -> tuple[list[Snapshot], list[Refusal]]:
    """The bills that are there once, and why each of the others may not be loaded."""
    bills: dict[tuple[Cloud, str, date], list[Snapshot]] = {}
    for snapshot in found:
        bills.setdefault((snapshot.cloud, snapshot.scope, snapshot.period), []).append(snapshot)
    origins = {(each.cloud, each.scope, each.period): each.origin for each in refusals}
    single: list[Snapshot] = []
    twice: list[Refusal] = []
    for key, (first, *others) in bills.items():
        other = origins.get(key) or next((each.origin for each in others), None)
        if other is None:
            single.append(first)
        else:
            twice.append(_twice(first, other))
    return single, twice


def _twice(bill: Snapshot, other: str) -> Refusal:
    error = BillError(
        Place(bill.origin),
        f"{bill} is there twice: {other} is its bill too.",
        f"It would count twice: keep {_KEEP[bill.cloud]}, and remove the other's folder.",
    )
    export = Path(bill.origin).parent
    return Refusal(bill.cloud, export, bill.origin, error, bill.scope, bill.period)


def _with_scope(refusal: Refusal, found: Sequence[Snapshot]) -> Refusal:
    """With the scope of the export's other months, where it does not say one itself."""
    if refusal.scope:
        return refusal
    scopes = {
        snapshot.scope
        for snapshot in found
        if snapshot.cloud is refusal.cloud and Path(snapshot.origin).is_relative_to(refusal.export)
    }
    return replace(refusal, scope=scopes.pop()) if len(scopes) == 1 else refusal
