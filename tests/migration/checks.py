"""What has to hold at every moment of the migration, and how many times it was looked at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import cast

from handlers import cut
from handlers.alerts.hub import key_of
from handlers.commands.parity import shown
from handlers.parity import Status, compare, green_days
from handlers.record import Cloud
from handlers.serving import HUB_WAREHOUSE, NATIVE_WAREHOUSES
from handlers.serving import Path as ServingPath
from tests.migration.bills import CUSTOMERS, Costs
from tests.migration.world import CLOUDS, World

CustomerDay = tuple[Cloud, str, date]
Served = Mapping[CustomerDay, tuple[str, Decimal]]
"""From which warehouse, and USD."""

_MOST_TOLD = 10


class CheckFailed(Exception):
    """Something that has to hold did not; the message is for a reader."""


@dataclass
class Tally:
    """How many checks held."""

    say: Callable[[str], None]
    held: int = 0
    broken: list[str] = field(default_factory=list[str])

    def check(self, *, holds: bool, otherwise: str) -> None:
        """Count a check; ``otherwise`` says what was found where it does not hold."""
        if holds:
            self.held += 1
        else:
            self.broken.append(otherwise)

    def end(self) -> None:
        """Tell what is broken.

        Raises:
            CheckFailed: something is.
        """
        for each in self.broken[:_MOST_TOLD]:
            self.say(f"  DOES NOT HOLD: {each}")
        if self.broken:
            raise CheckFailed(f"{len(self.broken)} did not hold, the first: {self.broken[0]}")

    def __str__(self) -> str:
        if self.broken:
            return f"{self.held} checks held, {len(self.broken)} did not."
        return f"{self.held} checks held."


def check_served(world: World, tally: Tally) -> None:
    """Each customer's day is served once, from the path of the cut, as the cloud billed it.

    Raises:
        CheckFailed: with the customers and days of which that is not so.
    """
    expected = dict(_expected(world))
    rows = list(_served(world))
    served = {key: found for key, *found in rows}
    tally.check(holds=len(served) == len(rows), otherwise="a customer's day has two warehouses")
    for key in sorted(expected.keys() | served.keys()):
        wanted, found = expected.get(key), served.get(key)
        cloud, customer, day = key
        tally.check(
            holds=wanted is not None and found is not None and tuple(found) == wanted,
            otherwise=f"{cloud} {customer} {day}: billed is {_told(wanted)},"
            f" served is {_told(cast('tuple[str, Decimal] | None', found and tuple(found)))}",
        )
    sums: dict[str, Decimal] = {}
    for _, warehouse, cost in rows:
        sums[warehouse] = sums.get(warehouse, Decimal(0)) + cost
    parts = ", ".join(f"{name} {usd:,.6f}" for name, usd in sorted(sums.items()))
    total = sum((cost for _, cost in expected.values()), Decimal(0))
    world.say(
        f"One dollar once: {len(expected)} customers' days, billed {total:,.6f} USD,"
        f" served {sum(sums.values(), Decimal(0)):,.6f} ({parts})"
    )
    tally.end()


def check_parity(world: World, tally: Tally) -> None:
    """Both paths of every bill hold the same; the table is shown.

    Where one path is not filled any more its bills are behind, and must not differ.

    Raises:
        CheckFailed: with the bills of which that is not so.
    """
    bills = compare(world.hub, CLOUDS)
    today = world.clock.now.date()
    days = {cloud: green_days(world.hub, cloud, today) for cloud in CLOUDS}
    if any(bill.native for bill in bills):
        world.say(shown(bills, days).rstrip("\n"))
    else:
        world.say("Parity: there is one path only.")
        return
    allowed = {Status.EQUAL}
    if not world.fills(ServingPath.HUB) or not world.fills(ServingPath.NATIVE):
        allowed.add(Status.IN_TRANSIT)
    for bill in bills:
        tally.check(holds=bill.status in allowed, otherwise=f"{bill} is {bill.status}")
    tally.end()


def _expected(world: World) -> Iterator[tuple[CustomerDay, tuple[str, Decimal]]]:
    """What the clouds billed, of the version that each customer's path has loaded."""
    cut_now = cut.read_cut(world.hub)
    for bill in world.clouds.bills():
        cloud, _ = bill
        for customer in CUSTOMERS:
            native = cut_now.everyone or key_of(customer) in cut_now.keys
            path = ServingPath.NATIVE if native else ServingPath.HUB
            warehouse = NATIVE_WAREHOUSES[cloud] if native else HUB_WAREHOUSE
            version = world.on.get((path, bill))
            costs: Costs = version.costs if version else {}
            for (whose, day), cost in costs.items():
                if whose == customer:
                    yield (cloud, customer, day), (warehouse, cost)


def _served(world: World) -> Iterator[tuple[CustomerDay, str, Decimal]]:
    names = {key_of(customer): customer for customer in CUSTOMERS}
    table = world.hub.words()["serving_daily_costs"]
    rows = world.hub.rows(
        "SELECT cloud_provider, customer_key, date, warehouse, SUM(cost) AS cost"
        f" FROM {table} GROUP BY cloud_provider, customer_key, date, warehouse"
    )
    for row in rows:
        key = str(row["customer_key"])
        place = (Cloud(str(row["cloud_provider"])), names.get(key, key), cast("date", row["date"]))
        yield place, str(row["warehouse"]), Decimal(str(row["cost"]))


def _told(found: tuple[str, Decimal] | None) -> str:
    return f"{found[1]:f} USD from '{found[0]}'" if found else "nothing"
