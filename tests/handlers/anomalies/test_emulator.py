"""The table filled in a BigQuery by Google's own client, as the hub's job does it."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from handlers.alerts.bigquery import BigQueryRunner
from handlers.anomalies import refresh
from handlers.warehouses.bigquery import tables, views
from handlers.warehouses.bigquery.jobs import Jobs
from tests.engine.bigquery.emulator import PROJECT, Emulator, running
from tests.handlers.anomalies.test_definition import NOW, small
from tests.sql.engines import BY_NAME, HUB, as_query, in_duckdb, plain

pytestmark = pytest.mark.engine

BUILD = Path(__file__).resolve().parents[3] / "tools" / "engines" / "build.sh"
MERGE = re.compile(r"USING \(\n(.*)\n\) AS found\n", re.DOTALL)
THERE = replace(HUB, project=PROJECT, dataset="costs")
WITH_PATH = ("ledger", "dimensions")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    built = subprocess.run(
        ["sh", str(BUILD), "bigquery-emulator"], capture_output=True, text=True, check=False
    )
    if built.returncode:
        pytest.skip(f"no BigQuery emulator: {built.stderr.strip()}")
    with running(built.stdout.strip()) as started:
        for table in tables():
            started.create("costs", table)
        for view in views():
            started.run(f"CREATE VIEW costs.{view.name} AS {view.sql(PROJECT, 'costs')}")
        yield started


@dataclass(frozen=True)
class EmulatorRunner(BigQueryRunner):
    """The emulator merges from tables only: what is merged becomes one first."""

    def execute(self, sql: str) -> None:
        found = MERGE.search(sql)
        assert found is not None
        super().execute("DROP TABLE IF EXISTS staging.found")
        super().execute(f"CREATE TABLE staging.found AS {found[1]}")
        super().execute(MERGE.sub("USING staging.found AS found\n", sql))


def test_bigquery_fills_the_table_as_duckdb_does_and_twice_is_once(emulator: Emulator) -> None:
    rows, _ = small()
    for name, held in rows.of.items():
        names = ", ".join(f"`{column.name}`" for column in BY_NAME[name].fields)
        path = "'hub' AS warehouse, " if name in WITH_PATH else ""
        columns = f"warehouse, {names}" if path else names
        content = as_query(BY_NAME[name], held)
        emulator.run(f"INSERT INTO costs.{name} ({columns}) SELECT {path}* FROM ({content})")
    jobs = Jobs(client=emulator.client, location="US", max_bytes_billed=10**9)
    runner = EmulatorRunner(jobs, THERE)
    laptop = in_duckdb(rows)
    refresh(laptop, NOW)
    order = "ORDER BY date, series, key"
    expected = [plain(row) for row in laptop.rows(f"SELECT * FROM anomalies {order}")]
    assert len(expected) > 100
    for _ in range(2):
        refresh(runner, NOW)
        found = [plain(row) for row in runner.rows(f"SELECT * FROM costs.anomalies {order}")]
        for a, b in zip(found, expected, strict=True):
            assert a == b
