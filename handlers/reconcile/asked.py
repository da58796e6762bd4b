"""Statements of the clouds themselves, from what their own clients answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from handlers.reconcile.statement import SaidBy, Statement
from handlers.record import ChargeType, Cloud


@dataclass(frozen=True)
class Charged:
    """An amount of one kind of charge, in its currency."""

    charge_type: ChargeType
    amount: Decimal
    currency: str


def stated(
    cloud: Cloud, scope: str, period: date, charged: Iterable[Charged], said_by: SaidBy
) -> list[Statement]:
    """A statement for each currency in which something was charged; none where nothing was."""
    totals: dict[str, dict[ChargeType, Decimal]] = {}
    for each in charged:
        kinds = totals.setdefault(each.currency, {})
        kinds[each.charge_type] = kinds.get(each.charge_type, Decimal(0)) + each.amount
    return [
        Statement(
            cloud=cloud,
            scope=scope,
            period=period,
            said_by=said_by,
            currency=currency,
            total=sum(kinds.values(), Decimal(0)),
            by_charge_type=kinds,
        )
        for currency, kinds in sorted(totals.items())
    ]
