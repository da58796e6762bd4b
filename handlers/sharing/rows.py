"""The rows of one customer, from the roll-up that dashboards read: exact, and one path only."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from handlers.alerts.hub import key_of
from handlers.alerts.runner import Row, Runner
from handlers.errors import CostError
from handlers.periods import next_period, period_of
from handlers.site.shares import AMOUNTS


class AnotherCustomer(CostError):
    """A key stands for more than the customer it was made of; nothing was written."""


def rows_of(
    runner: Runner, customer: str, columns: Sequence[str], months: Sequence[date]
) -> Mapping[date, Sequence[Row]]:
    """The customer's rows of each month that has some, in an order that is always the same.

    ``months`` are their first days, in order and without a gap. ``columns`` are of
    ``handlers.site.shares``.

    Raises:
        WarehouseError: the tables can't be asked.
    """
    texts = [name for name in columns if name not in AMOUNTS]
    sums = [f"SUM({name}) AS {name}" for name in columns if name in AMOUNTS]
    first, end = months[0], next_period(months[-1])
    pruned = period_of(first - timedelta(days=1))
    found = runner.rows(
        f"SELECT {', '.join([*texts, *sums])}"
        f" FROM {runner.words()['serving_daily_costs']}"
        f" WHERE customer_key = {runner.literal(key_of(customer))}"
        f" AND billing_period >= DATE '{pruned}'"
        f" AND date >= DATE '{first}' AND date < DATE '{end}'"
        f" GROUP BY {', '.join(texts)} ORDER BY {', '.join(texts)}"
    )
    by_month: dict[date, list[Row]] = {}
    for row in found:
        day = row["date"]
        if not isinstance(day, date):
            raise TypeError(f"a row's date is {day!r}")
        by_month.setdefault(period_of(day), []).append(row)
    return by_month


def refuse_strangers(runner: Runner, customers: Collection[str]) -> None:
    """Refuse a key that two customers have: their rows could not be told apart.

    Raises:
        AnotherCustomer: names both.
        WarehouseError: the tables can't be asked.
    """
    owners = {key_of(customer): customer for customer in customers}
    if not owners:
        return
    keys = ", ".join(runner.literal(key) for key in sorted(owners))
    known = runner.rows(
        f"SELECT DISTINCT held.key, held.name FROM {runner.words()['serving_dimensions']} AS held"
        f" WHERE held.dimension = 'customer' AND held.key IN ({keys})"
    )
    for row in known:
        owner = owners[str(row["key"])]
        if row["name"] != owner:
            raise AnotherCustomer(
                f"'{owner}' and '{row['name']}' have the same key, {row['key']}: their rows can't"
                " be told apart. Nothing was written: take both out of shares.toml, and give one"
                " of them another id in customers.csv."
            )
