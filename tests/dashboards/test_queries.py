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
from tests.dashboards.hub_rows import ACME, FIRST, GLOBEX, LAST, NOV, OCT, UNTAGGED, hub_rows, load
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
    words: Mapping[str, str] | None = None,
) -> Answer:
    sql = with_filters(with_days(queries()[name].sql(HUB, words), *days), chosen or {})
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
def test_a_day_has_24_hours_and_those_without_cost_are_gaps(engine: Engine) -> None:
    rows = hub_rows()
    for day, hour, dollars in ((3, 3, 50), (3, 17, 20), (4, 17, 5), (14, 9, 70)):
        rows.add(
            "serving_hourly_costs",
            cloud_provider="AWS",
            billing_period=NOV,
            date=date(2026, 11, day),
            hour=hour,
            charge_type="usage",
            cost=Decimal(dollars),
        )
    # From 20 October AWS has 25 days up to its last complete one, 13 November.
    found = {row["hour"]: row["aws"] for row in asked(engine, "hour_pattern", rows)}
    assert list(found) == [*range(24)]
    assert {hour: cost for hour, cost in found.items() if cost} == {3: 2, 17: 1}
    assert asked(engine, "hour_pattern") == []


@engines
def test_costs_of_a_cloud_without_any_complete_day_are_incomplete(engine: Engine) -> None:
    rows = hub_rows()
    rows.of["ledger"] = []
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
    assert cells(asked(engine, "models")) == table(
        ("claude", "37", "0.729064", "1530000", "1", "2"),
        ("gemini", "7.25", "0.142857", "2100000", "1", "1"),
        ("unknown", "6", "0.118227", "50", "1", "0"),
        ("none", "0.5", "0.009852", "0", "1", "0"),
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
    answer = asked(engine, "models", rows)
    assert [row["model"] for row in answer] == [f"m{number:02}" for number in range(11, 1, -1)]
    assert answer[0]["share"] == usd("0.153846")  # 12 of 78


@engines
def test_customers_have_their_newest_name_or_else_their_key(engine: Engine) -> None:
    sons = "O\"Brien\\ & 'Sons'"
    assert cells(asked(engine, "customers")) == [
        (usd("1"), sons, usd("34"), usd("0.669951"), usd("2"), usd("17"), ACME),
        (usd("2"), "untagged", usd("10.5"), usd("0.206897"), usd("2"), usd("5.25"), UNTAGGED),
        (usd("3"), GLOBEX, usd("6.25"), usd("0.123153"), usd("3"), usd("2.083333"), GLOBEX),
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
def test_untagged_unnamed_and_not_stated_are_three_amounts(engine: Engine) -> None:
    assert cells(asked(engine, "nameless_cost")) == table(("10.5", "3.5", "2.5"))


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


@engines
def test_a_month_that_was_complete_is_restated_and_an_open_one_only_grew(engine: Engine) -> None:
    rows = Rows()
    for bill, finished, through, change in (
        (("AWS", "a", OCT), at(4, 3), date(2026, 10, 31), None),
        (("AWS", "a", OCT), at(15, 3), date(2026, 10, 31), "-2.50"),
        (("AWS", "a", NOV), at(14, 3), date(2026, 11, 13), None),
        (("AWS", "a", NOV), at(15, 3), date(2026, 11, 14), "40"),
        (("GCP", "g", OCT), at(4, 3), date(2026, 10, 31), None),
        (("GCP", "g", OCT), at(13, 5), date(2026, 10, 31), "7"),
    ):
        load(rows, bill, finished, through)
        rows.of["ledger"][-1] = {
            **rows.of["ledger"][-1],
            "restated_usd": None if change is None else Decimal(change),
        }
    found = asked(engine, "restatements", rows)
    # Google's is two days older than the newest load.
    assert [(row["month"], row["state"], row["restated_cost"]) for row in found] == [
        ("2026-11", "still open", usd("40")),
        ("2026-10", "restated", usd("-2.5")),
    ]
    assert asked(engine, "restatements", rows, chosen={"cloud_filter": ["Azure"]}) == []


@engines
def test_of_each_invoice_the_newest_comparison_of_the_whole_is_shown(engine: Engine) -> None:
    rows = Rows()
    for invoice, day, charge, difference in (
        ("I-1", 3, None, "5"),
        ("I-1", 9, None, "12.5"),
        ("I-1", 9, "tax", "1"),
        ("I-2", 9, None, "-0.01"),
    ):
        rows.add(
            "reconciliation",
            cloud_provider="AWS",
            scope="a1",
            billing_period=OCT,
            source="invoice",
            invoice_id=invoice,
            charge_type=charge,
            billing_currency="USD",
            difference=Decimal(difference),
            difference_usd=Decimal(difference),
            checked_at=at(day, 6),
        )
    found = asked(engine, "invoice_difference", rows)
    assert [(row["document"], row["difference_usd"]) for row in found] == [
        ("I-1", usd("12.5")),
        ("I-2", usd("-0.01")),
    ]


def unusual() -> Rows:
    rows = hub_rows()
    for day, cloud, series, key, status, actual, expected in (
        (10, "AWS", "cloud", "AWS", "high", "90", "50"),
        (10, "AWS", "model", "claude", "high", "80", "38"),
        (10, "AWS", "customer", ACME, "high", "70", "31"),
        (11, "AWS", "cloud", "AWS", "quiet", "95", "50"),
        (11, "GCP", "cloud", "GCP", "low", "1", "6"),
        (12, "GCP", "cloud", "GCP", "normal", "7", "6"),
    ):
        rows.add(
            "anomalies",
            date=date(2026, 11, day),
            cloud_provider=cloud,
            series=series,
            key=key,
            status=status,
            actual=Decimal(actual),
            expected=Decimal(expected),
            lower=Decimal(0),
            upper=Decimal(60),
        )
    return rows


@engines
def test_cloud_model_and_customer_that_rise_together_are_one_anomaly(engine: Engine) -> None:
    # The largest of the tenth is the model's 42; the eleventh of AWS is quiet, Google's is 5 low.
    assert cells(asked(engine, "anomaly_total", unusual())) == table(("2", "47"))
    chosen = {"customer_filter": [ACME]}
    assert cells(asked(engine, "anomaly_total", unusual(), chosen=chosen)) == table(("1", "39"))


@engines
def test_anomalies_name_the_customer_and_the_series_that_a_click_opens(engine: Engine) -> None:
    found = asked(engine, "anomalies", unusual())
    assert [(row["date"], row["series"], row["state"]) for row in found] == [
        ("2026-11-11", "cloud", "quiet"),
        ("2026-11-11", "cloud", "low"),
        ("2026-11-10", "model", "high"),
        ("2026-11-10", "cloud", "high"),
        ("2026-11-10", "customer", "high"),
    ]
    assert found[4]["series_name"] == "O\"Brien\\ & 'Sons'"
    assert (found[4]["model_key"], found[4]["customer_key"]) == ("$__all", ACME)
    assert (found[2]["model_key"], found[2]["customer_key"]) == ("claude", "$__all")


@engines
def test_the_band_is_of_the_cloud_until_a_model_or_a_customer_is_chosen(engine: Engine) -> None:
    def actual(**chosen: Sequence[str]) -> list[Decimal]:
        return [row["actual"] for row in asked(engine, "expected_band", unusual(), chosen=chosen)]

    assert actual() == [usd("90"), usd("95")]
    assert actual(model_filter=["claude"]) == [usd("80")]
    assert actual(customer_filter=[ACME]) == [usd("70")]
    assert actual(cloud_filter=["GCP"]) == []


@engines
def test_a_thousand_tokens_or_fewer_have_no_price(engine: Engine) -> None:
    rows = Rows()
    for kind, amount, dollars in (("input", 1000, "1"), ("output", 1001, "2.002")):
        rows.add(
            "serving_daily_costs",
            cloud_provider="AWS",
            date=date(2026, 11, 3),
            billing_period=NOV,
            model="m",
            token_type=kind,
            charge_type="usage",
            usage_unit="tokens",
            usage=Decimal(amount),
            cost=Decimal(dollars),
        )
    (row,) = asked(engine, "unit_prices", rows)
    assert (row["input_per_1m"], row["output_per_1k"], row["output_per_1m"]) == (
        None,
        usd("2"),
        usd("2000"),
    )


@engines
def test_there_is_no_forecast_before_the_fifth_complete_day(engine: Engine) -> None:
    rows = Rows()
    load(rows, ("AWS", "a", NOV), at(5, 3), date(2026, 11, 4))
    for day in (1, 2, 3, 4, 5):
        rows.add(
            "serving_daily_costs",
            cloud_provider="AWS",
            date=date(2026, 11, day),
            billing_period=NOV,
            cost=Decimal(6),
        )
    assert asked(engine, "forecast", rows) == [{"forecast": None}]
    load(rows, ("AWS", "a", NOV), at(6, 3), date(2026, 11, 5))
    assert asked(engine, "forecast", rows) == [{"forecast": usd("180")}]
