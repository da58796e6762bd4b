"""A reconciliation: statements against the loads that are in the tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

from handlers.ledger import LedgerRow
from handlers.periods import period_of
from handlers.reconcile.asked import Answers
from handlers.reconcile.books import Books
from handlers.reconcile.compare import Compared, compare
from handlers.reconcile.paths import Path, paths_of
from handlers.reconcile.statement import Statement, of_documents, of_invoices
from handlers.reconcile.totals import Totals, read_totals
from handlers.record import Cloud
from handlers.site import Invoice

Key = tuple[Cloud, str, date]

_NO_TOTALS: Totals = MappingProxyType({})


@dataclass(frozen=True)
class Wanted:
    """Which bills are meant: of these clouds, of these months; of every month where none is."""

    clouds: Sequence[Cloud]
    periods: Sequence[date] = ()

    def takes(self, cloud: Cloud, period: date) -> bool:
        """Whether a bill of that cloud and month is one of them."""
        return cloud in self.clouds and (not self.periods or period in self.periods)

    def among(self, loaded: Sequence[LedgerRow]) -> list[LedgerRow]:
        """Those that are loaded, oldest month first."""
        return sorted(
            (row for row in loaded if self.takes(row.cloud_provider, row.billing_period)),
            key=lambda row: (row.billing_period, row.cloud_provider, row.scope),
        )

    def invoices(self, site: Sequence[Invoice]) -> list[Invoice]:
        """Their invoices in the site data."""
        return [each for each in site if self.takes(each.cloud, each.billing_period)]


@dataclass(frozen=True)
class Reconciled:
    """What was compared, and what could not be.

    ``unloaded`` are statements of a bill that is not in the tables, ``unlike`` those in another
    currency than the bill, or of a bill in several; ``unstated`` are bills of which nobody says
    anything. ``refusals`` says in a line each who could not be asked, and why.
    """

    compared: Sequence[Compared]
    unloaded: Sequence[Statement]
    unlike: Sequence[Statement]
    unstated: Sequence[LedgerRow]
    refusals: Sequence[str] = ()


def askable(periods: Sequence[date], today: date) -> list[date]:
    """Those of ``periods`` that every cloud still answers about: a year back, and this month.

    Cost Explorer keeps fourteen months, and takes money for each request.
    """
    return [period for period in periods if period >= period_of(today).replace(year=today.year - 1)]


def reconcile_bills(
    wanted: Wanted,
    loaded: Sequence[LedgerRow],
    site: Sequence[Invoice],
    ask: Callable[[Sequence[date]], Answers],
    books: Books,
    now: datetime,
) -> Reconciled:
    """Compare bills with the site's invoices and what ``ask`` says of months; keep it in books.

    ``loaded`` are all bills in the tables, of which those that are ``wanted`` are compared. In the
    hub the bills that clouds' own warehouses published are compared as well, each path by itself.
    Who can't be asked keeps nobody else from being compared.

    Raises:
        RateMissing: a currency without a rate that may be used.
        WarehouseError: totals can't be read, or comparisons can't be added.
    """
    invoices = wanted.invoices(site)
    paths = [
        Path(path.warehouse, wanted.among(path.loads)) for path in paths_of(books.runner, loaded)
    ]
    rows = [row for path in paths for row in path.loads]
    months = sorted(wanted.periods or {row.billing_period for row in rows})
    answers = ask(askable(months, now.date()))
    totals = read_totals(books.runner, rows)

    def of_path(path: Path) -> Reconciled:
        documents = _documents(invoices, path.loads, totals)
        said = [*of_invoices(invoices), *documents, *answers.statements]
        return reconcile(said, path.loads, now, totals, path.warehouse)

    found = _together([of_path(path) for path in paths])
    books.keep(found.compared, now)
    return replace(found, refusals=answers.refusals)


def _together(found: Sequence[Reconciled]) -> Reconciled:
    """Of several paths: not loaded is what none of them has; a bill of several is named once."""
    unlike: list[Statement] = []
    unstated: dict[Key, LedgerRow] = {}
    for path in found:
        unlike += [each for each in path.unlike if each not in unlike]
        for row in path.unstated:
            unstated.setdefault((row.cloud_provider, row.scope, row.billing_period), row)
    return Reconciled(
        [each for path in found for each in path.compared],
        [each for each in found[0].unloaded if all(each in path.unloaded for path in found)],
        unlike,
        list(unstated.values()),
    )


def _documents(
    invoices: Sequence[Invoice], loaded: Sequence[LedgerRow], totals: Totals
) -> list[Statement]:
    """The invoices that the bills name too, each a statement of its own."""
    of_bill: dict[Key, list[Invoice]] = {}
    for invoice in invoices:
        key = (invoice.cloud, invoice.scope, invoice.billing_period)
        of_bill.setdefault(key, []).append(invoice)
    return [
        statement
        for load in loaded
        if load.load_id in totals
        for statement in of_documents(
            of_bill.get((load.cloud_provider, load.scope, load.billing_period), []),
            totals[load.load_id].documents.keys(),
        )
    ]


def reconcile(
    statements: Sequence[Statement],
    loaded: Sequence[LedgerRow],
    now: datetime,
    totals: Totals = _NO_TOTALS,
    warehouse: str | None = None,
) -> Reconciled:
    """Compare each statement with the load of its scope and month; see ``Compared.warehouse``."""
    loads: Mapping[Key, LedgerRow] = {
        (row.cloud_provider, row.scope, row.billing_period): row for row in loaded
    }
    compared: list[Compared] = []
    unloaded: list[Statement] = []
    unlike: list[Statement] = []
    stated: set[Key] = set()
    for statement in statements:
        key = (statement.cloud, statement.scope, statement.period)
        load = loads.get(key)
        if load is None:
            unloaded.append(statement)
            continue
        stated.add(key)
        found = compare(statement, load, now, totals.get(load.load_id))
        if found is None:
            unlike.append(statement)
        else:
            compared.append(replace(found, warehouse=warehouse))
    unstated = [load for key, load in loads.items() if key not in stated]
    return Reconciled(compared, unloaded, unlike, unstated)
