"""The loaded bills that a command speaks of, and how it writes of them."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypedDict

from handlers.commands.options import chosen_clouds, chosen_site
from handlers.commands.stores import Store, command_scratch, open_store
from handlers.ledger import LedgerRow
from handlers.periods import parse_periods
from handlers.reconcile.books import Books
from handlers.reconcile.run import Wanted
from handlers.reconcile.statement import Statement
from handlers.runtimes.clients import Scratch
from handlers.site import Site

_WAIT_SECONDS = 600.0


class BillWords(TypedDict):
    """Which bills, of which warehouse, by which site."""

    warehouse: str
    site_folder: str | None
    clouds: tuple[str, ...]
    periods: tuple[str, ...]


@dataclass(frozen=True)
class Bills:
    """A warehouse's bills while it is open, ``all_loaded``; ``wanted`` says which are chosen.

    ``books`` opens where comparisons are kept.
    """

    wanted: Wanted
    all_loaded: Sequence[LedgerRow]
    site: Site
    store: Store
    scratch: Scratch
    books: Callable[[], Books]

    @property
    def loaded(self) -> Sequence[LedgerRow]:
        """Those that are wanted."""
        return self.wanted.among(self.all_loaded)


@contextmanager
def open_bills(words: BillWords) -> Generator[Bills]:
    """The bills that the command's words choose.

    Raises:
        UsageError: the words are not ones that it takes.
        WarehouseError: the warehouse can't be opened.
    """
    clouds = chosen_clouds(words["clouds"])
    wanted = Wanted(clouds, [each for text in words["periods"] for each in parse_periods(text)])
    site = chosen_site(words["site_folder"])
    with command_scratch(lambda: datetime.now(UTC)) as scratch:
        store = open_store(words["warehouse"], _WAIT_SECONDS, scratch)
        with store.warehouse.open() as connection:

            def books() -> Books:
                return Books(store.runner(connection), store.warehouse.name, site.rates)

            yield Bills(wanted, store.warehouse.loaded(), site, store, scratch, books)


def name_of(bill: LedgerRow | Statement) -> str:
    """A bill, or the bill that a statement is of."""
    if isinstance(bill, LedgerRow):
        return f"{bill.cloud_provider} {bill.scope} {bill.billing_period:%Y-%m}"
    document = f" {bill.document}" if bill.document else ""
    return f"{bill.cloud} {bill.scope} {bill.period:%Y-%m}{document}"


def money(amount: Decimal) -> str:
    """To the cent, and finer only where that is all there is."""
    return f"{amount:,.2f}" if abs(amount) >= Decimal("0.005") or not amount else f"{amount:,.4f}"
