"""``reconcile``: what the clouds and their invoices say against what was loaded."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Unpack

import click

from handlers.commands.answers import add_row, put, render, table
from handlers.commands.bills import BillWords, money, name_of, open_bills
from handlers.commands.options import cloud_option, period_option, site_option, warehouse_option
from handlers.commands.stores import said_by_clouds
from handlers.errors import CostError
from handlers.reconcile.asked import Answers
from handlers.reconcile.compare import Compared
from handlers.reconcile.run import Reconciled, reconcile_bills


class Words(BillWords):
    """What ``reconcile`` was called with."""

    ask: bool


@click.command()
@warehouse_option
@site_option
@cloud_option
@period_option
@click.option(
    "--ask",
    is_flag=True,
    help="Ask the clouds themselves too. COST_SCOPES has the scopes of one --cloud,"
    " COST_SCOPES_AWS, COST_SCOPES_AZURE and COST_SCOPES_GCP those of several. Cost Explorer takes"
    " 0.01 USD a request.",
)
def reconcile(**words: Unpack[Words]) -> None:
    """Compare what invoices and clouds say with what was loaded, month by month.

    Invoices are those of the site's invoices.csv. A difference is taken apart by what explains it:
    tax, credits, a marketplace's documents, rounding, lines that came late. All of it is kept in
    the table reconciliation. A cloud that can't be asked is told at the end, with exit code 1.
    """
    with open_bills(words) as bills:

        def ask(months: Sequence[date]) -> Answers:
            if not words["ask"]:
                return Answers()
            return said_by_clouds(bills.wanted.clouds, months, bills.store, bills.scratch)

        found = reconcile_bills(
            bills.wanted,
            bills.all_loaded,
            bills.site.invoices,
            ask,
            bills.books(),
            datetime.now(UTC),
        )
    put(_shown(found))
    if found.refusals:
        raise CostError("\nerror: ".join(found.refusals))


def _shown(found: Reconciled) -> str:
    text = [_table(found.compared)] if found.compared else ["Nothing was compared.\n"]
    text += [
        f"not loaded: {name_of(each)}: {each.said_by} says something\n" for each in found.unloaded
    ]
    text += [
        f"not comparable: {name_of(each)}: stated in {each.currency}, which the bill is not in\n"
        for each in found.unlike
    ]
    if found.unstated:
        bills = ", ".join(map(name_of, found.unstated))
        text.append(f"nobody says anything of: {bills}\n")
    return "".join(text)


def _table(compared: Sequence[Compared]) -> str:
    made = table(
        ("bill", "said_by", "currency", "stated", "loaded", "difference", "of_it"),
        right=("stated", "loaded", "difference"),
    )
    for each in compared:
        parts = ", ".join(f"{part.reason} {money(part.difference)}" for part in each.parts)
        said = each.statement
        amounts = (said.total, each.loaded, each.difference)
        add_row(
            made,
            [
                name_of(said) + each.published_by,
                said.said_by.value,
                said.currency,
                *map(money, amounts),
                parts or "-",
            ],
        )
    return render(made)
