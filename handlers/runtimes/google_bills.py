"""Google's bill for a run: what its export says that an invoice month costs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from importlib.resources import files

from handlers.reconcile.asked import Answers, Charged, answer_of, stated
from handlers.reconcile.statement import SaidBy, Statement
from handlers.record import ChargeType, Cloud
from handlers.scopes import GcpScope, Scope
from handlers.sources.gcp.bigquery.bills import export_at
from handlers.sources.gcp.bigquery.export import EXPORT_SLACK, Export
from handlers.sources.gcp.bigquery.functions import functions_called
from handlers.sources.gcp.layout import CHARGE_TYPES
from handlers.warehouses.bigquery.jobs import Jobs


def statements_of(jobs: Jobs, scopes: Sequence[Scope], periods: Sequence[date]) -> Answers:
    """What each billing account's export adds up to in each invoice month, by Google's column.

    One whose export can't be read is a refusal.
    """

    def ask(scope: GcpScope) -> Iterator[Statement]:
        export = export_at(jobs, scope.table)
        for period in periods:
            charges = _charged(jobs, export, scope.id, period)
            yield from stated(Cloud.GCP, scope.id, period, charges, SaidBy.BILLING_EXPORT)

    answers = (
        answer_of(f"GCP {scope.id}", partial(ask, scope))
        for scope in scopes
        if isinstance(scope, GcpScope)
    )
    return sum(answers, Answers())


def _charged(jobs: Jobs, export: Export, account: str, period: date) -> Iterable[Charged]:
    text = files("handlers.sources.gcp.bigquery").joinpath("stated.sql").read_text("utf-8")
    condition = "billing_account_id = @scope AND invoice.month = @month"
    query = text.replace("{export}", export.rows(condition))
    rows = jobs.rows(
        "stated",
        ";\n\n".join([*functions_called(query), query]),
        {
            "scope": account,
            "month": f"{period:%Y%m}",
            "exported_from": (period - EXPORT_SLACK).isoformat(),
        },
    )
    for row in rows:
        kind = CHARGE_TYPES.get(str(row["cost_type"]), ChargeType.ADJUSTMENT)
        currency = str(row["currency"])
        yield Charged(ChargeType(kind), Decimal(row["cost"]), currency)
        yield Charged(ChargeType.CREDIT, Decimal(row["credit"]), currency)
