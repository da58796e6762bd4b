"""The panels of Model Comparison, as deployed, on the sample bills: against sums in Python."""

from decimal import Decimal

import pytest

from tests.dashboards.demo import CACHE, ZERO, Demo, close, top
from tests.dashboards.demo_facts import CONSUMED, added, cost, tokens

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


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
