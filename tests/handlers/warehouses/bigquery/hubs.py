"""A hub in the transactional fake, and a collector of folders into it, as often as one likes."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from handlers.archive import FolderArchive
from handlers.ledger import LedgerRow
from handlers.load.load import Loaded, Loader, Policy
from handlers.record import Cloud
from handlers.site import load_site
from handlers.sources.folder import FolderSource
from handlers.tables import LOADED
from handlers.warehouses.bigquery import FACT_TABLES
from handlers.warehouses.bigquery.jobs import FinishedJob, Jobs, ignore
from handlers.warehouses.bigquery.warehouse import BigQueryWarehouse
from tests.fakes.bigquery_engine import PROJECT, Job
from tests.fakes.bigquery_server import LOCATION, FakeBigQuery
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import NOW, rules_of

PAYER = "111122223333"
NOVEMBER = date(2026, 11, 1)
NO_RATES = load_site(None)


def bill(cost: str = "10", hour: int = 4, payer: str = PAYER) -> AwsBill:
    """Ten AI lines of that cost in November, written at that hour of the 20th."""
    lines = [Line(NOVEMBER.replace(day=day), cost) for day in range(1, 11)]
    return AwsBill(payer, NOVEMBER, lines, NOW.replace(day=20, hour=hour))


@dataclass(frozen=True)
class Collector:
    """One client of the fake, with a folder of its own; ``patience`` are its seconds."""

    fake: FakeBigQuery
    jobs: Jobs
    folder: Path

    @property
    def warehouse(self) -> BigQueryWarehouse:
        """Its warehouse, which knows nothing yet."""
        return BigQueryWarehouse(self.jobs, PROJECT, "costs", "staging", self.folder / "work")

    def load(self, bills: Path) -> list[Loaded]:
        """Load the bills in a folder."""
        warehouse = self.warehouse
        with warehouse.open() as connection:
            archive = FolderArchive(self.folder / "archive")
            loader = Loader(warehouse, connection, archive, rules_of(NO_RATES), Policy(lambda: NOW))
            return [loader.load(each) for each in FolderSource(bills).snapshots([])]

    def waiting(self, seconds: float) -> "Collector":
        """The same with less time."""
        return replace(self, jobs=replace(self.jobs, remaining=lambda: seconds))

    def told(self, finished: Callable[[FinishedJob], None]) -> "Collector":
        """The same, telling of each job that ended."""
        return replace(self, jobs=replace(self.jobs, finished=finished))


@contextmanager
def collector(fake: FakeBigQuery, folder: Path) -> Generator[Collector]:
    """A client whose pauses are short."""
    client = fake.client()
    jobs = Jobs(
        client=client,
        location=LOCATION,
        max_bytes_billed=10**9,
        remaining=lambda: 20.0,
        finished=ignore,
    )
    (folder / "work").mkdir(parents=True, exist_ok=True)
    try:
        yield Collector(fake, jobs, folder)
    finally:
        client.close()


def bills_in(folder: Path, *bills: AwsBill) -> Path:
    """A folder with these bills."""
    for each in bills:
        write_bill(folder, each)
    return folder


def cost(fake: FakeBigQuery) -> Decimal:
    """What AWS costs, by the table of facts."""
    (row,) = fake.engine.rows("SELECT COALESCE(sum(cost_usd), 0) AS cost FROM costs.aws_llm_costs")
    return Decimal(row["cost"])


def tables(fake: FakeBigQuery) -> dict[str, list[str]]:
    """Every table that a load fills, as sorted texts; not the ledger and the lock."""
    names = [*FACT_TABLES.values(), *(each.name for each in LOADED if each.name != "llm_costs")]
    return {
        name: sorted(str(row) for row in fake.engine.rows(f"SELECT * FROM costs.{name}"))
        for name in names
    }


def ledger(fake: FakeBigQuery) -> list[tuple[str, str]]:
    """Status and error of every row, oldest first."""
    rows = fake.engine.rows("SELECT status, error FROM costs.ledger ORDER BY finished_at")
    return [(row["status"], row["error"] or "") for row in rows]


def history(ours: Collector) -> list[LedgerRow]:
    """The bill's rows, as the warehouse gives them."""
    return list(ours.warehouse.history(Cloud.AWS, PAYER, NOVEMBER))


class Held:
    """Keeps jobs of a kind waiting before the statement that begins so, until ``go_on``."""

    def __init__(self, statement: str, kind: str = "replace_") -> None:
        self._statement = statement
        self._kind = kind
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, job: Job, statement: str) -> None:
        if job.job_id.startswith(self._kind) and statement.startswith(self._statement):
            self.reached.set()
            assert self.go_on.wait(20)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
