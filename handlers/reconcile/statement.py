"""What somebody says that a month cost: a cloud's own query, its invoices, a person at a console.

A statement is of the whole bill of one scope and invoice month, AI or not: that is what clouds and
invoices add up, and what the ledger's ``source_total`` is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from handlers.reconcile.totals import ServiceDay
from handlers.record import ChargeType, Cloud
from handlers.site import Invoice


class SaidBy(StrEnum):
    """Who says it; the words of ``reconciliation.source``."""

    COST_EXPLORER = "cost_explorer"
    COST_MANAGEMENT = "cost_management"
    BILLING_EXPORT = "billing_export"
    INVOICE = "invoice"
    CONSOLE = "console"
    """A person, who read it there."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """``total`` of a bill in ``currency``, and those of its parts that are stated apart.

    ``by_charge_type`` are parts of the total; ``marketplace`` is what documents of a marketplace
    add to it. ``documents`` is how often the total was rounded to cents. ``document`` is the one
    document that it is of, by the bill's own name of it; empty where it is of the whole month.
    """

    cloud: Cloud
    scope: str
    period: date
    said_by: SaidBy
    currency: str
    total: Decimal
    by_charge_type: Mapping[ChargeType, Decimal] = field(default_factory=dict[ChargeType, Decimal])
    marketplace: Decimal = Decimal(0)
    documents: int = 1
    invoice_id: str | None = None
    document: str = ""
    by_service_day: Mapping[ServiceDay, Decimal] = field(default_factory=dict[ServiceDay, Decimal])

    @property
    def names_all_kinds(self) -> bool:
        """Whether its parts are the whole of it, so that a kind it does not name is nothing."""
        kinds = self.by_charge_type
        return bool(kinds) and sum(kinds.values(), Decimal(0)) == self.total


def of_documents(invoices: Sequence[Invoice], named: Collection[str]) -> list[Statement]:
    """A statement for each of one bill's invoices that the bill names, which are ``named``.

    None where there is one invoice, and one name: the month's own statement is of it.
    """
    if len(invoices) == 1 and len(named) == 1:
        return []
    return [
        replace(_of_documents([invoice]), document=invoice.invoice_id)
        for invoice in invoices
        if invoice.invoice_id in named
    ]


def of_invoices(invoices: Sequence[Invoice]) -> list[Statement]:
    """A statement for each scope, month and currency that has invoices, in that order."""
    groups: dict[tuple[Cloud, str, date, str], list[Invoice]] = {}
    for invoice in invoices:
        key = (invoice.cloud, invoice.scope, invoice.billing_period, invoice.currency)
        groups.setdefault(key, []).append(invoice)
    return [_of_documents(documents) for _, documents in sorted(groups.items())]


def _of_documents(documents: Sequence[Invoice]) -> Statement:
    first = documents[0]
    # What is on a marketplace's document is a part of that, not of the cloud's tax and credits.
    own = [each for each in documents if not each.marketplace]
    sums = {
        ChargeType.TAX: sum((each.tax for each in own), Decimal(0)),
        ChargeType.CREDIT: sum((each.credits for each in own), Decimal(0)),
    }
    return Statement(
        cloud=first.cloud,
        scope=first.scope,
        period=first.billing_period,
        said_by=SaidBy.INVOICE,
        currency=first.currency,
        total=sum((each.amount for each in documents), Decimal(0)),
        by_charge_type={kind: amount for kind, amount in sums.items() if amount},
        marketplace=sum((each.amount for each in documents if each.marketplace), Decimal(0)),
        documents=len(documents),
        invoice_id=(first.invoice_id or None) if len(documents) == 1 else None,
    )
