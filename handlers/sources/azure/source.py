"""Azure bills as Cost Management's exports write them into containers.

Names and manifests alone are read to find a bill and its version; its parts are read when it is
loaded, and only as they were when the container was listed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from azure.core.credentials import TokenCredential

from handlers.errors import BillError, Place
from handlers.record import Cloud
from handlers.scopes import AzureExport, AzureScope
from handlers.sources import Layout, Snapshot
from handlers.sources.azure.blobs import DEFAULT_BUDGET, BlobObjects, container_of
from handlers.sources.azure.discover import Month, amortized, months, newest, snapshot_of
from handlers.sources.azure.layout import amortized_layout, azure_layout
from handlers.sources.azure.owner import OwnLayout, holders_of, scope_name
from handlers.sources.azure.runs import ACTUAL, AMORTIZED, FOCUS, Run
from handlers.sources.azure.throttle import Patience
from handlers.sources.objects import Objects
from handlers.sources.refusals import Refusal, Refuse, attempt, raise_refusal

_KINDS: Mapping[AzureExport, frozenset[str]] = {
    AzureExport.ACTUAL: ACTUAL,
    AzureExport.AMORTIZED: AMORTIZED | {""},
    AzureExport.FOCUS: FOCUS | {""},
}
"""The types of run, as manifests say them, of each kind of export; old manifests say none."""


def layout_of(scope_id: str, export: AzureExport) -> Layout:
    """How a bill of ``scope_id`` is read, which must be its own."""
    layout = amortized_layout if export is AzureExport.AMORTIZED else azure_layout
    return OwnLayout(scope_id, layout)


@dataclass(frozen=True)
class AzureSource:
    """The exports of ``scopes``; ``objects_of`` gives the container of each."""

    scopes: Sequence[AzureScope]
    objects_of: Callable[[AzureScope], Objects]

    def snapshots(
        self, periods: Sequence[date], refuse: Refuse = raise_refusal
    ) -> Iterator[Snapshot]:
        """The newest snapshot of each scope and period, oldest period first.

        ``refuse`` is told of each bill that can't be read, or is there twice and would count
        twice, and of each scope whose container can't be read.
        """
        found = [
            snapshot
            for scope in self.scopes
            for snapshot in _Search(scope, self.objects_of(scope), refuse).snapshots(periods)
        ]
        yield from sorted(found, key=lambda item: (item.period, item.scope))


def azure_source(
    scopes: Sequence[AzureScope],
    credential: TokenCredential,
    patience: Patience,
    opened: ExitStack,
    budget: int = DEFAULT_BUDGET,
) -> AzureSource:
    """The exports of ``scopes`` as ``credential`` may read them.

    ``budget`` are the bytes that one part of parquet may take. The containers are closed with
    ``opened``.
    """

    def objects_of(scope: AzureScope) -> Objects:
        container = opened.enter_context(container_of(scope, credential))
        return BlobObjects(container, patience, budget)

    return AzureSource(scopes, objects_of)


@dataclass(frozen=True)
class _Search:
    """Looks for the bills of one scope in its container; ``strangers`` are other exports' runs."""

    scope: AzureScope
    objects: Objects
    refuse: Refuse
    strangers: list[Run] = field(default_factory=list[Run])

    @property
    def _where(self) -> str:
        return self.objects.where(self.scope.prefix)

    def snapshots(self, periods: Sequence[date]) -> list[Snapshot]:
        """One of each period; all periods when ``periods`` is empty."""
        listed = attempt(partial(months, self.objects, self.scope.prefix), Path(self._where))
        if isinstance(listed, BillError):
            self._refuse(self._where, self._where, listed)
            return []
        found: dict[date, list[Snapshot]] = {}
        refused = False
        for month in listed:
            if _is_asked_for(month, periods):
                bill = attempt(partial(self._snapshot, month), Path(month.where))
                if isinstance(bill, BillError):
                    refused = True
                    self._refuse(month.export, month.where, bill, _period(month))
                elif bill is not None:
                    found.setdefault(bill.period, []).append(bill)
        if self.strangers and not found and not refused:
            self._refuse(self._where, self._where, self._only_strangers())
        return [bills[0] for bills in found.values() if not self._refused_as_several(bills)]

    def _snapshot(self, month: Month) -> Snapshot | None:
        bill = newest(month, self._is_own)
        if bill is None:
            return None
        names_amortized = bill.run is None and "amortized" in bill.origin.name.lower()
        if names_amortized and self.scope.export is not AzureExport.AMORTIZED:
            raise amortized(self.objects.where(bill.origin.key))
        layout = layout_of(self.scope.id, self.scope.export)
        snapshot = snapshot_of(bill, month, scope_name(self.scope.id), layout)
        return replace(snapshot, related=holders_of(self.scope.id))

    def _is_own(self, run: Run) -> bool:
        """Whether the run is of this scope and kind of export; one that says no scope may be."""
        same_scope = not run.resource or _same(run.scope_id, self.scope.id)
        if same_scope and run.kind in _KINDS[self.scope.export]:
            return True
        self.strangers.append(run)
        return False

    def _refuse(
        self, export: str, origin: str, error: BillError, period: date | None = None
    ) -> None:
        name = scope_name(self.scope.id)
        self.refuse(Refusal(Cloud.AZURE, Path(export), origin, error, name, period))

    def _refused_as_several(self, bills: Sequence[Snapshot]) -> bool:
        for bill, other in zip(bills, (*bills[1:], bills[0]), strict=True):
            if len(bills) > 1:
                error = BillError(
                    Place(bill.origin),
                    f"{bill} is there twice: {other.origin} is its bill too.",
                    "It would count twice: keep one export of it, or name the folder of one as"
                    " the scope's prefix.",
                )
                self._refuse(str(Path(bill.origin).parent), bill.origin, error, bill.period)
        return len(bills) > 1

    def _only_strangers(self) -> BillError:
        kinds = sorted({f"'{run.kind}' of {run.scope_id or 'no scope'}" for run in self.strangers})
        return BillError(
            Place(self._where),
            f"There is no {self.scope.export} export of {self.scope.id}, but {', '.join(kinds)}.",
            "Check the scope's id, export and prefix in the configuration.",
        )


def _is_asked_for(month: Month, periods: Sequence[date]) -> bool:
    """Whether the month is one of ``periods``; a folder that is no month is looked into."""
    period = _period(month)
    return not periods or period is None or period in periods


def _period(month: Month) -> date | None:
    found = attempt(month.period, Path(month.where))
    return None if isinstance(found, BillError) else found


def _same(resource: str, other: str) -> bool:
    """Whether two resource ids are the same: they have no case in Azure."""
    return resource.strip("/").lower() == other.strip("/").lower()
