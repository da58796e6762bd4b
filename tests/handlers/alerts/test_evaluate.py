"""What an evaluation gives, remembers and writes."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from handlers.alerts import Firing, State, evaluate, log_firings
from handlers.alerts.budgets import replace_budgets
from handlers.alerts.evaluate import shown
from handlers.alerts.hub import key_of
from handlers.alerts.laptop import DuckDbRunner
from handlers.alerts.runner import Row
from handlers.record import Cloud
from handlers.runtimes.log import Log
from handlers.site.budgets import Budget, BudgetScope
from tests.sql.engines import Rows, in_duckdb

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
NOV = date(2026, 11, 1)
HOSTILE = "'); DROP TABLE daily_costs; --\x1b[31m\n{value} {{ $labels.x }} O\"Brien\\"


def calm() -> Rows:
    """Every cloud loaded this morning, complete through yesterday, 100 USD a day for acme."""
    rows = Rows()
    for cloud in Cloud:
        at = NOW.replace(tzinfo=None) - timedelta(hours=2)
        rows.load((cloud.value, "s", NOV), at, date(2026, 11, 20))
        for day in range(1, 21):
            rows.cost(cloud.value, date(2026, 11, day), "100", usage=20_000_000)
    return rows


def spent_by(rows: Rows, customer: str, dollars: str) -> Rows:
    """``customer`` has a budget of 100 and has spent ``dollars`` of it on AWS."""
    key = key_of(customer)
    rows.cost("AWS", date(2026, 11, 20), dollars, customer_key=key, usage=50_000_000)
    rows.add("budgets", limits="customer", key=key, name=customer, amount_usd=Decimal(100))
    return rows


def table(runner: DuckDbRunner) -> Sequence[Row]:
    return runner.rows("SELECT * FROM alerts ORDER BY evaluated_at, rule, key")


def ids(firings: Sequence[Firing]) -> list[tuple[str, State, bool]]:
    return [(each.rule.id, each.state, each.is_new) for each in firings]


def test_nothing_fires_where_nothing_is_wrong() -> None:
    runner = in_duckdb(calm())
    assert evaluate(runner, NOW) == []
    assert table(runner) == []


def test_what_fires_is_told_with_its_dollars_and_remembered_once() -> None:
    runner = in_duckdb(spent_by(calm(), "acme", "85"))
    first = evaluate(runner, NOW, "https://grafana.example/")
    (mostly, forecast) = first
    assert mostly.message == "85.0 % of the month's budget is used: 85.00 USD (customer acme)"
    assert forecast.message == (
        "at this pace the month will take 127.5 % of its budget, 27.50 USD over it (customer acme)"
    )
    assert mostly.link == (
        "https://grafana.example/d/multi-cloud-overview?viewPanel=16"
        f"&var-customer_filter={key_of('acme')}"
    )
    assert (mostly.since, mostly.is_new, mostly.day) == (NOW, True, date(2026, 11, 20))
    held = table(runner)
    assert held[0] == {
        "rule": "budget_mostly_used",
        "key": f"customer/{key_of('acme')}",
        "state": "firing",
        "severity": "warning",
        "date": date(2026, 11, 20),
        "cloud_provider": None,
        "model": None,
        "customer_key": key_of("acme"),
        "value": Decimal(85),
        "threshold": Decimal(80),
        "unit": "percent",
        "cost_usd": Decimal(85),
        "message": mostly.message,
        "since": NOW.replace(tzinfo=None),
        "evaluated_at": NOW.replace(tzinfo=None),
    }
    later = evaluate(runner, NOW + timedelta(days=1))
    assert ids(later) == [
        ("budget_mostly_used", State.FIRING, False),
        ("forecast_over_budget", State.FIRING, False),
    ]
    assert later[0].since == NOW
    assert table(runner) == held


def test_what_has_stopped_is_told_once_and_may_begin_again() -> None:
    runner = in_duckdb(spent_by(calm(), "acme", "85"))
    evaluate(runner, NOW)
    runner.execute("UPDATE budgets SET amount_usd = 1000")
    over = evaluate(runner, NOW + timedelta(days=1))
    assert ids(over) == [
        ("budget_mostly_used", State.RESOLVED, True),
        ("forecast_over_budget", State.RESOLVED, True),
    ]
    assert over[0].message.startswith("Over: 85.0 % of the month's budget is used")
    assert (over[0].value, over[0].since) == (Decimal("8.5"), NOW)
    assert evaluate(runner, NOW + timedelta(hours=25)) == []
    runner.execute("UPDATE budgets SET amount_usd = 84")
    again = evaluate(runner, NOW + timedelta(hours=30))
    assert ids(again)[0] == ("budget_used_up", State.FIRING, True)
    assert again[0].since == NOW + timedelta(hours=30)


def test_a_thing_that_is_not_measured_any_more_has_stopped() -> None:
    runner = in_duckdb(spent_by(calm(), "acme", "85"))
    evaluate(runner, NOW)
    runner.execute("DELETE FROM budgets")
    over = evaluate(runner, NOW + timedelta(days=1))
    assert [each.state for each in over] == [State.RESOLVED, State.RESOLVED]
    assert over[0].value == 85


def test_a_cloud_that_never_loaded_fires_in_an_empty_hub() -> None:
    found = evaluate(in_duckdb(Rows()), NOW)
    assert [(each.rule.id, each.key) for each in found] == [
        ("stale_data", "AWS"),
        ("stale_data", "Azure"),
        ("stale_data", "GCP"),
    ]
    assert found[0].message == (
        "AWS: no bill was loaded for 8,760 hours; its last known days cost 0.00 USD each"
    )
    assert {each.day for each in found} == {date(2026, 11, 20)}


def test_a_customers_name_is_text_wherever_it_goes() -> None:
    runner = in_duckdb(spent_by(calm(), HOSTILE, "85"))
    lines: list[str] = []
    found = evaluate(runner, NOW)
    log_firings(found, Log(lines.append, lambda: NOW))
    assert found[0].labels["name"] == HOSTILE
    told = "customer '); DROP TABLE daily_costs; --�[31m�{value} {{ $labels.x }} O\"Brien\\"
    assert found[0].message.endswith(f"({told})")
    assert found[0].message.isprintable()
    assert len(table(runner)) == len(lines) == 2
    assert json.loads(lines[0])["message"] == found[0].message
    assert runner.rows("SELECT COUNT(*) AS n FROM daily_costs")[0]["n"] == 61


def test_a_link_is_filtered_to_what_the_alert_is_about_whatever_its_name() -> None:
    rows = calm()
    budget = {"limits": "model", "name": "a&b=c", "amount_usd": Decimal(100)}
    rows.add("budgets", key="a&b=c", **budget)
    rows.cost("AWS", date(2026, 11, 20), "85", model="a&b=c", usage=50_000_000)
    mostly, *_ = evaluate(in_duckdb(rows), NOW, "https://g")
    address = parse_qs(urlsplit(mostly.link).query)
    assert address == {"viewPanel": ["16"], "var-model_filter": ["a&b=c"]}


def test_a_log_line_is_a_warning_once_and_says_where_to_look() -> None:
    runner = in_duckdb(spent_by(calm(), "acme", "85"))
    lines: list[str] = []
    log = Log(lines.append, lambda: NOW)
    for day in range(2):
        log_firings(evaluate(runner, NOW + timedelta(days=day), "https://g"), log)
    runner.execute("DELETE FROM budgets")
    log_firings(evaluate(runner, NOW + timedelta(days=2)), log)
    said = [json.loads(line) for line in lines]
    mostly = [each for each in said if each["alert"] == "budget_mostly_used"]
    assert [(each["severity"], each["alert_state"]) for each in mostly] == [
        ("WARNING", "firing"),
        ("INFO", "still firing"),
        ("INFO", "resolved"),
    ]
    assert mostly[0]["usd"] == "85.00"
    assert mostly[0]["link"].startswith("https://g/d/multi-cloud-overview?viewPanel=16&")
    assert mostly[0]["runbook"] == "docs/runbooks/alerts.md#budget-mostly-used"
    assert "link" not in mostly[2]


def test_budgets_of_the_site_take_the_place_of_those_before() -> None:
    runner = in_duckdb(calm())
    total = Budget(BudgetScope.TOTAL, "", None, Decimal(7000))
    acme = Budget(BudgetScope.CUSTOMER, HOSTILE, NOV, Decimal("99.5"))
    assert replace_budgets(runner, [total, acme])
    assert not replace_budgets(runner, [acme, total])
    held = runner.rows("SELECT limits, key, name, month, amount_usd FROM budgets ORDER BY limits")
    assert [tuple(row.values()) for row in held] == [
        ("customer", key_of(HOSTILE), HOSTILE, NOV, Decimal("99.5")),
        ("total", "", "", None, Decimal(7000)),
    ]
    assert [each.rule.id for each in evaluate(runner, NOW)] == [
        "budget_mostly_used",
        "forecast_over_budget",
    ]
    assert replace_budgets(runner, [total])
    assert replace_budgets(runner, [])
    assert not replace_budgets(runner, [])
    assert runner.rows("SELECT * FROM budgets") == []


@pytest.mark.parametrize(("text", "told"), [("Ünï 客", "Ünï 客"), ("a\tb\u202ec", "a�b�c")])
def test_only_what_moves_the_cursor_is_left_out(text: str, told: str) -> None:
    assert shown(text) == told
