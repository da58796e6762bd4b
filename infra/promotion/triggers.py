"""The reasons to leave phase 1, each measured against the number from which it counts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from handlers.alerts.runner import Runner
from infra.settings import Settings
from infra.stages import Stage

CUSTOMERS = 20
"""From so many customers on, each cloud's own warehouse pays."""
REVENUE_USD = Decimal(20_000)
"""From so much monthly recurring revenue on."""
_DAYS = 60


@dataclass(frozen=True)
class Trigger:
    """A number of this environment, and the one from which it is a reason to move."""

    what: str
    found: str
    reached: bool | None

    def __str__(self) -> str:
        words = {True: "reached", False: "not reached", None: "unknown"}
        return f"{self.what}: {self.found} ({words[self.reached]})"


def triggers(
    settings: Settings, costs: Mapping[Stage, Decimal], runner: Runner, today: date
) -> Iterator[Trigger]:
    """Customers in the data, revenue of the configuration, and what the stages would cost.

    ``costs`` are list prices in USD a month.

    Raises:
        WarehouseError: the hub can't be asked.
    """
    since = today - timedelta(days=_DAYS)
    words = runner.words()
    [row] = runner.rows(
        "SELECT COUNT(DISTINCT costs.customer_key) AS customers"
        f" FROM {words['serving_daily_costs']} AS costs"
        f" WHERE costs.date >= DATE '{since.isoformat()}'"
        f" AND costs.customer_key <> {words['untagged']}"
    )
    count = int(str(row["customers"]))
    yield Trigger(
        f"customers in the last {_DAYS} days", f"{count} of {CUSTOMERS}", count >= CUSTOMERS
    )
    revenue = settings.monthly_revenue_usd
    yield Trigger(
        "monthly recurring revenue",
        f"{'not set (monthly_revenue_usd)' if revenue is None else f'{revenue:,.0f}'}"
        f" of {REVENUE_USD:,.0f} USD",
        None if revenue is None else revenue >= REVENUE_USD,
    )
    yield Trigger(
        "list price a month",
        ", ".join(f"{stage} {usd:,.2f} USD" for stage, usd in costs.items()),
        None,
    )
