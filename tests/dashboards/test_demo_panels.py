"""Every panel's SQL, as deployed, on the sample bills: against sums over facts made in Python."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboards.documents import documents
from dashboards.duckdb_source import Chosen, open_hub, run
from dashboards.plan import plan
from tests.dashboards.demo_facts import (
    CONSUMED,
    SINCE,
    UNTIL,
    Fact,
    Key,
    added,
    between,
    collected,
    complete_through,
    cost,
    days,
    facts,
    tokens,
)
from tests.dashboards.engines import HUB

# Writing and collecting 75 days of bills takes fifteen seconds.
pytestmark = pytest.mark.slow

ZERO = Decimal(0)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NOVEMBER = date(2026, 11, 1)
CACHE = {"cache_read", "cache_write", "cache_storage"}
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Demo:
    """The sample's facts, each cloud's last complete day, and the hub to ask."""

    facts: tuple[Fact, ...]
    last: dict[str, date]
    hub: duckdb.DuckDBPyConnection
    path: Path

    @property
    def chosen(self) -> list[Fact]:
        """The facts of the chosen time."""
        return between(self.facts, SINCE, UNTIL)

    def complete(self, rows: Sequence[Fact]) -> list[Fact]:
        """Usage and discounts of complete days."""
        return [r for r in rows if r.charge in CONSUMED and r.date <= self.last[r.cloud]]

    def ask(self, name: str, panel: str, **filters: Sequence[str]) -> Rows:
        """What the panel shows."""
        of = plan(name)
        shown = json.loads(documents(HUB)[of.uid])["panels"]
        (sql,) = (p["targets"][0]["rawSql"] for p in shown if p["id"] == of.spots[panel].id)
        moments = (datetime(d.year, d.month, d.day, 12, tzinfo=UTC) for d in (SINCE, UNTIL))
        since, until = moments
        answer = run(sql, Chosen(since=since, until=until, filters=filters), self.hub)
        return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    path = collected(tmp_path_factory.mktemp("demo"))
    with open_hub(path) as hub:
        yield Demo(facts(path), complete_through(path), hub, path)


def close(found: object, expected: object) -> bool:
    return float(str(found)) == pytest.approx(float(str(expected)), rel=1e-9, abs=1e-6)


def top(sums: Mapping[Key, Decimal], count: int) -> list[tuple[Key, Decimal]]:
    return sorted(sums.items(), key=lambda each: (-each[1], str(each[0])))[:count]


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


def month(demo: Demo, first: date, shift: int = 0) -> list[Fact]:
    return [r for r in demo.facts if first <= r.date <= demo.last[r.cloud] - timedelta(days=shift)]


def test_this_month_is_compared_with_the_previous_one_at_the_same_day(demo: Demo) -> None:
    (row,) = demo.ask("overview", "month_to_date")
    now = sum(map(cost, month(demo, NOVEMBER)))
    # October has 31 days: 31 days before a day of November is the same day of October.
    before = [r for r in month(demo, date(2026, 10, 1), 31) if r.date < NOVEMBER]
    assert (row["cost"], row["previous_cost"]) == (now, sum(map(cost, before)))
    assert close(row["change"], now / sum(map(cost, before)) - 1)


def forecast(demo: Demo, rows: Sequence[Fact]) -> Decimal:
    return sum((r.cost * 30 / Decimal(demo.last[r.cloud].day) for r in rows), start=ZERO)


def test_the_forecast_goes_on_as_the_complete_days_did_cloud_by_cloud(demo: Demo) -> None:
    (row,) = demo.ask("overview", "forecast")
    assert close(row["forecast"], forecast(demo, month(demo, NOVEMBER)))


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


@pytest.mark.parametrize(
    ("name", "panel", "count"), [("overview", "top_models", 10), ("models", "models", 100)]
)
def test_models_are_ranked_with_share_and_tokens(
    demo: Demo, name: str, panel: str, count: int
) -> None:
    rows = demo.ask(name, panel)
    spent = added(demo.chosen, lambda r: r.model, cost)
    used = added(demo.chosen, lambda r: r.model, tokens)
    assert [(row["model"], row["cost"]) for row in rows] == top(spent, count)
    assert all(row["tokens"] == used[row["model"]] for row in rows)
    assert close(rows[0]["share"], rows[0]["cost"] / sum(spent.values()))


def test_customers_are_ranked_with_active_days_and_the_mean_of_them(demo: Demo) -> None:
    rows = demo.ask("customers", "ranking")
    spent = added(demo.chosen, lambda r: r.customer, cost)
    assert {row["customer"]: row["cost"] for row in rows} == spent
    assert [row["cost"] for row in rows] == sorted(spent.values(), reverse=True)
    assert [row["place"] for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        active = {
            r.date for r in demo.chosen if r.customer == row["customer"] and r.charge == "usage"
        }
        assert row["active_days"] == len(active)
        assert close(row["average_day"], spent[row["customer"]] / len(active))
    assert close(sum(row["share"] for row in rows), 1)
    assert demo.ask("overview", "top_customers") == rows[:10]


def test_customers_by_day_and_models_by_day_of_the_week_add_up(demo: Demo) -> None:
    consumed = [r for r in demo.chosen if r.charge in CONSUMED]
    late = [r.cost for r in consumed if r.date > demo.last[r.cloud]]
    shown = added_rows(demo.ask("customers", "cost_by_customer_day"), "customer")
    leading = {name for name, _ in top(added(consumed, lambda r: r.customer, cost), 8)}
    assert set(shown) == {*leading, "all others", "not complete yet"}
    assert shown["not complete yet"] == sum(late)
    assert shown["acme"] == sum(r.cost for r in demo.complete(demo.chosen) if r.customer == "acme")
    newest = max(demo.last.values())
    week = [r for r in consumed if newest - timedelta(days=7) < r.date <= newest]
    shown = added_rows(demo.ask("models", "cost_by_model_week"), "model")
    assert sum(shown.values()) == sum(map(cost, week))
    (first, _), *_ = top(added(week, lambda r: r.model, cost), 1)
    assert shown[str(first)] == sum(r.cost for r in demo.complete(week) if r.model == first)


def added_rows(rows: Rows, name: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row[name]] = sums.get(row[name], ZERO) + row["cost"]
    return sums


def test_customers_by_cloud_and_by_model(demo: Demo) -> None:
    pairs = added(demo.chosen, lambda r: (r.customer, r.cloud), cost)
    for row in demo.ask("customers", "customer_clouds"):
        for cloud, column in (("AWS", "aws"), ("Azure", "azure"), ("GCP", "gcp")):
            assert row[column] == pairs.get((row["customer"], cloud))
    pairs = added(demo.chosen, lambda r: (r.customer, r.model), cost)
    rows = demo.ask("customers", "customer_models")
    assert [(row["customer"], row["model"]) for row in rows[:5]] == [k for k, _ in top(pairs, 5)]
    assert all(row["cost"] == pairs[row["customer"], row["model"]] for row in rows)


def test_the_share_with_a_customer(demo: Demo) -> None:
    (row,) = demo.ask("customers", "attributed_share")
    named = [r for r in demo.chosen if r.customer != "untagged"]
    assert row["customers"] == len({r.customer for r in named})
    assert close(row["attributed_share"], sum(map(cost, named)) / sum(map(cost, demo.chosen)))


def test_cost_and_tokens_by_what_was_consumed(demo: Demo) -> None:
    consumed = [r for r in demo.chosen if r.charge in CONSUMED]
    rows = demo.ask("models", "tokens_by_token_type")
    assert [row["model"] for row in rows] == [
        name for name, _ in top(added(consumed, lambda r: r.model, cost), 10)
    ]
    for row in rows:
        own = [r for r in consumed if r.model == row["model"]]
        by = added(own, lambda r: "cache" if r.token_type in CACHE else r.token_type, cost)
        assert row["input_cost"] == by.get("input", 0)
        assert row["cache_cost"] == by.get("cache", 0)
        assert row["output_tokens"] == sum(tokens(r) for r in own if r.token_type == "output")
        parts = ("input_cost", "output_cost", "cache_cost", "other_cost")
        assert sum(row[part] for part in parts) == sum(map(cost, own))


def test_prices_per_thousand_and_per_million_tokens(demo: Demo) -> None:
    own = [r for r in demo.chosen if r.charge in CONSUMED and r.unit == "tokens"]
    spent = added(own, lambda r: (r.model, r.cloud, r.token_type), cost)
    used = added(own, lambda r: (r.model, r.cloud, r.token_type), tokens)
    rows = demo.ask("models", "price_per_million")
    kinds = ("input", "output", "cache_read", "cache_write")
    for row in rows:
        for kind in kinds:
            key = (row["model"], row["cloud"], kind)
            if used.get(key, 0) > 1000:
                assert close(row[f"{kind}_per_1m"], spent[key] / used[key] * 1_000_000)
                assert close(row[f"{kind}_per_1k"], spent[key] / used[key] * 1000)
            else:
                assert row[f"{kind}_per_1m"] is None
    listed = {key[:2] for key, amount in used.items() if key[2] in kinds and amount > 1000}
    assert {(row["model"], row["cloud"]) for row in rows} == listed


def test_what_caching_saved(demo: Demo) -> None:
    consumed = [r for r in demo.chosen if r.charge in CONSUMED]
    saved: dict[str, Decimal] = {}
    for model, cloud, tier in {(r.model, r.cloud, r.tier) for r in consumed}:
        own = [r for r in consumed if (r.model, r.cloud, r.tier) == (model, cloud, tier)]
        inputs = [r for r in own if r.token_type == "input" and r.unit == "tokens"]
        cached = sum(tokens(r) for r in own if r.token_type in {"cache_read", "cache_write"})
        fed = sum(map(tokens, inputs))
        if cached and fed > 1000:
            paid = sum(r.cost for r in own if r.token_type in CACHE)
            saved[model] = saved.get(model, ZERO) + cached * sum(map(cost, inputs)) / fed - paid
    rows = {
        row["model"]: row["cache_saving"] for row in demo.ask("models", "cache_saving_by_model")
    }
    assert rows.keys() == saved.keys()
    assert all(close(rows[model], amount) for model, amount in saved.items())
    assert sum(saved.values()) > 0


def test_the_share_of_batch(demo: Demo) -> None:
    used = added(demo.chosen, lambda r: r.tier, tokens)
    (row,) = demo.ask("models", "batch_share")
    assert close(row["batch_share"], used["batch"] / sum(used.values()))
    own = [r for r in demo.chosen if r.charge in CONSUMED and r.unit == "tokens"]
    tiers = {row["tier"]: row["cost"] for row in demo.ask("models", "service_tiers")}
    assert tiers == added(own, lambda r: r.tier, cost)


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


def test_anomalies_are_those_of_the_table_and_one_cause_counts_once(demo: Demo) -> None:
    with duckdb.connect(str(demo.path), read_only=True) as connection:
        told = connection.execute(
            "SELECT date, cloud_provider, series, key, status, actual, expected FROM anomalies"
        ).fetchall()
    told = [row for row in told if SINCE <= row[0] <= UNTIL]
    flagged = [row for row in told if row[4] in {"high", "low", "quiet"}]
    rows = demo.ask("anomalies", "anomaly_table")
    assert len(rows) == min(100, len(flagged)) > 0
    largest: dict[object, Decimal] = {}
    for day, cloud, _, _, status, actual, expected in flagged:
        if status != "quiet":
            off = abs(actual - expected)
            largest[day, cloud] = max(off, largest.get((day, cloud), ZERO))
    (total,) = demo.ask("anomalies", "unexpected")
    assert total == {"anomalies": len(largest), "unexpected_cost": sum(largest.values())}
    band = {row["time"].date(): row["actual"] for row in demo.ask("anomalies", "expected_aws")}
    assert band == {row[0]: row[5] for row in told if row[1] == "AWS" and row[2] == "cloud"}
    model = "claude-sonnet-4.6"
    band = {
        row["time"].date(): row["actual"]
        for row in demo.ask("anomalies", "expected_aws", model_filter=[model])
    }
    assert band == {row[0]: row[5] for row in told if (row[1], row[3]) == ("AWS", model)}


def test_freshness_is_what_the_ledger_says(demo: Demo) -> None:
    rows = {row["cloud"]: row for row in demo.ask("overview", "freshness")}
    assert {cloud: row["complete_through"] for cloud, row in rows.items()} == demo.last
    assert rows["GCP"]["missing_days"] == (UNTIL - demo.last["GCP"]).days
