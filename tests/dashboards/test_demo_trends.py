"""The panels of Cost Trends, as deployed, on the sample bills: against sums made in Python."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.dashboards.demo import ZERO, Demo, close, forecast, month
from tests.dashboards.demo_facts import CONSUMED, SINCE, added, between, cost, days

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NOVEMBER = date(2026, 11, 1)


def test_the_mean_is_over_seven_days_that_every_cloud_has(demo: Demo) -> None:
    rows = demo.ask("trends", "daily_mean")
    assert rows[-1]["time"].date() == min(demo.last.values())
    for row in rows:
        day = row["time"].date()
        week = between(demo.facts, day - timedelta(days=6), day)
        assert close(row["mean_cost"], sum(r.cost for r in week if r.charge in CONSUMED) / 7)


def test_months_are_whole_although_the_chosen_time_is_not(demo: Demo) -> None:
    rows = {row["month"]: row for row in demo.ask("trends", "monthly_cost")}
    october = [r for r in demo.facts if f"{r.date:%Y-%m}" == "2026-10"]
    assert rows["2026-10"]["aws"] == added(october, lambda r: r.cloud, cost)["AWS"]
    assert sum(
        row[each] or 0 for row in rows.values() for each in ("aws", "azure", "gcp", "incomplete")
    ) == sum(map(cost, demo.facts))


def test_each_budget_is_compared_with_what_it_limits(demo: Demo) -> None:
    rows = {(row["limits"], row["budget_of"]): row for row in demo.ask("trends", "budgets")}
    spent = month(demo, NOVEMBER)
    cases = {
        ("total", "all"): (115000, spent),
        ("cloud", "Azure"): (40000, [r for r in spent if r.cloud == "Azure"]),
        ("customer", "acme"): (16000, [r for r in spent if r.customer == "acme"]),
        ("model", "claude-sonnet-4.6"): (
            14000,
            [r for r in spent if r.model == "claude-sonnet-4.6"],
        ),
    }
    assert cases.keys() < rows.keys()
    for key, (budget, counted) in cases.items():
        used = sum(map(cost, counted))
        assert close(rows[key]["budget"], budget)
        assert close(rows[key]["cost"], used)
        assert close(rows[key]["used_share"], used / budget)
        assert close(rows[key]["forecast"], forecast(demo, counted))
    aws = demo.ask("trends", "budgets", cloud_filter=["AWS"])
    assert {row["budget_of"] for row in aws if row["limits"] == "cloud"} == {"AWS"}


def test_a_weekday_is_the_mean_of_all_such_complete_days(demo: Demo) -> None:
    rows = {row["weekday"]: row for row in demo.ask("trends", "weekday_pattern")}
    assert list(rows) == list(WEEKDAYS)
    for number, name in enumerate(WEEKDAYS):
        for cloud, column in (("AWS", "aws"), ("GCP", "gcp")):
            such = [d for d in days(SINCE, demo.last[cloud]) if d.weekday() == number]
            spent = [
                r.cost for r in demo.complete(demo.chosen) if r.cloud == cloud and r.date in such
            ]
            assert close(rows[name][column], sum(spent) / len(such))


def test_the_hours_of_a_day_add_up_to_googles_mean_day(demo: Demo) -> None:
    rows = demo.ask("trends", "hour_pattern")
    assert [row["hour"] for row in rows] == [str(hour) for hour in range(24)]
    assert {row["azure"] for row in rows} == {None}
    spent = [r.cost for r in demo.complete(demo.chosen) if r.cloud == "GCP"]
    mean = sum(spent) / len(days(SINCE, demo.last["GCP"]))
    assert close(sum(row["gcp"] or 0 for row in rows), mean)


def test_volume_price_and_other_explain_the_change_of_each_model(demo: Demo) -> None:
    rows = {row["model"]: row for row in demo.ask("trends", "cost_change")}
    model = "claude-sonnet-4.6"
    now: dict[object, list[Decimal]] = {}
    for r in demo.complete(demo.facts):
        length = (demo.last[r.cloud] - SINCE).days + 1
        if r.model != model or r.date < SINCE - timedelta(days=length):
            continue
        thing = now.setdefault((r.cloud, r.token_type, r.tier, r.unit), [ZERO] * 4)
        at = 0 if r.date >= SINCE else 2
        thing[at] += r.cost
        thing[at + 1] += r.usage if r.charge == "usage" else ZERO
    volume = price = ZERO
    for spent, amount, spent_before, amount_before in now.values():
        if amount and amount_before:
            volume += (amount - amount_before) * spent_before / amount_before
            price += (spent / amount - spent_before / amount_before) * amount
        else:
            volume += spent - spent_before
    found = rows[model]
    assert close(found["volume_effect"], volume)
    assert close(found["price_effect"], price)
    for row in rows.values():
        effects = row["volume_effect"] + row["price_effect"] + row["other_effect"]
        assert close(effects, row["cost_change"])
        assert close(row["cost_change"], row["cost"] - row["cost_before"])


def test_charges_add_up_to_the_total_and_credits_are_what_gross_has_more(demo: Demo) -> None:
    rows = {row["charge"]: row for row in demo.ask("trends", "charges")}
    assert {name: row["cost"] for name, row in rows.items()} == added(
        demo.chosen, lambda r: r.charge, cost
    )
    usage = [r for r in demo.chosen if r.charge == "usage"]
    assert rows["usage"]["credits"] == sum(r.cost - r.gross for r in usage) < 0


def test_what_commitments_gave_and_what_stood_idle(demo: Demo) -> None:
    rows = {row["cloud"]: row for row in demo.ask("trends", "commitments")}
    azure = [r for r in demo.chosen if r.cloud == "Azure"]
    idle = sum(r.effective or ZERO for r in azure if r.charge == "idle")
    used = sum(
        r.effective - r.cost for r in azure if r.charge == "usage" and r.effective is not None
    )
    assert (rows["Azure"]["idle"], rows["Azure"]["used"]) == (idle, used)
    assert close(rows["Azure"]["idle_share"], idle / (idle + used))
    assert idle > 0 < used
