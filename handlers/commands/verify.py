"""``verify``: how to see a bill's number in the cloud's own console, and whether it is ours."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Unpack

import click

from handlers.amounts import parse_amount
from handlers.commands.answers import put
from handlers.commands.bills import BillWords, name_of, open_bills
from handlers.commands.options import cloud_option, period_option, site_option, warehouse_option
from handlers.errors import UsageError
from handlers.ledger import LedgerRow
from handlers.reconcile.compare import Compared, compare
from handlers.reconcile.console import expected, look_for, seen
from handlers.reconcile.totals import Totals, read_totals


class Words(BillWords):
    """What ``verify`` was called with."""

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
    with open_bills(words) as bills:
        chosen = _chosen(words["scope"], bills.loaded)
        if words["number"] is None:
            put("\n".join(_instructions(bill) for bill in chosen))
            return
        books = bills.books()
        totals = read_totals(books.runner, chosen)
        compared = _compared(chosen, words["number"], totals)
        books.keep([compared], datetime.now(UTC))
    put(_verdict(compared))


def _chosen(scope: str | None, loaded: Sequence[LedgerRow]) -> list[LedgerRow]:
    """The loaded bills of ``scope``; of every scope where it is None.

    Raises:
        UsageError: there is none.
    """
    found = [row for row in loaded if scope in (None, row.scope)]
    if not found:
        raise UsageError("No such bill is loaded: python -m handlers ledger lists those that are.")
    return found


def _instructions(bill: LedgerRow) -> str:
    look, number = look_for(bill), expected(bill)
    there = "several currencies: compare each" if number is None else _amount(bill, number)
    lines = [
        f"{name_of(bill)}",
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


def _compared(bills: Sequence[LedgerRow], number: str, totals: Totals) -> Compared:
    """What was seen against the one bill that is chosen.

    Raises:
        UsageError: several bills are chosen, the number is none, or the bill has no single total.
    """
    if len(bills) != 1:
        names = ", ".join(map(name_of, bills[:5]))
        raise UsageError(
            f"--seen is for one bill: choose by --cloud, --scope and --period: {names}."
        )
    amount = parse_amount(number.replace(",", ""))
    if amount is None:
        raise UsageError(
            f"--seen is '{number}': write the number like 1234.56, without a currency."
        )
    [bill] = bills
    compared = compare(seen(bill, amount), bill, datetime.now(UTC), totals.get(bill.load_id))
    if compared is None:
        raise UsageError(f"{name_of(bill)} is in several currencies: it has no single number.")
    return compared


def _verdict(compared: Compared) -> str:
    bill = compared.load
    lines = [
        f"{name_of(bill)}",
        f"  seen      {_amount(bill, compared.statement.total)}",
        f"  loaded    {_amount(bill, compared.loaded)}",
        f"  differs   {_amount(bill, compared.difference)}",
        *(
            f"            {part.reason}: {_amount(bill, part.difference)}"
            for part in compared.parts
        ),
    ]
    return "\n".join(lines) + "\n"
