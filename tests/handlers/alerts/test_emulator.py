"""Rules asked of a BigQuery by Google's own client, and what is remembered there."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.alerts import Rule, State, evaluate, rules
from handlers.alerts.bigquery import BigQueryRunner
from handlers.alerts.budgets import replace_budgets
from handlers.alerts.rules import asked
from handlers.alerts.runner import Cell
from handlers.site.budgets import Budget, BudgetScope
from handlers.tables import AMOUNT, RECONCILIATION
from handlers.warehouses.bigquery import tables, views
from handlers.warehouses.bigquery.jobs import Jobs
from tests.engine.bigquery.emulator import PROJECT, Emulator, running
from tests.handlers.alerts.hub_data import (
    ACME,
    HOSTILE,
    NOV,
    OCT,
    anomalous,
    anomaly,
    compared,
    moment,
    priced,
    unnamed,
)
from tests.sql.engines import BY_NAME, HUB, Rows, as_query, in_duckdb, plain

pytestmark = pytest.mark.engine

BUILD = Path(__file__).resolve().parents[3] / "tools" / "engines" / "build.sh"
THERE = replace(HUB, project=PROJECT, dataset="costs")
NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)
WITH_PATH = ("ledger", "dimensions", "unnamed_costs")
"""Tables that have a column more in the hub."""


def rows() -> Rows:
    made = anomalous()
    anomaly(made, ("AWS", "model", "claude"), date(2026, 11, 12), ("660", "250"), "high")
    anomaly(made, ("AWS", "customer", ACME), date(2026, 11, 12), ("640", "250"), "high")
    priced(made, "claude", 2_000, "6")
    unnamed(made, "AWS", 12, "3", model="unknown")
    compared(made, "70", invoice_id="EUINCH-1", billing_period=OCT)
    made.load(("Azure", "z", NOV), moment(15, 3), None, "failed")
    return made


@pytest.fixture(scope="module")
def runner() -> Iterator[BigQueryRunner]:
    built = subprocess.run(
        ["sh", str(BUILD), "bigquery-emulator"], capture_output=True, text=True, check=False
    )
    if built.returncode:
        pytest.skip(f"no BigQuery emulator: {built.stderr.strip()}")
    with running(built.stdout.strip()) as emulator:
        for table in tables():
            emulator.create("costs", table)
        for view in views():
            emulator.run(f"CREATE VIEW costs.{view.name} AS {view.sql(PROJECT, 'costs')}")
        _fill(emulator)
        jobs = Jobs(client=emulator.client, location="US", max_bytes_billed=10**9)
        yield BigQueryRunner(jobs, THERE)


def _fill(emulator: Emulator) -> None:
    for name, held in rows().of.items():
        names = ", ".join(f"`{column.name}`" for column in BY_NAME[name].fields)
        path = "'hub' AS warehouse, " if name in WITH_PATH else ""
        columns = f"warehouse, {names}" if path else names
        content = as_query(BY_NAME[name], held)
        emulator.run(f"INSERT INTO costs.{name} ({columns}) SELECT {path}* FROM ({content})")


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_bigquery_and_duckdb_measure_the_same(runner: BigQueryRunner, rule: Rule) -> None:
    laptop = in_duckdb(rows())
    order = f"ORDER BY {', '.join(rule.labels)}"
    now = "TIMESTAMP '2026-11-15 12:00:00+00'"
    expected = [plain(row) for row in laptop.rows(f"{asked(rule, laptop, now)}\n{order}")]
    found = [plain(row) for row in runner.rows(f"{asked(rule, runner, now)}\n{order}")]
    assert found == expected


def test_rows_of_more_values_than_bigquery_binds_are_added_by_one_statement(
    runner: BigQueryRunner,
) -> None:
    count = 10_000 // len(RECONCILIATION.names) + 1
    cells: Mapping[str, Cell] = {
        **dict.fromkeys(RECONCILIATION.names),
        **{field.name: 'it\'s "x"' for field in RECONCILIATION.fields if not field.nullable},
        "billing_period": NOV,
        "checked_at": NOW.replace(tzinfo=None),
        **{field.name: Decimal("0.1") for field in RECONCILIATION.fields if field.type == AMOUNT},
    }
    runner.insert(
        RECONCILIATION,
        [
            [f"scope {number}" if name == "scope" else cells[name] for name in RECONCILIATION.names]
            for number in range(count)
        ],
    )
    (found,) = runner.rows(
        "SELECT COUNT(DISTINCT scope) AS scopes, SUM(difference) AS amount,"
        " COUNT(invoice_id) AS invoices, MIN(source) AS source, MAX(checked_at) AS checked"
        " FROM costs.reconciliation WHERE scope LIKE 'scope %'"
    )
    assert found == {
        "scopes": count,
        "amount": Decimal(count) / 10,
        "invoices": 0,
        "source": 'it\'s "x"',
        "checked": NOW.replace(tzinfo=None),
    }


def test_the_hubs_job_remembers_in_bigquery_what_it_told(runner: BigQueryRunner) -> None:
    budget = Budget(BudgetScope.CUSTOMER, HOSTILE, None, Decimal(1))
    total = Budget(BudgetScope.TOTAL, "", NOV, Decimal(20))
    laptop = in_duckdb(rows())
    for each in (runner, laptop):
        assert replace_budgets(each, [budget])
        assert replace_budgets(each, [budget, total])
        assert not replace_budgets(each, [total, budget])
    first = evaluate(runner, NOW)
    assert [each.message for each in first] == [each.message for each in evaluate(laptop, NOW)]
    assert {each.rule.id for each in first} >= {"stale_data", "budget_used_up", "anomaly"}
    again = evaluate(runner, NOW + timedelta(hours=1))
    assert not [each for each in again if each.is_new and each.state is State.RESOLVED]
    assert len(runner.rows("SELECT * FROM costs.alerts")) == len(first)
    assert all(each.since == NOW for each in again)
