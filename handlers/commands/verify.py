"""``verify``: how to see a bill's number in the cloud's own console, and whether it is ours."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypedDict, Unpack

import click

from handlers.amounts import parse_amount
from handlers.commands.answers import put
from handlers.commands.options import (
    chosen_clouds,
    chosen_site,
    cloud_option,
    period_option,
    site_option,
    warehouse_option,
)
from handlers.commands.stores import command_scratch, open_store
from handlers.errors import UsageError
from handlers.ledger import LedgerRow
from handlers.periods import parse_periods
from handlers.reconcile.books import Books
from handlers.reconcile.compare import Compared, compare
from handlers.reconcile.console import expected, look_for, seen

_WAIT_SECONDS = 600.0


class Words(TypedDict):
    """What ``verify`` was called with."""

    warehouse: str
    site_folder: str | None
    clouds: tuple[str, ...]
    periods: tuple[str, ...]
    scope: str | None
    number: str | None


@click.command()
@warehouse_option
@site_option
@cloud_option
@period_option
@click.option("--scope", help="Only this payer account, billing scope or billing account.")
@click.option(
    "--seen",
    "number",
    metavar="AMOUNT",
    help="The number that the console shows, in the bill's currency; the choice is one bill.",
)
def verify(**words: Unpack[Words]) -> None:
    """Say which page of the cloud's console to open, with which filters, and what should be there.

    With --seen the number is compared with what was loaded and kept in the table reconciliation.
    """
    with command_scratch(lambda: datetime.now(UTC)) as scratch:
        store = open_store(words["warehouse"], _WAIT_SECONDS, scratch)
        with store.warehouse.open() as connection:
            bills = _chosen(words, store.warehouse.loaded())
            if words["number"] is None:
                put("\n".join(_instructions(bill) for bill in bills))
                return
            compared = _compared(bills, words["number"])
            site = chosen_site(words["site_folder"])
            books = Books(store.runner(connection), store.warehouse.name, site.rates)
            books.keep([compared], datetime.now(UTC))
    put(_verdict(compared))


def _chosen(words: Words, loaded: Sequence[LedgerRow]) -> list[LedgerRow]:
    """The loaded bills that are meant, oldest month first.

    Raises:
        UsageError: there is none.
    """
    clouds = chosen_clouds(words["clouds"])
    periods = [period for text in words["periods"] for period in parse_periods(text)]
    found = [
        row
        for row in loaded
        if row.cloud_provider in clouds
        and (not periods or row.billing_period in periods)
        and words["scope"] in (None, row.scope)
    ]
    if not found:
        raise UsageError("No such bill is loaded: python -m handlers ledger lists those that are.")
    return sorted(found, key=lambda row: (row.billing_period, row.cloud_provider, row.scope))


def _instructions(bill: LedgerRow) -> str:
    look, number = look_for(bill), expected(bill)
    there = "several currencies: compare each" if number is None else _amount(bill, number)
    lines = [
        f"{_name(bill)}",
        f"  open      {look.page}",
        f"  as        {look.who}",
        *(f"  choose    {line}" for line in look.filters),
        f"  there     {there}",
        f"  of it AI  {_amount(bill, bill.ai_total)} = {bill.cost_usd or Decimal(0):,.2f} USD",
        *(f"  mind      {line}" for line in look.differs),
    ]
    return "\n".join(lines) + "\n"


def _amount(bill: LedgerRow, amount: Decimal | None) -> str:
    return "-" if amount is None else f"{amount:,.2f} {bill.billing_currency}"


def _compared(bills: Sequence[LedgerRow], number: str) -> Compared:
    """What was seen against the one bill that is chosen.

    Raises:
        UsageError: several bills are chosen, the number is none, or the bill has no single total.
    """
    if len(bills) != 1:
        names = ", ".join(map(_name, bills[:5]))
        raise UsageError(
            f"--seen is for one bill: choose by --cloud, --scope and --period: {names}."
        )
    amount = parse_amount(number.replace(",", ""))
    if amount is None:
        raise UsageError(
            f"--seen is '{number}': write the number like 1234.56, without a currency."
        )
    compared = compare(seen(bills[0], amount), bills[0], datetime.now(UTC))
    if compared is None:
        raise UsageError(f"{_name(bills[0])} is in several currencies: it has no single number.")
    return compared


def _verdict(compared: Compared) -> str:
    bill = compared.load
    lines = [
        f"{_name(bill)}",
        f"  seen      {_amount(bill, compared.statement.total)}",
        f"  loaded    {_amount(bill, compared.loaded)}",
        f"  differs   {_amount(bill, compared.difference)}",
        *(
            f"            {part.reason}: {_amount(bill, part.difference)}"
            for part in compared.parts
        ),
    ]
    return "\n".join(lines) + "\n"


def _name(bill: LedgerRow) -> str:
    return f"{bill.cloud_provider} {bill.scope} {bill.billing_period:%Y-%m}"
