"""invoices.csv: what the clouds' invoices say, to compare with what was collected."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from handlers.record import Cloud
from handlers.site.cells import Cells
from handlers.site.csv_rows import Layout, read_rows
from handlers.site.problems import Problem, at_row, shown
from handlers.site.values import month_text

_COLUMNS = ("cloud", "scope", "billing_period", "invoice_id", "currency", "amount")

_PARTS = ("tax", "credits", "document")

INVOICES = Layout("invoices.csv", (*_COLUMNS, *_PARTS), _COLUMNS)


class Document(StrEnum):
    """Whose charges a document is about."""

    CLOUD = "cloud"
    MARKETPLACE = "marketplace"
    """Third parties', which clouds put on documents of their own."""


@dataclass(frozen=True)
class Invoice:
    """``amount`` in ``currency`` of one document, or of the whole period when it has no id.

    ``scope`` is whose bill it is: payer account, billing scope or billing account. An amount below
    zero is a credit note. ``billing_period`` is the first day of the invoice month. ``tax`` and
    ``credits`` (below zero) are parts of the amount, 0 where the file does not say;
    ``marketplace``: the document is of third parties' charges.
    """

    cloud: Cloud
    scope: str
    billing_period: date
    invoice_id: str
    currency: str
    amount: Decimal
    tax: Decimal = Decimal(0)
    credits: Decimal = Decimal(0)
    marketplace: bool = False


def parse_invoices(content: bytes | None, problems: list[Problem]) -> tuple[Invoice, ...]:
    """The invoices of the file; what is wrong goes to ``problems``."""
    invoices: list[Invoice] = []
    rows: dict[tuple[Cloud, str, date], dict[str, int]] = {}
    for row in read_rows(INVOICES, content, problems):
        cells = Cells(row, problems)
        cloud = cells.required_choice("cloud", Cloud)
        scope = cells.name("scope")
        period = cells.month("billing_period")
        invoice_id = cells.text("invoice_id")
        currency = cells.currency("currency")
        amount = cells.amount("amount")
        tax, credits = (
            cells.amount(name) if cells.raw(name) else Decimal(0) for name in ("tax", "credits")
        )
        document = cells.choice("document", Document)
        if not cells.valid or cloud is None or period is None or amount is None:
            continue
        ids = rows.setdefault((cloud, scope, period), {})
        other = _counted_twice(ids, invoice_id)
        if other is not None:
            what = f"invoice {shown(invoice_id)}" if invoice_id else "an invoice without an id"
            problems.append(
                Problem(
                    at_row(INVOICES.file, row.number, "invoice_id"),
                    f"{what} for {cloud}, scope {shown(scope)}, {month_text(period)}, which row"
                    f" {other} counts already",
                    "each invoice once; a blank id only where one row is the whole period",
                    "delete one of the two rows, or give each its own invoice id.",
                )
            )
        ids.setdefault(invoice_id, row.number)
        marketplace = document is Document.MARKETPLACE
        parts = (tax or Decimal(0), credits or Decimal(0), marketplace)
        invoices.append(Invoice(cloud, scope, period, invoice_id, currency, amount, *parts))
    return tuple(invoices)


def _counted_twice(ids: dict[str, int], invoice_id: str) -> int | None:
    """The row that already holds this invoice: the same id, or one of the two is the whole."""
    if invoice_id in ids:
        return ids[invoice_id]
    if not ids:
        return None
    return next(iter(ids.values())) if not invoice_id else ids.get("")
