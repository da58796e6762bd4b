"""A reconciliation: statements against the loads that are in the tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from handlers.ledger import LedgerRow
from handlers.periods import period_of
from handlers.reconcile.compare import Compared, compare
from handlers.reconcile.statement import Statement
from handlers.record import Cloud

Key = tuple[Cloud, str, date]


@dataclass(frozen=True)
class Reconciled:
    """What was compared, and what could not be.

    ``unloaded`` are statements of a bill that is not in the tables, ``unlike`` those in another
    currency than the bill, or of a bill in several; ``unstated`` are bills of which nobody says
    anything.
    """

    compared: Sequence[Compared]
    unloaded: Sequence[Statement]
    unlike: Sequence[Statement]
    unstated: Sequence[LedgerRow]


def askable(periods: Sequence[date], today: date) -> list[date]:
    """Those of ``periods`` that every cloud still answers about: a year back, and this month.

    Cost Explorer keeps fourteen months, and takes money for each request.
    """
    return [period for period in periods if period >= period_of(today).replace(year=today.year - 1)]


def reconcile(
    statements: Sequence[Statement], loaded: Sequence[LedgerRow], now: datetime
) -> Reconciled:
    """Compare each statement with the load of its scope and month."""
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
        found = compare(statement, load, now)
        if found is None:
            unlike.append(statement)
        else:
            compared.append(found)
    unstated = [load for key, load in loads.items() if key not in stated]
    return Reconciled(compared, unloaded, unlike, unstated)
