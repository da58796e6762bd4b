"""budgets.csv: what a month may cost, in all, per cloud, per model or per customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from handlers.record import Cloud
from handlers.site.cells import Cells
from handlers.site.csv_rows import Layout, read_rows
from handlers.site.customers import Customer
from handlers.site.problems import Problem, at_row, shown
from handlers.site.values import MONTH_FORM, month_from, month_text

BUDGETS = Layout(
    "budgets.csv", ("scope", "id", "month", "amount_usd"), ("scope", "id", "month", "amount_usd")
)

EVERY_MONTH = "*"


class BudgetScope(StrEnum):
    """What a budget limits."""

    TOTAL = "total"
    CLOUD = "cloud"
    MODEL = "model"
    CUSTOMER = "customer"


@dataclass(frozen=True)
class Budget:
    """``amount_usd`` in ``month`` (its first day), or in every month that has none of its own.

    ``id`` is the cloud, model or customer; blank for the total. ``month`` None is every month.
    """

    scope: BudgetScope
    id: str
    month: date | None
    amount_usd: Decimal


def parse_budgets(
    content: bytes | None, customers: Sequence[Customer], problems: list[Problem]
) -> tuple[Budget, ...]:
    """The budgets of the file; what is wrong goes to ``problems``."""
    owners = _owners(customers)
    budgets: list[Budget] = []
    rows: dict[tuple[BudgetScope, str, date | None], int] = {}
    for row in read_rows(BUDGETS, content, problems):
        cells = Cells(row, problems)
        scope = cells.required_choice("scope", BudgetScope)
        budget_id = _id(cells, scope, owners)
        month = _month(cells)
        amount = cells.positive_amount("amount_usd")
        if not cells.valid or scope is None or amount is None:
            continue
        first = rows.setdefault((scope, budget_id, month), row.number)
        if first != row.number:
            when = month_text(month) if month else "every month"
            what = f"{scope} {shown(budget_id)}" if budget_id else scope
            problems.append(
                Problem(
                    at_row(BUDGETS.file, row.number),
                    f"a second budget for {what} in {when}, after row {first}",
                    "one budget for each scope, id and month",
                    "delete one of the two rows.",
                )
            )
        budgets.append(Budget(scope, budget_id, month, amount))
    return tuple(budgets)


def _owners(customers: Sequence[Customer]) -> dict[str, str]:
    """Alias to customer id, for names that are not themselves an id."""
    ids = {customer.id for customer in customers}
    return {
        alias: customer.id
        for customer in customers
        for alias in customer.aliases
        if alias not in ids
    }


def _id(cells: Cells, scope: BudgetScope | None, owners: dict[str, str]) -> str:
    match scope:
        case BudgetScope.TOTAL:
            found = cells.raw("id")
            if found:
                allowed = f"a blank id where the scope is {scope}"
                remedy = "clear the cell or use another scope."
                cells.refuse("id", shown(found), allowed, remedy)
            return ""
        case BudgetScope.CLOUD:
            cloud = cells.required_choice("id", Cloud)
            return cloud.value if cloud else ""
        case BudgetScope.CUSTOMER:
            name = cells.name("id")
            if name in owners:
                cells.refuse(
                    "id",
                    f"{shown(name)}, an alias of {shown(owners[name])}",
                    "the customer's id",
                    f"write {shown(owners[name])}.",
                )
            return name
        case BudgetScope.MODEL:
            return cells.name("id")
        case None:
            return ""


def _month(cells: Cells) -> date | None:
    cell = cells.raw("month")
    month = month_from(cell)
    if month is None and cell != EVERY_MONTH:
        cells.refuse(
            "month",
            shown(cell) if cell else "nothing",
            f"{MONTH_FORM}, or {EVERY_MONTH} for every month",
            f"write it like 2026-09 or {EVERY_MONTH}.",
        )
    return month
