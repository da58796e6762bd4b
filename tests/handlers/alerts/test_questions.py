"""Each rule's SQL on data that must and that must not fire, counted by hand."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

import pytest

from handlers.alerts import Rule, question, rules
from tests.dashboards.engines import HUB, Answer, Rows, in_duckdb, in_googlesql
from tests.dashboards.hub_rows import ACME, GLOBEX, NOV, OCT, UNTAGGED, hub_rows, load
from tests.dashboards.hub_rows import moment as at

Engine: TypeAlias = Callable[[Rows, str], Answer]
engines = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(in_duckdb, id="duckdb"),
        pytest.param(in_googlesql, id="googlesql", marks=pytest.mark.slow),
    ],
)
RULES = {rule.id: rule for rule in rules()}


def values(
    engine: Engine, rule: str, rows: Rows, now: datetime | None = None
) -> dict[str, tuple[Decimal, bool]]:
    """What was measured of each thing, and whether the rule fires about it."""
    found = RULES[rule]
    sql = question(found, HUB, f"TIMESTAMP '{now or at(15, 12)}+00'")
    answer = engine(rows, sql)
    assert all(tuple(row) == ("time", *found.labels, "value") for row in answer)
    return {_labels(found, row): (row["value"], found.fires(row["value"])) for row in answer}


def _labels(rule: Rule, row: dict[str, str]) -> str:
    return " ".join(row[label] for label in rule.labels if label != "key").strip()


def usd(text: str) -> Decimal:
    return Decimal(text).normalize() + 0


@engines
def test_each_expected_cloud_has_an_age_and_one_that_never_loaded_is_a_year_old(
    engine: Engine,
) -> None:
    # The older of AWS's two scopes was loaded on the 14th at 3, Google's bill on the 13th at 5.
    found = values(engine, "stale_data", hub_rows())
    assert found == {"AWS": (33, False), "Azure": (8760, True), "GCP": (55, True)}
    assert values(engine, "stale_data", Rows()) == dict.fromkeys(
        ("AWS", "Azure", "GCP"), (8760, True)
    )


@engines
def test_thirty_six_hours_are_not_late_and_one_more_is(engine: Engine) -> None:
    rows = Rows()
    for cloud in ("AWS", "Azure", "GCP"):
        load(rows, (cloud, "s", NOV), at(14, 0), date(2026, 11, 13))
    fresh = values(engine, "stale_data", rows, at(15, 12))
    assert fresh == dict.fromkeys(("AWS", "Azure", "GCP"), (36, False))
    late = values(engine, "stale_data", rows, at(15, 13))
    assert late == dict.fromkeys(("AWS", "Azure", "GCP"), (37, True))


@engines
def test_a_bill_counts_as_trouble_until_a_later_load_of_it_succeeds(engine: Engine) -> None:
    rows = hub_rows()
    found = values(engine, "load_trouble", rows)
    assert found == {"AWS": (1, True), "Azure": (0, False), "GCP": (1, True)}
    load(rows, ("AWS", "a2", NOV), at(15, 6), date(2026, 11, 14))
    load(rows, ("GCP", "g", OCT), at(15, 7), status="rejected")
    found = values(engine, "load_trouble", rows)
    assert found == dict.fromkeys(("AWS", "Azure", "GCP"), (0, False))


def budget(rows: Rows, limits: str, key: str, amount: str, month: date | None = None) -> None:
    rows.add(
        "budgets",
        limits=limits,
        key=key,
        name={ACME: "acme", GLOBEX: "globex"}.get(key, key),
        month=month,
        amount_usd=Decimal(amount),
    )


@engines
def test_a_budget_is_held_against_the_complete_days_of_its_month(engine: Engine) -> None:
    # November's complete days: AWS 29.50 (not the 5 of the 14th), Google 12.25, in all 41.75.
    rows = hub_rows()
    budget(rows, "total", "", "50")
    budget(rows, "cloud", "AWS", "100")
    budget(rows, "cloud", "AWS", "29", NOV)
    budget(rows, "cloud", "GCP", "1", OCT)
    budget(rows, "model", "gemini", "6.25")
    budget(rows, "customer", ACME, "290")
    budget(rows, "customer", "nobody", "1")
    for rule, fires in (("budget_mostly_used", (1, 0, 1, 0)), ("budget_used_up", (0, 1, 0, 0))):
        assert values(engine, rule, rows) == {
            "total": (usd("83.5"), bool(fires[0])),
            "cloud AWS": (usd("101.724138"), bool(fires[1])),
            "model gemini": (usd("100"), bool(fires[2])),
            "customer acme": (usd("10"), bool(fires[3])),
            "customer nobody": (usd("0"), False),
        }


@engines
def test_without_budgets_no_budget_fires(engine: Engine) -> None:
    for rule in ("budget_mostly_used", "budget_used_up", "forecast_over_budget"):
        assert values(engine, rule, hub_rows()) == {}


@engines
def test_a_forecast_takes_each_cloud_at_its_own_pace(engine: Engine) -> None:
    # AWS 29.50 in 13 days, Google 12.25 in 12, of 30: 68.076923 + 30.625 = 98.701923.
    # Acme has 29 of it on AWS: 66.923077.
    rows = hub_rows()
    budget(rows, "total", "", "100")
    budget(rows, "customer", ACME, "50")
    budget(rows, "cloud", "AWS", "1")
    assert values(engine, "forecast_over_budget", rows) == {
        "total": (usd("98.701923"), False),
        "customer acme": (usd("133.846154"), True),
    }


@engines
def test_there_is_no_forecast_before_every_cloud_has_five_complete_days(engine: Engine) -> None:
    rows = hub_rows()
    budget(rows, "total", "", "1")
    rows.of["serving_ledger"] = []
    load(rows, ("AWS", "a1", NOV), at(15, 3), date(2026, 11, 14))
    load(rows, ("GCP", "g", NOV), at(15, 3), date(2026, 11, 4))
    assert values(engine, "forecast_over_budget", rows) == {}
    load(rows, ("GCP", "g", NOV), at(15, 4), date(2026, 11, 5))
    assert values(engine, "forecast_over_budget", rows)["total"][1]


@engines
def test_the_untagged_share_is_of_the_last_seven_complete_days_of_usage(engine: Engine) -> None:
    rows = hub_rows()
    for day, customer, dollars in (
        (6, UNTAGGED, 1),
        (7, ACME, 3),
        (12, GLOBEX, 8),
        (13, UNTAGGED, 9),
    ):
        rows.add(
            "serving_daily_costs",
            cloud_provider="GCP",
            date=date(2026, 11, day),
            billing_period=NOV,
            customer_key=customer,
            charge_type="usage",
            cost=Decimal(dollars),
        )
    # Google is complete through the 12th: the 1 of the 6th and the 4 of the 12th, of 16.
    found = values(engine, "untagged_share", rows)
    assert found == {"GCP": (usd("31.25"), True)}
