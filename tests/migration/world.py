"""The demo environment: two clouds, three warehouses, the engine, and what promotion is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol, cast

from handlers.alerts.runner import Runner
from handlers.periods import due_periods, next_period, parse_period, period_of
from handlers.record import Cloud
from handlers.serving import NATIVE_WAREHOUSES
from handlers.serving import Path as ServingPath
from handlers.site import load_site
from infra.promotion.environment import Engine, Environment
from tests.migration.bills import FIRST_MONTH, Bill, Clouds, Version
from tests.migration.clock import Clock
from tests.migration.collectors import Collectors, Job, Place
from tests.migration.warehouses import Warehouses

CLOUDS = tuple(NATIVE_WAREHOUSES)
START = datetime(2026, 10, 4, 6, tzinfo=UTC)
"""The Sunday before the first week."""

READERS = ("analyst@example.com",)
"""Who queries ``unified_costs`` and has to be told before its old path is retired."""


class Infrastructure(Engine, Protocol):
    """A stack, and which collectors it has deployed."""

    def jobs(self) -> frozenset[Job]:
        """See ``collectors.Deployed``."""
        ...


@dataclass
class World:
    """The whole. ``on`` says, of each path of a bill, which version of it was loaded last."""

    clock: Clock
    clouds: Clouds
    warehouses: Warehouses
    engine: Infrastructure
    folder: Path
    say: Callable[[str], None]
    parity_days: int
    on: dict[tuple[ServingPath, Bill], Version] = field(
        default_factory=dict[tuple[ServingPath, Bill], Version]
    )

    def __post_init__(self) -> None:
        place = Place(self.folder, self.warehouses, load_site(None))
        self.collectors = Collectors(place, self.engine, self.clock, self._loaded)

    @property
    def hub(self) -> Runner:
        """What answers the hub's SQL."""
        return self.warehouses.hub.runner()

    def environment(self) -> Environment:
        """What promotion works on."""
        return Environment(
            engine=self.engine,
            collectors=self.collectors,
            readers=self,
            hub=self.hub,
            clouds=CLOUDS,
            parity_days=self.parity_days,
            by="the demo",
            clock=self.clock,
            pause=self.clock.sleep,
            say=self.say,
            patience=timedelta(minutes=10),
        )

    def of_union(self) -> Sequence[str]:
        """See ``infra.promotion.environment.Readers``."""
        return READERS

    def begin(self) -> None:
        """Two months of history, loaded by the hub's own jobs."""
        period = FIRST_MONTH
        while period < period_of(self.clock.now.date()):
            for cloud in CLOUDS:
                self.clouds.write(cloud, period, self.clock())
            period = next_period(period)
        for cloud in CLOUDS:
            self.collectors.ask_hub(
                cloud, {"run": "collect", "period": [f"{month:%Y-%m}" for month in self._months()]}
            )

    def bill_of_yesterday(self, cloud: Cloud) -> Bill:
        """The bill that yesterday's use is on."""
        return cloud, period_of(self.clock.now.date() - timedelta(days=1))

    def write_bills(self) -> None:
        """The clouds write what was used up to yesterday."""
        for cloud in CLOUDS:
            self.clouds.write(*self.bill_of_yesterday(cloud), self.clock())

    def load(self, path: ServingPath) -> None:
        """Every collector of that path that is deployed does its daily work."""
        for cloud in CLOUDS:
            if (path, cloud) not in self.engine.jobs():
                continue
            daily: Mapping[str, object] = {"run": "daily"}
            if path is ServingPath.HUB:
                self.collectors.ask_hub(cloud, daily)
            else:
                self.collectors.ask_native(cloud, daily)

    def fills(self, path: ServingPath) -> bool:
        """Whether the environment has collectors of that path for every cloud."""
        return {(path, cloud) for cloud in CLOUDS} <= self.engine.jobs()

    def compare(self) -> None:
        """The hub's own job compares both paths, and keeps what it found."""
        self.collectors.ask_hub(None, {"run": "parity"})

    def _months(self) -> list[date]:
        return sorted({period for _, period in self.clouds.newest})

    def _loaded(self, path: ServingPath, cloud: Cloud, message: Mapping[str, object]) -> None:
        """Remember which versions the path was asked to read."""
        months = cast("Sequence[str]", message.get("period", ()))
        periods = {parse_period(month) for month in months} or due_periods(self.clock.now.date())
        for bill, newest in self.clouds.newest.items():
            if bill[0] is not cloud or bill[1] not in periods:
                continue
            if message.get("from_archive"):
                self.on.setdefault((path, bill), self.on[ServingPath.HUB, bill])
            else:
                self.on[path, bill] = newest
