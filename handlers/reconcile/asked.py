"""What the clouds themselves say, and which of them would not: one keeps no other from it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from handlers.errors import CostError
from handlers.reconcile.statement import SaidBy, Statement
from handlers.reconcile.totals import ServiceDay
from handlers.record import ChargeType, Cloud


@dataclass(frozen=True)
class Charged:
    """An amount of one kind of charge, in its currency; of a service and day where it is known."""

    charge_type: ChargeType
    amount: Decimal
    currency: str
    service_day: ServiceDay | None = None


@dataclass(frozen=True)
class Answers:
    """Statements, and a line for each scope or cloud that could not be asked."""

    statements: tuple[Statement, ...] = ()
    refusals: tuple[str, ...] = ()

    def __add__(self, other: "Answers") -> "Answers":
        return Answers(self.statements + other.statements, self.refusals + other.refusals)


def answer_of(who: str, ask: Callable[[], Iterable[Statement]]) -> Answers:
    """What ``ask`` gives; where it can't be asked any more, what it gave before and why."""
    statements: list[Statement] = []
    try:
        for statement in ask():
            statements.append(statement)
    except CostError as error:
        text = " ".join(str(error).split())
        return Answers(tuple(statements), (text if who in text else f"{who}: {text}",))
    return Answers(tuple(statements))


def stated(
    cloud: Cloud, scope: str, period: date, charged: Iterable[Charged], said_by: SaidBy
) -> list[Statement]:
    """A statement for each currency in which something was charged; none where nothing was."""
    totals: dict[str, dict[ChargeType, Decimal]] = {}
    days: dict[str, dict[ServiceDay, Decimal]] = {}
    for each in charged:
        kinds = totals.setdefault(each.currency, {})
        kinds[each.charge_type] = kinds.get(each.charge_type, Decimal(0)) + each.amount
        if each.service_day is not None and each.charge_type is not ChargeType.TAX:
            sums = days.setdefault(each.currency, {})
            sums[each.service_day] = sums.get(each.service_day, Decimal(0)) + each.amount
    return [
        Statement(
            cloud=cloud,
            scope=scope,
            period=period,
            said_by=said_by,
            currency=currency,
            total=sum(kinds.values(), Decimal(0)),
            by_charge_type=kinds,
            by_service_day=days.get(currency, {}),
        )
        for currency, kinds in sorted(totals.items())
    ]
