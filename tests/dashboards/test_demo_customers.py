"""The panels of Customer Attribution, as deployed, on the sample bills: against sums in Python."""

from datetime import timedelta

import pytest

from tests.dashboards.demo import Demo, added_rows, close, top
from tests.dashboards.demo_facts import CONSUMED, added, cost

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


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


@pytest.mark.parametrize(
    ("name", "panel", "key", "chosen"),
    [
        ("customers", "cost_by_customer_day", "customer_key", "customer_filter"),
        ("models", "cost_by_model_week", "model", "model_filter"),
    ],
)
def test_what_is_drawn_keeps_its_colour_whatever_is_chosen(
    demo: Demo, name: str, panel: str, key: str, chosen: str
) -> None:
    everything = {row[key]: row["colour"] for row in demo.ask(name, panel) if row["colour"]}
    assert len(everything) == 8
    for one, colour in list(everything.items())[::3]:
        (only,) = {row["colour"] for row in demo.ask(name, panel, **{chosen: [one]})} - {""}
        assert only == colour


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
