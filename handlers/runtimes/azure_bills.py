"""Azure bills for a run: exports in blob storage, and reports for months that have none."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from azure.identity import DefaultAzureCredential

from handlers.errors import UsageError
from handlers.periods import last_day
from handlers.reconcile.asked import Answers, Charged, answer_of, stated
from handlers.reconcile.statement import SaidBy, Statement
from handlers.record import ChargeType, Cloud
from handlers.runtimes.clients import Login, Reader
from handlers.scopes import AzureScope, Scope
from handlers.sources import Snapshot
from handlers.sources.azure.credentials import METADATA_HOST, Credential, from_google
from handlers.sources.azure.fallback import FOR_LOADS, WithReports
from handlers.sources.azure.management import CostManagement
from handlers.sources.azure.owner import scope_name
from handlers.sources.azure.query import CostQuery, CostRow
from handlers.sources.azure.source import azure_source
from handlers.sources.azure.throttle import Patience
from handlers.sources.refusals import Refuse

_KINDS: Mapping[str, ChargeType] = {
    "usage": ChargeType.USAGE,
    "purchase": ChargeType.PURCHASE,
    "refund": ChargeType.REFUND,
    "tax": ChargeType.TAX,
    "unusedreservation": ChargeType.IDLE,
    "unusedsavingsplan": ChargeType.IDLE,
}
"""Azure's words for the kinds of charges, in small letters; others are adjustments:
https://learn.microsoft.com/azure/cost-management-billing/automate/understand-usage-details-fields"""

_METADATA_VARIABLE = "GCE_METADATA_HOST"
"""Where Google's own clients look for another metadata server."""


@dataclass(frozen=True)
class _Bills:
    """The bills of ``scopes``; the client of Cost Management lives for one search."""

    scopes: Sequence[AzureScope]
    reader: Reader

    def snapshots(self, periods: Sequence[date], refuse: Refuse) -> Iterator[Snapshot]:
        """See ``collecting.Bills``; files of reports are read by the search's own patience."""
        reader = self.reader
        credential, patience = credential_of(reader), patience_of(reader)
        exports = azure_source(self.scopes, credential, patience, reader.scratch.opened)
        waits = replace(patience, remaining=lambda: reader.scratch.remaining() - FOR_LOADS)
        with CostManagement(credential, waits) as management:
            now = reader.scratch.clock()
            bills = WithReports(exports, management, reader.loaded, now)
            yield from bills.snapshots(periods, refuse)


def bills_of(scopes: Sequence[Scope], reader: Reader) -> _Bills:
    """The bills of the subscriptions and billing scopes among ``scopes``."""
    return _Bills([scope for scope in scopes if isinstance(scope, AzureScope)], reader)


def statements_of(scopes: Sequence[Scope], periods: Sequence[date], reader: Reader) -> Answers:
    """What Cost Management says that each scope was charged, days of the month up to today.

    A scope of which it can't be asked is a refusal.
    """
    with CostManagement(credential_of(reader), patience_of(reader)) as management:
        return stated_by(management, scopes, periods, reader.scratch.clock().date())


def stated_by(
    management: CostManagement, scopes: Sequence[Scope], periods: Sequence[date], today: date
) -> Answers:
    """What ``management`` says of each scope and month, up to ``today``."""

    def ask(scope: AzureScope) -> Iterator[Statement]:
        query, name = CostQuery(management, scope.id), scope_name(scope.id)
        for period in periods:
            if period <= today:
                charges = map(_charged, query.rows(period, min(last_day(period), today)))
                yield from stated(Cloud.AZURE, name, period, charges, SaidBy.COST_MANAGEMENT)

    answers = (
        answer_of(f"Azure {scope_name(scope.id)}", partial(ask, scope))
        for scope in scopes
        if isinstance(scope, AzureScope)
    )
    return sum(answers, Answers())


def _charged(row: CostRow) -> Charged:
    return Charged(
        _KINDS.get(row.charge_type.lower(), ChargeType.ADJUSTMENT),
        row.cost,
        row.currency,
        (row.service, row.day),
    )


def credential_of(reader: Reader) -> Credential:
    """The managed identity that trusts the function; elsewhere whoever is logged in.

    It is closed when the run ends.

    Raises:
        UsageError: the settings name no identity to be taken on.
    """
    opened = reader.scratch.opened
    if reader.login is Login.OWN:
        return opened.enter_context(closing(DefaultAzureCredential()))
    if reader.azure is None:
        raise UsageError("The settings name no identity in Azure: run 'pulumi up'.")
    host = os.environ.get(_METADATA_VARIABLE) or METADATA_HOST
    return opened.enter_context(closing(from_google(reader.azure, host)))


def patience_of(reader: Reader) -> Patience:
    """How long this run may wait for Azure."""
    return Patience(remaining=reader.scratch.remaining, clock=reader.scratch.clock)
