"""Loads of small bills into the fake, as the Function App's user, and what stands there then."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from uuid import UUID

from handlers.archive import FolderArchive
from handlers.load.collecting import RulesOf, rules_of_site
from handlers.load.load import Loaded, Loader, Policy
from handlers.site import load_site
from handlers.sources.folder import FolderSource
from handlers.tables import LOADED
from handlers.warehouses import LoadBatch
from handlers.warehouses.azuresql.names import Principal, Rights, bare_name
from handlers.warehouses.azuresql.port import Database, Row
from handlers.warehouses.azuresql.warehouse import Administration, AzureSqlWarehouse
from tests.fakes.azuresql import FakeAzureSql
from tests.handlers.load.bills import AwsBill, Line, write_bill

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
SCOPE, OTHER = "111122223333", "444455556666"
COLLECTOR = Principal(
    "ai-cost-collector", UUID("aaaabbbb-0000-4000-8000-0123456789ab"), Rights.COLLECTOR
)

Tables = dict[str, list[Row]]


@dataclass
class Clock:
    """Seconds that pass only while somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list[float])

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Loads:
    """A server, the bills in a folder, and the time there is: ``seconds`` for each call."""

    server: FakeAzureSql
    folder: Path
    seconds: float = 100.0
    clock: Clock = field(default_factory=Clock)
    principals: Sequence[Principal] = (COLLECTOR,)

    def database(self, user: str = COLLECTOR.name) -> Database:
        return Database(
            connect=self.server.connecting(user),
            remaining=lambda: self.seconds,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def warehouse(self) -> AzureSqlWarehouse:
        administrator = Database(
            connect=self.server.connecting(), clock=self.clock, sleep=self.clock.sleep
        )
        administration = Administration(administrator, self.principals)
        return AzureSqlWarehouse(self.database(), self.folder / "w", administration)

    def migrate(self) -> None:
        self.warehouse().migrate()

    def write(self, *bills: AwsBill) -> None:
        for each in bills:
            write_bill(self.folder / "bills", each)

    @contextmanager
    def loader(self) -> Generator[Loader]:
        warehouse = self.warehouse()
        archive = FolderArchive(self.folder / "archive")
        with warehouse.open() as connection:
            yield Loader(warehouse, connection, archive, rules(), Policy(lambda: NOW))

    def collect(self, load: Callable[[Loader], list[Loaded]] | None = None) -> list[Loaded]:
        with self.loader() as loader:
            if load is not None:
                return load(loader)
            bills = FolderSource(self.folder / "bills").snapshots([])
            return [loader.load(each) for each in bills]

    @contextmanager
    def batches(self) -> Generator[Callable[[int], LoadBatch]]:
        """Loads the bill, then gives batches like it whose lines cost so much each."""
        with self.loader() as loader:
            (found,) = FolderSource(self.folder / "bills").snapshots([])
            loader.load(found)
            connection = loader.connection
            (row,) = self.warehouse().loaded()

            def batch(cost: int) -> LoadBatch:
                load_id = f"L{cost}"
                connection.execute("UPDATE new_llm_costs SET cost_usd = ?, load_id = ?",
                                   [cost, load_id])  # fmt: skip
                connection.execute("UPDATE new_daily_costs SET cost = ?", [cost])
                connection.execute("UPDATE new_load_digests SET cost_usd = ?, load_id = ?",
                                   [cost, load_id])  # fmt: skip
                changed = replace(row, load_id=load_id, cost_usd=Decimal(3 * cost))
                return LoadBatch(connection, changed)

            yield batch

    def tables(self) -> Tables:
        """Every row of every table that loads fill, sorted; of digests those of current loads."""
        current = "WHERE load_id IN (SELECT load_id FROM dbo.llm_consumption)"
        return {
            table.name: self.server.rows(
                f'SELECT {names(table.names)} FROM dbo."{bare_name(table)}"'
                f" {current if table.name == 'load_digests' else ''} ORDER BY ALL"
            )
            for table in LOADED
        }

    def cost(self) -> Decimal:
        """What the one bill costs as every table has it, with the ledger; 0 without a load."""
        load_ids = self.server.rows("SELECT DISTINCT load_id FROM dbo.llm_consumption")
        if not load_ids:
            assert all(rows == [] for rows in self.tables().values())
            return Decimal(0)
        ((load_id,),) = load_ids
        costs = {
            self.server.rows(statement)[0]
            for statement in (
                "SELECT sum(cost_usd) FROM dbo.llm_consumption",
                "SELECT sum(cost) FROM dbo.daily_costs",
                f"SELECT sum(cost_usd) FROM dbo.load_digests WHERE load_id = '{load_id}'",
                "SELECT cost_usd FROM dbo.ledger WHERE status = 'loaded'"
                f" AND load_id = '{load_id}'",
            )
        }
        ((cost,),) = costs
        assert self.server.rows("SELECT count(*) FROM dbo.llm_consumption") == [(3,)]
        last = "SELECT load_id FROM dbo.ledger ORDER BY finished_at DESC LIMIT 1"
        assert self.server.rows(last) == [(load_id,)]
        assert self.server.rows(
            "SELECT load_id, finished_at FROM dbo.ledger ORDER BY ALL"
        ) == self.server.rows("SELECT load_id, finished_at FROM dbo.outbox ORDER BY ALL")
        return Decimal(cost)

    def statuses(self) -> list[str]:
        return [
            str(row[0])
            for row in self.server.rows("SELECT status FROM dbo.ledger ORDER BY finished_at")
        ]


@cache
def rules() -> RulesOf:
    """The shipped ones, read once."""
    return rules_of_site(load_site(None))


def names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def bill(
    scope: str = SCOPE, period: date = NOVEMBER, *, cost: str = "1.25", version: int = 0
) -> AwsBill:
    """A bill of three lines at ``cost`` each; a later version is written a minute later."""
    lines = [
        Line(period.replace(day=number), cost, tags={"customer": customer})
        for number, customer in ((1, "acme"), (2, "ACME"), (3, "zürich 日本"))
    ]
    written = datetime(period.year, period.month, 20, 4, tzinfo=UTC)
    return AwsBill(scope, period, lines, written + timedelta(minutes=version))
