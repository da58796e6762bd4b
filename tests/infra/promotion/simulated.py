"""An environment of one AWS payer and one Azure subscription, in memory: what promotion works on.

Its hub has the real tables and views. A load is what a collector would write there: a ledger row,
digests and daily costs on one path. What was ever loaded is archived, and loaded from there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import cast

from handlers.alerts.hub import key_of
from handlers.parity import Books, compare
from handlers.record import Cloud
from handlers.serving import HUB_WAREHOUSE, NATIVE_WAREHOUSES
from handlers.tables import DAILY, DIGESTS, DIMENSIONS, LEDGER
from infra.promotion.environment import EngineFailed, Environment
from infra.stages import Stage, keys_of
from tests.fakes.duckdb_hub import DuckDbHub
from tests.infra.guard.previews import Json, document, step, topic

SCOPES = {Cloud.AWS: "111122223333", Cloud.AZURE: "/subscriptions/1"}
CUSTOMERS = ("acme", "globex", "initech", "untagged")
MONTHS = (date(2026, 10, 1), date(2026, 11, 1))
START = datetime(2026, 11, 20, 6, tzinfo=UTC)

Bill = tuple[Cloud, date]
Costs = Mapping[str, Decimal]


@dataclass
class SimulatedEngine:
    """A stack's file and an engine; what ``steps`` gives is what a preview shows."""

    stack: str = "prod"
    file: dict[str, object] = field(default_factory=lambda: dict(keys_of(Stage.SINGLE)))
    deployed: dict[str, object] = field(default_factory=lambda: dict(keys_of(Stage.SINGLE)))
    steps: list[Json] = field(default_factory=lambda: [step("same", topic(), topic())])
    failing: list[str] = field(default_factory=list[str])
    released: list[str] = field(default_factory=list[str])
    ups: int = 0

    def keys(self) -> Mapping[str, object]:
        return dict(self.file)

    def write(self, keys: Mapping[str, object]) -> None:
        self.file = dict(keys)

    def preview(self) -> str:
        return document(*self.steps)

    def up(self) -> None:
        self.ups += 1
        if self.failing:
            raise EngineFailed(self.failing.pop(0))
        self.deployed = dict(self.file)

    def release(self, urns: Sequence[str]) -> None:
        self.released += urns


@dataclass
class Simulation:
    """The whole; ``bills`` are the newest versions that the clouds have written."""

    hub: DuckDbHub
    engine: SimulatedEngine = field(default_factory=SimulatedEngine)
    now: datetime = START
    bills: dict[Bill, tuple[str, Costs]] = field(default_factory=dict[Bill, tuple[str, Costs]])
    readers: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])
    sent: list[tuple[Cloud | None, Mapping[str, object]]] = field(
        default_factory=list[tuple[Cloud | None, Mapping[str, object]]]
    )
    deaf: bool = False
    """Do the clouds' own collectors not answer?"""

    def environment(self, parity_days: int = 2) -> Environment:
        return Environment(
            engine=self.engine,
            collectors=self,
            readers=self,
            hub=self.hub,
            clouds=tuple(SCOPES),
            parity_days=parity_days,
            by="somebody",
            clock=lambda: self.now,
            pause=self._pass,
            say=self.said.append,
            patience=timedelta(minutes=2),
        )

    def _pass(self, length: timedelta) -> None:
        self.now += length

    def of_union(self) -> Sequence[str]:
        return self.readers

    def ask_hub(self, cloud: Cloud | None, message: Mapping[str, object]) -> None:
        self.sent.append((cloud, message))
        # The hub's archive has nothing that the hub has not loaded itself.
        if cloud is not None and message["run"] == "collect" and not message.get("from_archive"):
            self._load_all(cloud, HUB_WAREHOUSE, cast("list[str]", message["period"]))

    def ask_native(self, cloud: Cloud, message: Mapping[str, object]) -> None:
        self.sent.append((cloud, message))
        if message["run"] == "collect" and not self.deaf:
            self._load_all(cloud, NATIVE_WAREHOUSES[cloud], cast("list[str]", message["period"]))

    def _load_all(self, cloud: Cloud, warehouse: str, periods: Sequence[str]) -> None:
        for bill in self.bills:
            if bill[0] is cloud and f"{bill[1]:%Y-%m}" in periods:
                self.load(bill, warehouse)

    def write(self, bill: Bill, version: str, costs: Costs) -> None:
        """The cloud writes a new version of a bill."""
        self.bills[bill] = (f"L-{bill[0]}-{bill[1]:%Y%m}-{version}", costs)

    def load(self, bill: Bill, warehouse: str) -> None:
        """A collector replaces the bill on its path by the newest version, at this moment."""
        (cloud, period), (load_id, costs) = bill, self.bills[bill]
        place = {"cloud_provider": cloud, "scope": SCOPES[cloud], "billing_period": period}
        for table in ("daily_costs", "dimensions"):
            self.hub.connection.execute(
                f"DELETE FROM project.hub.{table} WHERE warehouse = ? AND cloud_provider = ?"
                " AND billing_period = ?",
                [warehouse, cloud, period],
            )
        self.hub.connection.execute(
            "DELETE FROM project.hub.load_digests WHERE warehouse = ? AND load_id = ?",
            [warehouse, load_id],
        )
        self.now += timedelta(seconds=1)
        total = sum(costs.values(), Decimal(0))
        self.hub.add(
            LEDGER,
            warehouse=warehouse,
            load_id=load_id,
            **place,
            status="loaded",
            rows=len(costs),
            cost_usd=total,
            gross_cost_usd=total,
            finished_at=self.now.replace(tzinfo=None),
            data_through=self.now.date() - timedelta(days=1),
        )
        common = {"warehouse": warehouse, **place}
        groups = [(key_of(customer), customer, cost) for customer, cost in costs.items()]
        self.hub.add_all(
            DIGESTS,
            [
                {
                    **common,
                    "load_id": load_id,
                    "model": "m",
                    "token_type": "input",
                    "customer_key": key,
                    "rows": 1,
                    "cost_usd": cost,
                    "gross_cost_usd": cost,
                    "billing_cost": cost,
                }
                for key, _, cost in groups
            ],
        )
        self.hub.add_all(
            DAILY,
            [
                {**common, "date": period, "customer_key": key, "cost": cost}
                for key, _, cost in groups
            ],
        )
        self.hub.add_all(
            DIMENSIONS,
            [
                {**common, "dimension": "customer", "key": key, "name": name}
                for key, name, _ in groups
            ],
        )

    def day(self) -> None:
        """A day passes: every path that is deployed loads every bill, and the hub compares."""
        self.now = self.now.replace(hour=6) + timedelta(days=1)
        for bill in self.bills:
            for warehouse in self.paths(bill[0]):
                self.load(bill, warehouse)
        Books(self.hub).keep(compare(self.hub, tuple(SCOPES)), self.now)

    def paths(self, cloud: Cloud) -> list[str]:
        """The paths that what is deployed fills."""
        deployed = self.engine.deployed
        hub = [HUB_WAREHOUSE] if deployed["phase"] == 1 or deployed["dual_run"] else []
        return [*hub, *([NATIVE_WAREHOUSES[cloud]] if deployed["phase"] == 2 else [])]

    def served(self) -> dict[tuple[str, Cloud, date], Decimal]:
        """What people see per customer, cloud and month; one row of each, or it fails."""
        rows = self.hub.rows(
            "SELECT customer_key, cloud_provider, date, COUNT(*) AS n, SUM(cost) AS cost"
            " FROM project.hub.serving_daily_costs GROUP BY ALL"
        )
        names = {key_of(name): name for name in CUSTOMERS}
        found: dict[tuple[str, Cloud, date], Decimal] = {}
        for row in rows:
            assert row["n"] == 1, f"served {row['n']} times: {row}"
            key = (
                names[str(row["customer_key"])],
                Cloud(str(row["cloud_provider"])),
                cast("date", row["date"]),
            )
            found[key] = cast("Decimal", row["cost"])
        return found

    def held(self, warehouse: str) -> dict[tuple[str, Cloud, date], Decimal]:
        """What is in the tables of a path."""
        rows = self.hub.rows(
            "SELECT customer_key, cloud_provider, date, cost FROM project.hub.daily_costs"
            f" WHERE warehouse = '{warehouse}'"
        )
        names = {key_of(name): name for name in CUSTOMERS}
        return {
            (
                names[str(row["customer_key"])],
                Cloud(str(row["cloud_provider"])),
                cast("date", row["date"]),
            ): cast("Decimal", row["cost"])
            for row in rows
        }


def simulation() -> Simulation:
    """Phase 1 with two months of two clouds loaded this morning."""
    made = Simulation(DuckDbHub.empty())
    for number, cloud in enumerate(SCOPES, start=1):
        for month in MONTHS:
            costs = {name: Decimal(number * 100 + place) for place, name in enumerate(CUSTOMERS)}
            made.write((cloud, month), "1", costs)
            made.load((cloud, month), HUB_WAREHOUSE)
    return made


def keys(text: str) -> Mapping[str, object]:
    """The stage keys as JSON."""
    return cast("dict[str, object]", json.loads(text))
