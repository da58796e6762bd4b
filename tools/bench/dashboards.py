"""How long the queries of each dashboard take on a laptop, with three years of costs.

The facts are made (``dashboards.sql``), the roll-ups are the collector's own statements, written
bill by bill as a load writes them; then the deployed SQL of every panel is asked, one after the
other. Panels that show parts of one answer share it, as they do in the local viewer. ``python -m
tools.bench.dashboards`` prints the report.
"""

import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

from dashboards.documents import documents
from dashboards.duckdb_source import Chosen, open_hub, run
from dashboards.plan import plans
from dashboards.viewer.model import read_dashboard
from handlers.alerts import Hub
from handlers.alerts.budgets import replace_budgets
from handlers.alerts.laptop import DuckDbRunner
from handlers.anomalies import refresh
from handlers.load.statements import run as run_statement
from handlers.load.statements import statements
from handlers.site.budgets import Budget, BudgetScope
from handlers.warehouses.duckdb import DuckDbWarehouse

DAYS = 1096
LAST = date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
TARGETS: Mapping[int, float] = {30: 150.0, DAYS: 400.0}
"""Milliseconds for all queries of a dashboard, by the days that are chosen."""

ROUNDS = 5
HUB = Hub(project="demo-project", dataset="multi_cloud_costs", location="US")
_ROLL_UPS = ("new_daily_costs", "new_dimensions", "new_unnamed_costs")
_TABLES = ("llm_costs", "daily_costs", "hourly_costs", "dimensions", "unnamed_costs", "ledger")


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What a dashboard took, in milliseconds: of ``ROUNDS`` the median; the slowest panel.

    ``cpu_milliseconds`` are those of both cores: what a busy machine hardly changes.
    """

    title: str
    days: int
    queries: int
    milliseconds: float
    cpu_milliseconds: float
    slowest: str
    slowest_milliseconds: float

    @property
    def reached(self) -> bool:
        """Whether it is as fast as is aimed at."""
        return self.milliseconds <= TARGETS[self.days]


def make_warehouse(path: Path, days: int = DAYS) -> int:
    """Write the facts and what is derived from them; how many facts there are."""
    warehouse = DuckDbWarehouse(path)
    with warehouse.open() as connection:
        values = {"days": days, "last": LAST, "warehouse": "duckdb"}
        for _, statement in statements("tools.bench", "dashboards.sql"):
            run_statement(connection, statement, values)
        for name, statement in statements("handlers.load", "facts.sql"):
            if name in _ROLL_UPS:
                run_statement(connection, statement, values)
        bills = connection.execute(
            "SELECT DISTINCT billing_period, scope FROM new_llm_costs ORDER BY ALL"
        ).fetchall()
        for period, scope in bills:
            for table in _TABLES:
                connection.execute(
                    f"INSERT INTO warehouse.{table} BY NAME SELECT * FROM new_{table}"
                    " WHERE billing_period = ? AND scope = ? ORDER BY ALL",
                    [period, scope],
                )
        runner = DuckDbRunner(connection)
        replace_budgets(runner, [Budget(BudgetScope.TOTAL, "", None, Decimal(100_000))])
        refresh(runner, NOW)
        (count,) = connection.execute("SELECT count(*) FROM new_llm_costs").fetchall()
    return int(count[0])


def speeds(path: Path) -> list[Speed]:
    """What every dashboard takes, for each number of days."""
    made = documents(HUB)
    found: list[Speed] = []
    with open_hub(path) as hub:
        for days in TARGETS:
            until = datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=UTC)
            chosen = Chosen(since=until - timedelta(days=days - 1), until=until)
            for of in plans():
                asked = {panel.sql: panel.title for panel in read_dashboard(made[of.uid]).panels}
                cpu = time.process_time()
                rounds = [_round(asked, chosen, hub) for _ in range(ROUNDS)]
                cpu = (time.process_time() - cpu) / ROUNDS
                each = {sql: statistics.median(took[sql] for took in rounds) for sql in asked}
                slowest = max(each, key=lambda sql: each[sql])
                found.append(
                    Speed(
                        title=of.title,
                        days=days,
                        queries=len(asked),
                        milliseconds=statistics.median(sum(took.values()) for took in rounds),
                        cpu_milliseconds=1000 * cpu,
                        slowest=asked[slowest],
                        slowest_milliseconds=each[slowest],
                    )
                )
    return found


def _round(
    asked: Iterable[str], chosen: Chosen, hub: duckdb.DuckDBPyConnection
) -> dict[str, float]:
    took: dict[str, float] = {}
    for sql in asked:
        began = time.perf_counter()
        run(sql, chosen, hub)
        took[sql] = 1000 * (time.perf_counter() - began)
    return took


def report(console: Console, folder: Path) -> None:
    """Make the warehouse unless it is there, ask every dashboard, print one table."""
    path = folder / "dashboards" / "costs.duckdb"
    if not path.exists():
        make_warehouse(path)
    with open_hub(path) as hub:
        counted = hub.execute("SELECT count(*) FROM warehouse.llm_costs").fetchall()
        rolled = hub.execute("SELECT count(*) FROM warehouse.daily_costs").fetchall()
    table = Table(
        title=f"Queries of a dashboard: {counted[0][0]:,} facts, {rolled[0][0]:,} rows rolled up",
        title_justify="left",
    )
    table.add_column("Dashboard")
    for name in ("Days", "Queries", "ms", "Target ms", "CPU ms"):
        table.add_column(name, justify="right")
    table.add_column("Slowest")
    table.add_column("ms", justify="right")
    table.add_column("Reached")
    for speed in speeds(path):
        table.add_row(
            speed.title,
            f"{speed.days:,}",
            str(speed.queries),
            f"{speed.milliseconds:.0f}",
            f"{TARGETS[speed.days]:.0f}",
            f"{speed.cpu_milliseconds:.0f}",
            speed.slowest,
            f"{speed.slowest_milliseconds:.0f}",
            "yes" if speed.reached else "no",
        )
    console.print(table)


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/bench"),
    show_default=True,
    help="Where the warehouse lies.",
)
def main(folder: Path) -> None:
    """Say how long the queries of each dashboard take."""
    report(Console(width=None if Console().is_terminal else 160), folder)


if __name__ == "__main__":
    main()
