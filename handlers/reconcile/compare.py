"""A statement against what was loaded, and what explains the difference.

The difference is taken apart so that its parts add up to it exactly. A part that the statement
names (tax, credits, a marketplace's documents) explains when it, or several of them together, are
the difference to within rounding: the bill then has not got that part. What is left is rounding,
or lines that came late to a month that is still being restated, or has no explanation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import combinations

from handlers.ledger import LedgerRow
from handlers.periods import is_open
from handlers.reconcile.statement import Statement
from handlers.record import ChargeType

CENT = Decimal("0.01")
HALF_CENT = Decimal("0.005")
"""What rounding a document's total to cents can change it by."""

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
    """A part of the difference, in the bill's currency; ``stated`` where the statement names it."""

    charge_type: ChargeType
    reason: Reason
    difference: Decimal
    stated: Decimal | None = None


@dataclass(frozen=True)
class Compared:
    """A statement and the load it was compared with; ``parts`` add up to ``difference``."""

    statement: Statement
    load: LedgerRow
    loaded: Decimal
    parts: Sequence[Part]

    @property
    def difference(self) -> Decimal:
        """Stated less loaded."""
        return self.statement.total - self.loaded

    @property
    def is_explained(self) -> bool:
        """Whether no part of it is without a reason."""
        return all(part.reason is not Reason.UNEXPLAINED for part in self.parts)


def compare(statement: Statement, load: LedgerRow, now: datetime) -> Compared | None:
    """The comparison with ``load``, which is in the tables; None where they can't be compared.

    That is where the bill is in several currencies, or in another than the statement.
    """
    if load.source_total is None or load.billing_currency != statement.currency:
        return None
    loaded = load.source_total + (load.quarantined_total or _ZERO)
    difference = statement.total - loaded
    moves = is_open(statement.period, now.date())
    return Compared(statement, load, loaded, _explained(difference, statement, moves=moves))


def _explained(difference: Decimal, statement: Statement, *, moves: bool) -> list[Part]:
    if not difference:
        return []
    rounding = max(CENT, HALF_CENT * statement.documents)
    missing = _missing(difference, _named_parts(statement), rounding)
    left = difference - sum((part.difference for part in missing), _ZERO)
    if not left:
        return missing
    if abs(left) <= rounding:
        reason, charge_type = Reason.ROUNDING, ChargeType.ADJUSTMENT
    elif moves:
        reason, charge_type = Reason.LATE_LINES, ChargeType.USAGE
    else:
        reason, charge_type = Reason.UNEXPLAINED, ChargeType.USAGE
    return [*missing, Part(charge_type, reason, left)]


def _named_parts(statement: Statement) -> list[Part]:
    named = [
        Part(kind, reason, amount, amount)
        for kind, reason in _NAMED.items()
        if (amount := statement.by_charge_type.get(kind, _ZERO))
    ]
    if statement.marketplace:
        amount = statement.marketplace
        named.append(Part(ChargeType.USAGE, Reason.MARKETPLACE, amount, amount))
    return named


def _missing(difference: Decimal, named: Sequence[Part], rounding: Decimal) -> list[Part]:
    """The fewest of the named parts that are the difference; none where no choice is."""
    for count in range(len(named) + 1):
        for chosen in combinations(named, count):
            left = difference - sum((part.difference for part in chosen), _ZERO)
            if abs(left) <= rounding:
                return list(chosen)
    return []
