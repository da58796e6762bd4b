"""The overview's panels, as deployed, on the sample bills: against sums made in Python."""

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from dashboards.plan import plan
from tests.dashboards.demo import ZERO, Demo, added_rows, close, forecast, month
from tests.dashboards.demo_facts import CONSUMED, SINCE, UNTIL, added, cost, days

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

NOVEMBER = date(2026, 11, 1)


def test_every_panel_of_every_dashboard_answers(demo: Demo) -> None:
    silent = {
        (name, panel)
        for name in ("overview", "trends", "models", "customers", "anomalies")
        for panel in plan(name).spots
        if not demo.ask(name, panel)
    }
    # Nothing was loaded twice, and no invoice compared: other tests ask these.
    assert silent == {("anomalies", "restatements"), ("anomalies", "invoice_difference")}


def test_totals_by_cloud_are_the_facts(demo: Demo) -> None:
    assert demo.ask("overview", "total_cost")[0]["cost"] == sum(map(cost, demo.chosen))
    by_cloud = added(demo.chosen, lambda r: r.cloud, cost)
    (row,) = demo.ask("overview", "cost_by_cloud")
    assert (row["aws"], row["azure"], row["gcp"]) == (
        by_cloud["AWS"], by_cloud["Azure"], by_cloud["GCP"],
    )  # fmt: skip
    assert min(by_cloud.values()) > 0


def test_filters_choose_facts_by_cloud_customer_and_model(demo: Demo) -> None:
    acme = next(r.key for r in demo.facts if r.customer == "acme")
    picked = [
        r
        for r in demo.chosen
        if r.cloud in {"AWS", "GCP"} and r.key == acme and r.model == "claude-sonnet-4.6"
    ]
    (row,) = demo.ask(
        "overview", "total_cost",
        cloud_filter=["AWS", "GCP"], customer_filter=[acme], model_filter=["claude-sonnet-4.6"],
    )  # fmt: skip
    assert row["cost"] == sum(map(cost, picked)) > 0


def test_each_day_has_its_clouds_and_the_incomplete_stand_apart(demo: Demo) -> None:
    rows = {row["time"].date(): row for row in demo.ask("overview", "daily_cost")}
    assert list(rows) == list(days(SINCE, UNTIL))
    for day, row in rows.items():
        for cloud, column in (("AWS", "aws"), ("Azure", "azure"), ("GCP", "gcp")):
            spent = sum(
                r.cost for r in demo.complete(demo.chosen) if (r.date, r.cloud) == (day, cloud)
            )
            assert (row[column] or 0) == spent
    late = [r.cost for r in demo.chosen if r.charge in CONSUMED and r.date > demo.last[r.cloud]]
    assert sum(row["incomplete"] or 0 for row in rows.values()) == sum(late) > 0


def test_this_month_is_compared_with_the_previous_one_at_the_same_day(demo: Demo) -> None:
    (row,) = demo.ask("overview", "month_to_date")
    now = sum(map(cost, month(demo, NOVEMBER)))
    # October has 31 days: 31 days before a day of November is the same day of October.
    before = [r for r in month(demo, date(2026, 10, 1), 31) if r.date < NOVEMBER]
    assert (row["cost"], row["previous_cost"]) == (now, sum(map(cost, before)))
    assert close(row["change"], now / sum(map(cost, before)) - 1)


def test_the_forecast_goes_on_as_the_complete_days_did_cloud_by_cloud(demo: Demo) -> None:
    (row,) = demo.ask("overview", "forecast")
    assert close(row["forecast"], forecast(demo, month(demo, NOVEMBER)))


def test_untagged_unnamed_and_not_stated_with_their_skus(demo: Demo) -> None:
    ruleless = [r for r in demo.chosen if r.rule is None]
    unstated = [r for r in demo.chosen if r.rule is not None and r.model == "unknown"]
    untagged = [r for r in demo.chosen if r.customer == "untagged"]
    (row,) = demo.ask("overview", "unnamed")
    assert row == {
        "untagged_cost": sum(map(cost, untagged)),
        "unnamed_cost": sum(map(cost, ruleless)),
        "unstated_cost": sum(map(cost, unstated)),
    }
    rows = demo.ask("models", "unnamed_skus")
    for reason, own in (("no rule names it", ruleless), ("the bill does not say", unstated)):
        shown = {(r["cloud"], r["sku"]): r["cost"] for r in rows if r["reason"] == reason}
        assert shown == added(own, lambda r: (r.cloud, r.sku), cost)
    shown = {
        (r["cloud"], r["account"], r["service"], r["sku"], r["charge"]): r["cost"]
        for r in demo.ask("customers", "untagged_skus")
    }
    whole = added(untagged, lambda r: (r.cloud, r.account, r.service, r.sku, r.charge), cost)
    assert len(shown) == min(50, len(whole))
    assert shown.items() <= whole.items()


def test_the_platforms_own_cost_is_in_its_table_only(demo: Demo) -> None:
    with duckdb.connect(str(demo.path), read_only=True) as connection:
        rows = connection.execute(
            "SELECT cloud_provider, date, cost_usd FROM platform_costs"
        ).fetchall()
    expected: dict[str, Decimal] = {}
    for cloud, day, amount in rows:
        if SINCE <= day <= UNTIL:
            expected[cloud] = expected.get(cloud, ZERO) + amount
    shown = added_rows(demo.ask("overview", "platform_cost"), "cloud")
    assert shown == expected


def test_freshness_is_what_the_ledger_says(demo: Demo) -> None:
    rows = {row["cloud"]: row for row in demo.ask("overview", "freshness")}
    assert {cloud: row["complete_through"] for cloud, row in rows.items()} == demo.last
    assert rows["GCP"]["missing_days"] == (UNTIL - demo.last["GCP"]).days
