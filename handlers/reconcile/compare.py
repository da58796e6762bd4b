"""A statement against what was loaded, and what explains the difference.

The difference is taken apart so that its parts add up to it exactly. Where both sides say what a
kind of charge came to, its part is the difference of the two. A kind that one side names and the
other does not explains when it, or several of them together, are what is left to within rounding:
the other side then has not got that kind. The rest is rounding, or lines that came late to a month
that is still being restated, or has no explanation.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from handlers.ledger import LedgerRow
from handlers.periods import is_open
from handlers.reconcile.statement import Statement
from handlers.reconcile.totals import BillTotals, Charges, Kinds, ServiceDay
from handlers.record import ChargeType

CENT = Decimal("0.01")
HALF_CENT = Decimal("0.005")
"""What rounding a document's total to cents can change it by."""

MOST_DAYS = 20
"""Services and days of one comparison that are kept: those that differ most."""

_ZERO = Decimal(0)


class Reason(StrEnum):
    """What explains a part of a difference."""

    TAX = "tax"
    CREDITS = "credits"
    REFUNDS = "refunds"
    FEES = "fees"
    MARKETPLACE = "marketplace"
    ROUNDING = "rounding"
    LATE_LINES = "late lines"
    UNEXPLAINED = "unexplained"


_NAMED: Mapping[ChargeType, Reason] = {
    ChargeType.TAX: Reason.TAX,
    ChargeType.CREDIT: Reason.CREDITS,
    ChargeType.REFUND: Reason.REFUNDS,
    ChargeType.FEE: Reason.FEES,
}


@dataclass(frozen=True)
class Part:
    """A part of the difference, in the bill's currency; what each side says where it names it."""

    charge_type: ChargeType
    reason: Reason
    difference: Decimal
    stated: Decimal | None = None
    loaded: Decimal | None = None


@dataclass(frozen=True)
class Day:
    """A day on which a service differs, tax aside.

    ``service`` is None for all services together that only one of the two sides names so.
    """

    service: str | None
    day: date
    stated: Decimal
    loaded: Decimal
    reason: Reason

    @property
    def difference(self) -> Decimal:
        """Stated less loaded."""
        return self.stated - self.loaded


@dataclass(frozen=True)
class Compared:
    """A statement and the load it was compared with; ``parts`` add up to ``difference``.

    ``days`` say once more where the difference is, those first that differ most. ``warehouse`` is
    the cloud's own that published the load; None where the warehouse that is asked wrote it.
    """

    statement: Statement
    load: LedgerRow
    loaded: Decimal
    parts: Sequence[Part]
    days: Sequence[Day] = ()
    warehouse: str | None = None

    @property
    def published_by(self) -> str:
        """What follows the bill's name: `` (redshift)``; empty where nobody else published it."""
        return f" ({self.warehouse})" if self.warehouse else ""

    @property
    def difference(self) -> Decimal:
        """Stated less loaded."""
        return self.statement.total - self.loaded

    @property
    def is_explained(self) -> bool:
        """Whether no part of it is without a reason."""
        return all(part.reason is not Reason.UNEXPLAINED for part in self.parts)


def compare(
    statement: Statement, load: LedgerRow, now: datetime, totals: BillTotals | None = None
) -> Compared | None:
    """The comparison with ``load``, which is in the tables; None where they can't be compared.

    That is where the bill is in several currencies, or in another than the statement. ``totals``
    are the bill's; without them only what the statement names can explain.
    """
    if load.source_total is None or load.billing_currency != statement.currency:
        return None
    charges = _charges_of(statement, load, totals)
    loaded = load.source_total
    if statement.document and charges is not None:
        loaded = charges.total
    difference = statement.total - loaded
    moves = is_open(statement.period, now.date())
    parts = _explained(difference, statement, charges, moves=moves)
    days = _days(statement, charges, load, moves=moves) if parts and charges is not None else []
    return Compared(statement, load, loaded, parts, days)


def _charges_of(statement: Statement, load: LedgerRow, totals: BillTotals | None) -> Charges | None:
    if totals is None:
        return None
    if statement.document:
        return totals.documents[statement.document]
    if not load.quarantined_total:
        return totals.whole
    # Nobody knows the kind of a line that can't be read; most lines are usage.
    usage = totals.whole.own.get(ChargeType.USAGE, _ZERO) + load.quarantined_total
    return replace(totals.whole, own={**totals.whole.own, ChargeType.USAGE: usage})


def _explained(
    difference: Decimal, statement: Statement, charges: Charges | None, *, moves: bool
) -> list[Part]:
    if not difference:
        return []
    rounding = max(CENT, HALF_CENT * statement.documents)
    if abs(difference) <= rounding:
        return [Part(ChargeType.ADJUSTMENT, Reason.ROUNDING, difference)]
    other = Reason.LATE_LINES if moves else Reason.UNEXPLAINED
    both, named = _told_apart(statement, charges, other)
    left = difference - _sum(both)
    missing = _missing(left, named, rounding)
    left -= _sum(missing)
    if not left:
        return [*both, *missing]
    if abs(left) <= rounding:
        rest = Part(ChargeType.ADJUSTMENT, Reason.ROUNDING, left)
    else:
        rest = Part(ChargeType.USAGE, other, left)
    return [*both, *missing, rest]


def _sum(parts: Sequence[Part]) -> Decimal:
    return sum((part.difference for part in parts), _ZERO)


def _told_apart(
    statement: Statement, charges: Charges | None, other: Reason
) -> tuple[list[Part], list[Part]]:
    """Parts of which both sides say what they are, and those of which only one does.

    ``other`` is the reason of a part that has no name of its own.
    """
    if charges is not None and statement.names_all_kinds:
        loaded = charges.both
        kinds = [kind for kind in ChargeType if kind in statement.by_charge_type or kind in loaded]
        sides = (
            (kind, _NAMED.get(kind, other), statement.by_charge_type.get(kind, _ZERO))
            for kind in kinds
        )
        return _differing((*side, loaded.get(side[0], _ZERO)) for side in sides), []
    own: Kinds = {} if charges is None else charges.own
    sold = _ZERO if charges is None else sum(charges.marketplace.values(), _ZERO)
    named = [
        (kind, reason, statement.by_charge_type.get(kind, _ZERO), own.get(kind, _ZERO))
        for kind, reason in _NAMED.items()
    ]
    named.append((ChargeType.USAGE, Reason.MARKETPLACE, statement.marketplace, sold))
    both = _differing(each for each in named if each[2] and each[3])
    one = [
        Part(kind, reason, stated - loaded, stated or None, loaded or None)
        for kind, reason, stated, loaded in named
        if bool(stated) != bool(loaded)
    ]
    return both, one


def _differing(sides: Iterable[tuple[ChargeType, Reason, Decimal, Decimal]]) -> list[Part]:
    """The kinds of which both sides say something else."""
    return [
        Part(
            kind,
            reason if abs(stated - loaded) > CENT else Reason.ROUNDING,
            stated - loaded,
            stated,
            loaded,
        )
        for kind, reason, stated, loaded in sides
        if stated != loaded
    ]


def _days(statement: Statement, charges: Charges, load: LedgerRow, *, moves: bool) -> list[Day]:
    """The services and days that differ by more than a cent, at most ``MOST_DAYS``."""
    stated, loaded = statement.by_service_day, charges.by_service_day
    if not stated or not loaded:
        return []
    common = {service for service, _ in stated} & {service for service, _ in loaded}
    said, ours = _by_service(stated, common), _by_service(loaded, common)
    through = load.data_through
    found = [
        Day(
            service,
            day,
            said.get((service, day), _ZERO),
            ours.get((service, day), _ZERO),
            Reason.LATE_LINES
            if moves or (through is not None and day > through)
            else Reason.UNEXPLAINED,
        )
        for service, day in said.keys() | ours.keys()
    ]
    found = [each for each in found if abs(each.difference) > CENT]
    found.sort(key=lambda each: (-abs(each.difference), each.day, each.service or ""))
    return found[:MOST_DAYS]


def _by_service(
    amounts: Mapping[ServiceDay, Decimal], common: Collection[str]
) -> Mapping[tuple[str | None, date], Decimal]:
    """Amounts per service and day; those of services that are not ``common``, per day together."""
    sums: dict[tuple[str | None, date], Decimal] = {}
    for (service, day), amount in amounts.items():
        key = (service if service in common else None, day)
        sums[key] = sums.get(key, _ZERO) + amount
    return sums


def _missing(difference: Decimal, named: Sequence[Part], rounding: Decimal) -> list[Part]:
    """The fewest of the named parts that are the difference; none where no choice is."""
    for count in range(len(named) + 1):
        for chosen in combinations(named, count):
            left = difference - sum((part.difference for part in chosen), _ZERO)
            if abs(left) <= rounding:
                return list(chosen)
    return []
