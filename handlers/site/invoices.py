"""invoices.csv: what the clouds' invoices say, to compare with what was collected."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from handlers.record import Cloud
from handlers.site.cells import Cells
from handlers.site.csv_rows import Layout, read_rows
from handlers.site.problems import Problem, at_row, shown
from handlers.site.values import month_text

_COLUMNS = ("cloud", "scope", "billing_period", "invoice_id", "currency", "amount")

INVOICES = Layout("invoices.csv", _COLUMNS, _COLUMNS)


@dataclass(frozen=True)
class Invoice:
    """``amount`` in ``currency`` of one document, or of the whole period when it has no id.

    ``scope`` is whose bill it is: payer account, billing scope or billing account. An amount below
    zero is a credit note. ``billing_period`` is the first day of the invoice month.
    """

    cloud: Cloud
    scope: str
    billing_period: date
    invoice_id: str
    currency: str
    amount: Decimal


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
        invoices.append(Invoice(cloud, scope, period, invoice_id, currency, amount))
    return tuple(invoices)


def _counted_twice(ids: dict[str, int], invoice_id: str) -> int | None:
    """The row that already holds this invoice: the same id, or one of the two is the whole."""
    if invoice_id in ids:
        return ids[invoice_id]
    if not ids:
        return None
    return next(iter(ids.values())) if not invoice_id else ids.get("")
