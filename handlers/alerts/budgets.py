"""The site's budgets in the hub, where the rules that watch them and the panels find them."""

import hashlib
import json
from collections.abc import Sequence

from handlers.alerts.hub import key_of
from handlers.alerts.runner import Cell, Runner
from handlers.site.budgets import Budget, BudgetScope
from handlers.tables import BUDGETS


def replace_budgets(runner: Runner, budgets: Sequence[Budget]) -> bool:
    """Put ``budgets`` in the place of those that the hub holds; True when they are others.

    What is there already in the same version stays untouched, so that it costs one small query.

    Raises:
        WarehouseError: BigQuery refused or failed.
    """
    digest = _digest(budgets)
    table = runner.words()["budgets"]
    held = runner.rows(
        "SELECT COUNT(*) AS count, MIN(site_digest) AS first, MAX(site_digest) AS last"
        f" FROM {table}"
    )[0]
    same = (len(budgets), digest, digest) if budgets else (0, None, None)
    if (held["count"], held["first"], held["last"]) == same:
        return False
    # New rows first: between the two statements a budget is there twice rather than not at all,
    # and the questions take one row of each.
    runner.insert(BUDGETS, [_row(budget, digest) for budget in budgets])
    runner.execute(f"DELETE FROM {table} WHERE site_digest <> {runner.literal(digest)}")
    return True


def _row(budget: Budget, digest: str) -> list[Cell]:
    is_customer = budget.scope is BudgetScope.CUSTOMER
    cells: dict[str, Cell] = {
        "limits": budget.scope.value,
        "key": key_of(budget.id) if is_customer else budget.id,
        "name": budget.id,
        "month": budget.month,
        "amount_usd": budget.amount_usd,
        "site_digest": digest,
    }
    return [cells[name] for name in BUDGETS.names]


def _digest(budgets: Sequence[Budget]) -> str:
    said = sorted(
        (each.scope.value, each.id, str(each.month), str(each.amount_usd)) for each in budgets
    )
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
