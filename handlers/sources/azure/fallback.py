"""Cost details reports for months that have no export (yet), of billing accounts and profiles.

Azure makes such reports for EA and MCA alone, takes minutes for one, and asks to order each at most
once a day. An export of the same month replaces what was loaded from one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from handlers.ledger import LedgerRow
from handlers.record import Cloud
from handlers.scopes import AzureExport, AzureScope
from handlers.sources import Snapshot
from handlers.sources.azure.cost_details import CostDetailsSource
from handlers.sources.azure.management import CostManagement
from handlers.sources.azure.owner import scope_name
from handlers.sources.azure.source import AzureSource
from handlers.sources.refusals import Refusal, Refuse, raise_refusal

ONCE_IN = timedelta(hours=20)
"""How old what was loaded from a report is when the next one is ordered."""

FOR_LOADS = 240.0
"""Seconds of a run that no report is waited for: what is found has to be loaded, too."""

_BILLING = "/providers/microsoft.billing/billingaccounts/"

_Bill = tuple[str, date]


@dataclass(frozen=True)
class WithReports:
    """``exports``, and reports by ``management`` where they leave a month out.

    ``loaded`` are the ledger's rows of what is in the tables at the moment ``now`` (UTC).
    """

    exports: AzureSource
    management: CostManagement
    loaded: Iterable[LedgerRow]
    now: datetime

    def snapshots(
        self, periods: Sequence[date], refuse: Refuse = raise_refusal
    ) -> Iterator[Snapshot]:
        """See ``AzureSource``; no report is ordered when ``periods`` is empty."""
        refusals: list[Refusal] = []
        found = list(self.exports.snapshots(periods, refusals.append))
        for refusal in refusals:
            refuse(refusal)
        there = {(bill.scope, bill.period) for bill in found} | set(self._not_to_be_asked())
        unread = {refusal.scope for refusal in refusals}
        for scope in self.exports.scopes:
            name = scope_name(scope.id)
            missing = [period for period in periods if (name, period) not in there]
            if missing and name not in unread and has_reports(scope):
                found += self._reports(scope, missing, refuse)
        yield from sorted(found, key=lambda bill: (bill.period, bill.scope))

    def _reports(
        self, scope: AzureScope, periods: Sequence[date], refuse: Refuse
    ) -> list[Snapshot]:
        """Without a time: an export that was written before takes a report's place all the same."""
        reports = CostDetailsSource([scope.id], self.management, scope.export)
        return [replace(each, exported_at=None) for each in reports.snapshots(periods, refuse)]

    def _not_to_be_asked(self) -> Iterator[_Bill]:
        """What an export was loaded of, or a report a short while ago."""
        newest: Mapping[_Bill, LedgerRow] = {
            (row.scope, row.billing_period): row
            for row in self.loaded
            if row.cloud_provider is Cloud.AZURE
        }
        recent = self.now.replace(tzinfo=None) - ONCE_IN
        for bill, row in newest.items():
            if not row.stands_in or row.finished_at > recent:
                yield bill


def has_reports(scope: AzureScope) -> bool:
    """Whether Azure makes reports of such a scope that say what its export would."""
    billing = scope.id.lower().startswith(_BILLING)
    return billing and scope.export is not AzureExport.FOCUS
