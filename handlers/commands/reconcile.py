"""``reconcile``: what the clouds and their invoices say against what was loaded."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypedDict, Unpack

import click

from handlers.commands.answers import add_row, put, render, table
from handlers.commands.options import (
    chosen_clouds,
    chosen_site,
    cloud_option,
    period_option,
    site_option,
    warehouse_option,
)
from handlers.commands.stores import command_scratch, open_store, said_by_clouds
from handlers.ledger import LedgerRow
from handlers.periods import parse_periods
from handlers.reconcile.books import Books
from handlers.reconcile.compare import Compared
from handlers.reconcile.run import Reconciled, askable
from handlers.reconcile.run import reconcile as reconcile_statements
from handlers.reconcile.statement import Statement, of_invoices
from handlers.record import Cloud

_WAIT_SECONDS = 600.0


class Words(TypedDict):
    """What ``reconcile`` was called with."""

    warehouse: str
    site_folder: str | None
    clouds: tuple[str, ...]
    periods: tuple[str, ...]
    ask: bool


@click.command()
@warehouse_option
@site_option
@cloud_option
@period_option
@click.option(
    "--ask",
    is_flag=True,
    help="Ask the cloud itself too: one --cloud, whose scopes COST_SCOPES has. Cost Explorer"
    " takes 0.01 USD a request.",
)
def reconcile(**words: Unpack[Words]) -> None:
    """Compare what invoices and clouds say with what was loaded, month by month.

    Invoices are those of the site's invoices.csv. A difference is taken apart by what explains it:
    tax, credits, a marketplace's documents, rounding, lines that came late. All of it is kept in
    the table reconciliation.
    """
    clouds = chosen_clouds(words["clouds"])
    periods = [period for text in words["periods"] for period in parse_periods(text)]
    site = chosen_site(words["site_folder"])
    now = datetime.now(UTC)
    with command_scratch(lambda: datetime.now(UTC)) as scratch:
        store = open_store(words["warehouse"], _WAIT_SECONDS, scratch)
        with store.warehouse.open() as connection:
            loaded = [row for row in store.warehouse.loaded() if _chosen(row, clouds, periods)]
            months = periods or sorted({row.billing_period for row in loaded})
            statements = [
                each
                for each in of_invoices(site.invoices)
                if each.cloud in clouds and (not periods or each.period in periods)
            ]
            if words["ask"]:
                statements += said_by_clouds(clouds, askable(months, now.date()), store, scratch)
            found = reconcile_statements(statements, loaded, now)
            books = Books(store.runner(connection), store.warehouse.name, site.rates)
            books.keep(found.compared, now)
    put(_shown(found))


def _chosen(row: LedgerRow, clouds: Sequence[Cloud], periods: Sequence[date]) -> bool:
    return row.cloud_provider in clouds and (not periods or row.billing_period in periods)


def _shown(found: Reconciled) -> str:
    text = [_table(found.compared)] if found.compared else ["Nothing was compared.\n"]
    text += [
        f"not loaded: {_bill(each)}: {each.said_by} says something\n" for each in found.unloaded
    ]
    text += [
        f"not comparable: {_bill(each)}: stated in {each.currency}, which the bill is not in\n"
        for each in found.unlike
    ]
    if found.unstated:
        bills = ", ".join(
            f"{row.cloud_provider} {row.scope} {row.billing_period:%Y-%m}" for row in found.unstated
        )
        text.append(f"nobody says anything of: {bills}\n")
    return "".join(text)


def _bill(statement: Statement) -> str:
    return f"{statement.cloud} {statement.scope} {statement.period:%Y-%m}"


def _table(compared: Sequence[Compared]) -> str:
    made = table(
        ("bill", "said_by", "currency", "stated", "loaded", "difference", "of_it"),
        right=("stated", "loaded", "difference"),
    )
    for each in compared:
        parts = ", ".join(f"{part.reason} {_money(part.difference)}" for part in each.parts)
        said = each.statement
        amounts = (said.total, each.loaded, each.difference)
        add_row(
            made,
            [_bill(said), said.said_by.value, said.currency, *map(_money, amounts), parts or "-"],
        )
    return render(made)


def _money(amount: Decimal) -> str:
    """To the cent, and finer only where that is all there is."""
    return f"{amount:,.2f}" if abs(amount) >= Decimal("0.005") or not amount else f"{amount:,.4f}"
