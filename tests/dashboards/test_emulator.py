"""The deployed text of every question, asked of a BigQuery by Google's own client."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.queries.sql import queries
from handlers.alerts import Rule, question, rules
from handlers.warehouses.bigquery import tables, views
from tests.dashboards.engines import HUB, Answer, Rows, in_duckdb, with_days, with_filters
from tests.dashboards.hub_rows import ACME, FIRST, LAST, NOV, OCT, hub_rows
from tests.dashboards.test_parity import at, compared, part
from tests.engine.bigquery.emulator import PROJECT, Emulator, running
from tests.sql.engines import BY_NAME, as_query, plain

pytestmark = pytest.mark.engine

BUILD = Path(__file__).resolve().parents[2] / "tools" / "engines" / "build.sh"
THERE = replace(HUB, project=PROJECT, dataset="costs")
NOW = "TIMESTAMP '2026-11-15 12:00:00+00'"
# Those that Redshift and Azure SQL publish to have a column more.
OF_SEVERAL = {"ledger", "dimensions", "unnamed_costs", "hourly_costs"}


def rows() -> Rows:
    made = hub_rows()
    made.add("budgets", limits="total", key="", name="", amount_usd=Decimal(50))
    made.add("budgets", limits="customer", key=ACME, name="acme", month=NOV, amount_usd=Decimal(60))
    bill = {"cloud_provider": "AWS", "scope": "a1", "billing_period": NOV}
    day = {**bill, "date": date(2026, 11, 3)}
    for hour in (3, 17):
        used = {"model": "claude", "customer_key": ACME, "charge_type": "usage"}
        made.add("serving_hourly_costs", **day, **used, hour=hour, cost=Decimal(hour))
    made.add("platform_costs", **day, service="Storage", cost_usd=Decimal("1.5"))
    made.add("reconciliation", **bill, source="invoice", difference_usd=Decimal("12.5"))
    found = {"series": "cloud", "key": "AWS", "status": "high", "expected": Decimal(9)}
    made.add("anomalies", cloud_provider="AWS", date=day["date"], actual=Decimal(29), **found)
    compared(made, "AWS", at(LAST, 6), "in_transit", costs=("10", "12.50"))
    compared(made, "Azure", at(LAST, 6), "different", period=OCT, costs=("20", "18.25"))
    part(made, at(LAST, 6), "gpt", "20", "19")
    made.of["ledger"][2] = {**made.of["ledger"][2], "restated_usd": Decimal("2.5")}
    return made


@pytest.fixture(scope="module")
def hub() -> Iterator[Emulator]:
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
        for table, held in rows().of.items():
            more = "'hub' AS warehouse, " if table in OF_SEVERAL else ""
            names = ", ".join(f"`{column.name}`" for column in BY_NAME[table].fields)
            names = f"warehouse, {names}" if more else names
            content = as_query(BY_NAME[table], held)
            started.run(f"INSERT INTO costs.{table} ({names}) SELECT {more}* FROM ({content})")
        yield started


def asked(hub: Emulator, sql: str) -> Answer:
    return [plain(row) for row in hub.run(sql)]


@pytest.mark.parametrize("name", queries())
def test_bigquery_and_duckdb_answer_every_query_alike_and_in_the_same_order(
    hub: Emulator, name: str
) -> None:
    sql = with_filters(with_days(queries()[name].sql(THERE), FIRST, LAST), {})
    expected = in_duckdb(rows(), sql)
    assert expected
    assert asked(hub, sql) == expected


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id)
def test_bigquery_and_duckdb_answer_every_rules_question_alike(hub: Emulator, rule: Rule) -> None:
    sql = question(rule, THERE, NOW)
    expected = in_duckdb(rows(), sql)
    assert expected
    assert asked(hub, sql) == expected


def test_a_chosen_customer_and_model_reach_bigquery_quoted(hub: Emulator) -> None:
    chosen = {"customer_filter": [ACME], "model_filter": ["claude", "gemini"]}
    sql = with_filters(with_days(queries()["total_cost"].sql(THERE), FIRST, LAST), chosen)
    assert asked(hub, sql) == [{"cost": 34}]


def test_a_rule_can_be_asked_as_grafana_asks_it(hub: Emulator) -> None:
    for rule in rules():
        hub.run(question(rule, THERE))
