import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import pytest

from dashboards.queries.sql import queries
from tests.dashboards.engines import (
    HUB,
    Answer,
    Rows,
    in_duckdb,
    in_googlesql,
    with_days,
    with_filters,
)
from tests.dashboards.hub_rows import ACME, FIRST, GLOBEX, LAST, NOV, UNTAGGED, hub_rows, load
from tests.dashboards.hub_rows import moment as at

NUMBER = re.compile(r"-?\d+(\.\d+)?")
Engine: TypeAlias = Callable[[Rows, str], Answer]

# The evaluator's first start on a machine takes fifteen seconds, later ones half a second.
ENGINES = [
    pytest.param(in_duckdb, id="duckdb"),
    pytest.param(in_googlesql, id="googlesql", marks=pytest.mark.slow),
]
engines = pytest.mark.parametrize("engine", ENGINES)


def asked(
    engine: Engine,
    name: str,
    rows: Rows | None = None,
    days: tuple[date, date] = (FIRST, LAST),
    chosen: Mapping[str, Sequence[str]] | None = None,
) -> Answer:
    sql = with_filters(with_days(queries()[name].sql(HUB), *days), chosen or {})
    return engine(hub_rows() if rows is None else rows, sql)


def usd(dollars: str) -> Decimal:
    return Decimal(dollars).normalize() + 0


def table(*rows: tuple[str, ...]) -> list[tuple[object, ...]]:
    """Rows in which what looks like a number is one."""
    return [tuple(usd(cell) if NUMBER.fullmatch(cell) else cell for cell in row) for row in rows]


def cells(answer: Answer) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in answer]


@engines
@pytest.mark.parametrize("name", queries())
def test_every_query_gives_the_columns_it_states_also_of_an_empty_hub(
    engine: Engine, name: str
) -> None:
    for row in asked(engine, name):
        assert tuple(row) == queries()[name].columns
    asked(engine, name, Rows())


@engines
def test_the_total_is_all_that_is_paid_in_the_chosen_days(engine: Engine) -> None:
    assert asked(engine, "total_cost") == [{"cost": usd("50.75")}]
    one_day = (date(2026, 11, 2), date(2026, 11, 2))
    assert asked(engine, "total_cost", days=one_day) == [{"cost": usd("8.25")}]
    assert asked(engine, "total_cost", Rows()) == [{"cost": usd("0")}]


@engines
def test_each_filter_takes_what_it_names_and_all_takes_everything(engine: Engine) -> None:
    def total(**chosen: Sequence[str]) -> Decimal:
        return asked(engine, "total_cost", chosen=chosen)[0]["cost"]

    assert total(cloud_filter=["AWS"]) == usd("37.5")
    assert total(cloud_filter=["AWS", "GCP"]) == usd("50.75")
    assert total(customer_filter=[ACME]) == usd("34")
    assert total(customer_filter=[UNTAGGED], cloud_filter=["AWS"]) == usd("0.5")
    assert total(model_filter=["gemini"]) == usd("7.25")
    assert total(model_filter=["no such model"]) == usd("0")


@engines
def test_cost_by_cloud_has_no_number_where_there_is_no_bill(engine: Engine) -> None:
    assert asked(engine, "cost_by_cloud") == [
        {"aws": usd("37.5"), "azure": None, "gcp": usd("13.25")}
    ]


@engines
def test_days_after_a_clouds_last_complete_one_stand_apart(engine: Engine) -> None:
    assert sorted(cells(asked(engine, "daily_cost"))) == [
        ("2026-10-25T00:00:00", usd("3"), None, None, None),
        ("2026-10-31T00:00:00", None, None, usd("1"), None),
        ("2026-11-02T00:00:00", None, None, usd("8.25"), None),
        ("2026-11-03T00:00:00", usd("29"), None, None, None),
        ("2026-11-12T00:00:00", None, None, usd("4"), None),
        ("2026-11-14T00:00:00", None, None, None, usd("5")),
    ]


@engines
def test_costs_of_a_cloud_without_any_complete_day_are_incomplete(engine: Engine) -> None:
    rows = hub_rows()
    rows.of["serving_ledger"] = []
    answer = asked(engine, "daily_cost", rows)
    assert {(row["aws"], row["gcp"]) for row in answer} == {(None, None)}
    assert sum(row["incomplete"] for row in answer) == usd("50.25")


@engines
def test_the_month_is_compared_cloud_by_cloud_up_to_the_same_day(engine: Engine) -> None:
    # AWS to the 13th: 29.50 and 8. Google to the 12th: 12.25 and 7, without the 9 of 13 October.
    assert cells(asked(engine, "month_to_date")) == table(("41.75", "15", "1.783333"))


@engines
def test_the_month_is_that_of_the_newest_complete_day_of_the_chosen_time(engine: Engine) -> None:
    # Both clouds through the end of October: 3 + 8 and 1 + 7 + 9; nothing in September.
    october = (date(2026, 9, 20), date(2026, 10, 31))
    assert cells(asked(engine, "month_to_date", days=october)) == [(usd("28"), usd("0"), None)]


@engines
def test_the_last_day_of_a_long_month_is_compared_with_the_whole_month_before(
    engine: Engine,
) -> None:
    rows = Rows()
    load(rows, ("AWS", "a", date(2026, 3, 1)), at(2, 3, 4), date(2026, 3, 31))
    for day, dollars in (
        ("2026-03-31", 5),
        ("2026-02-28", 4),
        ("2026-02-01", 1),
        ("2026-01-31", 9),
    ):
        rows.add(
            "serving_daily_costs",
            cloud_provider="AWS",
            date=date.fromisoformat(day),
            billing_period=date.fromisoformat(day).replace(day=1),
            cost=Decimal(dollars),
        )
    march = (date(2026, 3, 1), date(2026, 4, 2))
    assert cells(asked(engine, "month_to_date", rows, march)) == table(("5", "5", "0"))


@engines
def test_top_models_are_ranked_by_all_that_is_paid_and_unknown_is_one_of_them(
    engine: Engine,
) -> None:
    assert cells(asked(engine, "top_models")) == table(
        ("claude", "37", "0.729064", "1530000", "1"),
        ("gemini", "7.25", "0.142857", "2100000", "1"),
        ("unknown", "6", "0.118227", "50", "1"),
        ("none", "0.5", "0.009852", "0", "1"),
    )


@engines
def test_only_ten_models_are_listed_and_their_shares_are_of_the_whole(engine: Engine) -> None:
    rows = Rows()
    for number in range(12):
        rows.add(
            "serving_daily_costs",
            cloud_provider="AWS",
            date=date(2026, 11, 3),
            billing_period=NOV,
            model=f"m{number:02}",
            cost=Decimal(number + 1),
        )
    answer = asked(engine, "top_models", rows)
    assert [row["model"] for row in answer] == [f"m{number:02}" for number in range(11, 1, -1)]
    assert answer[0]["share"] == usd("0.153846")  # 12 of 78


@engines
def test_customers_have_their_newest_name_or_else_their_key(engine: Engine) -> None:
    sons = "O\"Brien\\ & 'Sons'"
    assert cells(asked(engine, "top_customers")) == [
        (sons, usd("34"), usd("0.669951"), usd("2"), usd("17"), ACME),
        ("untagged", usd("10.5"), usd("0.206897"), usd("2"), usd("5.25"), UNTAGGED),
        (GLOBEX, usd("6.25"), usd("0.123153"), usd("3"), usd("2.083333"), GLOBEX),
    ]


@engines
def test_cost_by_token_type_adds_up_to_usage_and_discounts(engine: Engine) -> None:
    answer = cells(asked(engine, "cost_by_token_type"))
    assert answer == table(
        ("claude", "9", "25", "3", "0", "1000000", "500000", "30000"),
        ("gemini", "4", "1", "0", "2.25", "2000000", "100000", "0"),
        ("unknown", "6", "0", "0", "0", "50", "0", "0"),
    )
    assert sum(sum(row[1:5]) for row in answer) == usd("50.25")


@engines
def test_what_has_no_customer_and_what_has_no_model_is_told_in_dollars(engine: Engine) -> None:
    assert cells(asked(engine, "nameless_cost")) == table(("10.5", "6"))


@engines
def test_freshness_tells_of_each_expected_cloud_what_is_missing_and_what_waits(
    engine: Engine,
) -> None:
    assert cells(asked(engine, "freshness")) == [
        ("AWS", "2026-11-13", usd("2"), "2026-11-14T03:00:00", usd("1"), usd("0")),
        ("Azure", None, None, None, usd("0"), usd("0")),
        ("GCP", "2026-11-12", usd("3"), "2026-11-13T05:00:00", usd("0"), usd("1")),
    ]


@engines
def test_filters_offer_each_customer_and_model_once(engine: Engine) -> None:
    customers = cells(asked(engine, "customer_options"))
    assert customers == [(ACME, "O\"Brien\\ & 'Sons'"), (UNTAGGED, "untagged")]
    models = cells(asked(engine, "model_options"))
    assert models == [("claude", "claude"), ("gemini", "gemini")]
