"""``anomalies`` and ``alerts`` as a user calls them."""

import csv
import io
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from handlers.alerts.hub import key_of
from handlers.alerts.laptop import DuckDbRunner
from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.conftest import RunHandlers
from tests.sql.engines import BY_NAME, Rows, complete

HOSTILE = "'); DROP TABLE daily_costs; --"
NOW = ("--now", "2026-11-21T06:00:00")


@pytest.fixture
def warehouse(tmp_path: Path) -> str:
    """Sixty days of 100 USD on AWS, the last but one 900, of a customer with a hostile name."""
    rows, last, key = Rows(), date(2026, 11, 20), key_of(HOSTILE)
    for back in range(60):
        dollars = "900" if back == 1 else "100"
        rows.cost("AWS", last - timedelta(days=back), dollars, customer_key=key, usage=10_000_000)
    for month in (9, 10, 11):
        at = date(2026, 11, 21)
        rows.add(
            "ledger",
            cloud_provider="AWS",
            scope="s",
            billing_period=date(2026, month, 1),
            finished_at=at,
            data_through=last,
            status="loaded",
        )
    rows.add("dimensions", dimension="customer", key=key, name=HOSTILE)
    path = tmp_path / "costs.duckdb"
    with DuckDbWarehouse(path).open() as connection:
        runner = DuckDbRunner(connection)
        for name, held in rows.of.items():
            runner.insert(BY_NAME[name], [complete(BY_NAME[name], row) for row in held])
    return f"duckdb:{path}"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "budgets.csv").write_text(
        f'scope,id,month,amount_usd\ncustomer,"{HOSTILE}",*,2500\n', encoding="utf-8"
    )
    return folder


def test_anomalies_are_shown_with_what_was_expected(
    warehouse: str, run_handlers: RunHandlers
) -> None:
    answer = run_handlers("anomalies", "--warehouse", warehouse, *NOW, "--format", "csv")
    assert answer.returncode == 0, answer.stderr
    found = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert [(row["date"], row["series"], row["name"], row["state"]) for row in found] == [
        ("2026-11-19", "cloud", "AWS", "high"),
        ("2026-11-19", "customer", HOSTILE, "high"),
        ("2026-11-19", "model", "m", "high"),
    ]
    table = run_handlers("anomalies", "--warehouse", warehouse, *NOW)
    assert "900 USD where 100 were expected and 54 to 183 are usual" in table.stdout
    assert HOSTILE in table.stdout


def test_alerts_say_what_fires_in_dollars_and_what_to_do(
    warehouse: str, site: Path, run_handlers: RunHandlers
) -> None:
    words = ("--warehouse", warehouse, "--site", site, *NOW)
    answer = run_handlers("alerts", *words, "--grafana-url", "https://grafana.example")
    assert answer.returncode == 0, answer.stderr
    assert (
        "WARNING AWS cost 800.00 USD more than expected in a day, since 2026-11-19; most of it"
        f" model m, customer {HOSTILE} (since 2026-11-21 06:00 UTC)" in answer.stdout
    )
    assert f"112.0 % of the month's budget is used: 2,800.00 USD (customer {HOSTILE})" in (
        answer.stdout
    )
    assert "https://grafana.example/d/anomaly-detection?viewPanel=6" in answer.stdout
    assert "docs/runbooks/alerts.md#anomaly" in answer.stdout
    assert "Azure: no bill was loaded for 8,760 hours" in answer.stdout
    assert answer.stdout.endswith("Alerts that fire: 4.\n")


def test_alerts_as_json_are_the_same_the_second_time(
    warehouse: str, site: Path, run_handlers: RunHandlers
) -> None:
    words = ("alerts", "--warehouse", warehouse, "--site", site, "--format", "json")
    first = json.loads(run_handlers(*words, "--now", "2026-11-21T06:00:00").stdout)
    again = json.loads(run_handlers(*words, "--now", "2026-11-21T07:00:00").stdout)
    assert len(first) == 4
    assert [row["since"] for row in again] == ["2026-11-21T06:00:00Z"] * 4
    anomaly = next(row for row in first if row["rule"] == "anomaly")
    assert (anomaly["key"], anomaly["usd"], anomaly["unit"]) == (
        "AWS/more/2026-11-19",
        "800.000000000",
        "usd",
    )


@pytest.mark.parametrize("command", ["alerts", "anomalies"])
def test_a_warehouse_that_is_not_there_is_not_made(
    command: str, tmp_path: Path, run_handlers: RunHandlers
) -> None:
    answer = run_handlers(command, "--warehouse", f"duckdb:{tmp_path / 'no.duckdb'}")
    assert answer.returncode == 1
    assert "there is no warehouse" in answer.stderr
    assert list(tmp_path.glob("no*")) == []


@pytest.mark.parametrize("command", ["alerts", "anomalies"])
def test_a_time_that_is_none_is_refused(
    command: str, warehouse: str, run_handlers: RunHandlers
) -> None:
    answer = run_handlers(command, "--warehouse", warehouse, "--now", "soon")
    assert answer.returncode == 1
    assert "'soon' is not a time: write it as 2026-11-21T06:00:00." in answer.stderr
