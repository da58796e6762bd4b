"""The three texts of a metric answer alike, and what was counted by hand."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from dashboards.detail.dialects import Dialect
from dashboards.detail.metrics import metrics
from handlers.alerts.hub import key_of
from tests.dashboards.detail.stores import Content, Stand, fact, loaded
from tests.dashboards.engines import Answer

OCT, NOV = date(2026, 10, 1), date(2026, 11, 1)
DAYS = (date(2026, 10, 30), date(2026, 11, 15))
HOSTILE = "O'Brien \\ \"x\" ; -- ${model} 日本 '\\"
ACME, ODD = key_of("acme"), key_of(HOSTILE)

Stands = Mapping[Dialect, Stand]
dialects = pytest.mark.parametrize("dialect", Dialect)


def moment(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour)  # noqa: DTZ001 - as the tables have it


def content() -> Content:
    """Ten services, of which I and J are the cheapest; through the 13th in one bill of two."""
    made = Content()
    for place, service in enumerate("ABCDEFGHIJ"):
        row = fact(date(2026, 11, 3), str(20 - place), service=service, customer_key=ACME)
        made.facts.append({**row, "customer_id": "acme", "sku_description": f"SKU {service}"})
    odd = {
        "service": "A",
        "model": "odd",
        "sku_description": HOSTILE,
        "customer_id": HOSTILE,
        "customer_key": ODD,
        "project_id": HOSTILE,
        "resource_id": HOSTILE,
        "rule_id": "r",
    }
    made.facts += [
        fact(date(2026, 11, 14), "2.5", **odd),
        fact(date(2026, 11, 3), "-1.25", charge_type="discount", service="A", customer_key=ACME),
        # A day of the month before in this month's bill, and one that was not chosen.
        fact(date(2026, 10, 31), "4", billing_period=NOV, service="B", customer_key=ACME),
        fact(date(2026, 10, 29), "1000", service="B", customer_key=ACME),
        fact(
            date(2026, 11, 1), "0.5", charge_type="tax", service="Tax",
            gross_cost_usd=Decimal("0.75"),
            customer_id="untagged", customer_key=key_of("untagged"), billing_entity="A reseller",
        ),
    ]  # fmt: skip
    made.ledger += [
        loaded("a", OCT, moment(4, 3), date(2026, 10, 31)),
        loaded("a", NOV, moment(15, 3), date(2026, 11, 14)),
        loaded("b", NOV, moment(14, 3), date(2026, 11, 13)),
        loaded("b", NOV, moment(15, 4), None, status="failed"),
        loaded("gone", date(2026, 8, 1), moment(2, 3), date(2026, 8, 31)),
    ]
    made.outbox += [
        {"load_id": "a-1503", "finished_at": moment(15, 3), "published_at": None},
        {"load_id": "b-1403", "finished_at": moment(14, 3), "published_at": moment(14, 4)},
    ]
    return made


@pytest.fixture(scope="module")
def full() -> Stands:
    return {dialect: Stand.of(dialect, content()) for dialect in Dialect}


@pytest.fixture(scope="module")
def empty() -> Stands:
    return {dialect: Stand.of(dialect, Content()) for dialect in Dialect}


@pytest.fixture(scope="module")
def many() -> Stands:
    """Seven of everything."""
    rows = [
        fact(
            date(2026, 11, 3),
            str(number),
            service=f"s{number}",
            resource_id=f"r{number}",
            account_id=f"a{number}",
        )
        for number in range(1, 8)
    ]
    return {dialect: Stand.of(dialect, Content(rows)) for dialect in Dialect}


def usd(amount: str) -> Decimal:
    return Decimal(amount).normalize() + 0


def cells(answer: Answer) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in answer]


@pytest.mark.parametrize("name", metrics())
def test_the_three_dialects_answer_alike_in_the_same_order(full: Stands, name: str) -> None:
    first, *others = (full[dialect].asked(name, DAYS) for dialect in Dialect)
    assert first
    columns = [re.sub("^(aws|azure|gcp)", "cloud", column) for column in metrics()[name].columns]
    assert [*first[0]] == list(dict.fromkeys(columns))
    if name == "detail_freshness":
        # The hub itself has nothing to be told.
        others = [[{**row, "unpublished_loads": usd("0")} for row in each] for each in others]
    assert others == [first, first]


@dialects
@pytest.mark.parametrize("name", metrics())
def test_an_empty_warehouse_answers_with_nothing_or_with_no_number(
    empty: Stands, dialect: Dialect, name: str
) -> None:
    answer = empty[dialect].asked(name, DAYS)
    assert {cell for row in answer for cell in row.values()} <= {None, usd("0")}


@dialects
def test_the_total_is_all_that_is_paid_in_the_chosen_days(full: Stands, dialect: Dialect) -> None:
    # 20 + 19 + ... + 11, 2.5, -1.25, 4 and a tax of 0.75 less a credit.
    assert full[dialect].asked("detail_total", DAYS) == [
        {"cost": usd("160.75"), "gross": usd("161"), "credits": usd("-0.25")}
    ]
    one_day = (date(2026, 11, 14), date(2026, 11, 14))
    assert full[dialect].asked("detail_total", one_day)[0]["cost"] == usd("2.5")


@dialects
def test_the_dearest_services_have_names_the_others_none_and_open_days_are_apart(
    full: Stands, dialect: Dialect
) -> None:
    answer = full[dialect].asked("detail_daily_services", DAYS)
    assert cells(answer)[0] == ("2026-10-31T00:00:00", "B", usd("4"))
    third = {row["service"]: row["cost"] for row in answer if row["time"].startswith("2026-11-03")}
    assert third == {
        "A": usd("18.75"),
        **{name: usd(str(20 - place)) for place, name in enumerate("BCDEFGH", 1)},
        "all others": usd("23"),
    }
    assert cells(answer)[-1] == ("2026-11-14T00:00:00", "not complete yet", usd("2.5"))


@dialects
def test_each_bill_says_what_is_missing_what_failed_and_what_the_hub_lacks(
    full: Stands, dialect: Dialect
) -> None:
    waiting = usd("0") if dialect is Dialect.BIGQUERY else usd("1")
    assert cells(full[dialect].asked("detail_freshness", DAYS)) == [
        ("a", "2026-11-14", "2026-11-15T03:00:00", usd("0"), usd("0"), waiting),
        ("b", "2026-11-13", "2026-11-14T03:00:00", usd("1"), usd("0"), usd("0")),
        ("gone", "2026-08-31", "2026-11-02T03:00:00", usd("0"), usd("0"), usd("0")),
    ]


@dialects
def test_days_are_missing_after_the_last_that_is_complete_in_every_bill(
    full: Stands, dialect: Dialect
) -> None:
    assert full[dialect].asked("side_missing_days", DAYS) == [{"cloud_missing_days": 2}]


@dialects
def test_open_days_of_a_cloud_are_apart_where_clouds_stand_side_by_side(
    full: Stands, dialect: Dialect
) -> None:
    assert cells(full[dialect].asked("side_daily", DAYS)) == [
        ("2026-10-31T00:00:00", usd("4"), None),
        ("2026-11-03T00:00:00", usd("153.75"), None),
        ("2026-11-14T00:00:00", None, usd("2.5")),
    ]
    unloaded = Stand.of(dialect, Content(content().facts))
    assert {row["cloud"] for row in unloaded.asked("side_daily", DAYS)} == {None}


@dialects
def test_a_filter_takes_what_it_names_and_one_cloud_of_several(
    full: Stands, dialect: Dialect
) -> None:
    def total(name: str, **chosen: list[str]) -> object:
        (row,) = full[dialect].asked(name, DAYS, chosen)
        return next(iter(row.values()))

    assert total("detail_total", customer_filter=[ODD]) == usd("2.5")
    assert total("detail_total", customer_filter=[ODD, ACME]) == usd("160.25")
    assert total("detail_total", model_filter=["odd"], customer_filter=[ACME]) == usd("0")
    assert total("side_untagged") == usd("0.5")
    clouds = {Dialect.BIGQUERY: "GCP", Dialect.REDSHIFT: "AWS", Dialect.TSQL: "Azure"}
    assert total("side_cost", cloud_filter=[clouds[dialect]]) == usd("160.75")
    assert total("side_cost", cloud_filter=["another"]) is None


@dialects
def test_a_name_with_quotes_and_backslashes_comes_out_as_it_went_in(
    full: Stands, dialect: Dialect
) -> None:
    chosen = {"customer_filter": [ODD]}
    (line,) = full[dialect].asked("detail_lines", DAYS, chosen)
    assert {line[name] for name in ("sku", "customer", "project", "resource")} == {HOSTILE}
    assert line["rule_id"] == "r"
    (resource,) = full[dialect].asked("detail_resources", DAYS, chosen)
    assert (resource["resource"], resource["cost"]) == (HOSTILE, usd("2.5"))


@pytest.mark.parametrize("value", ["x' OR 'a'='a", "x'); DROP TABLE t; --", "'"])
@pytest.mark.parametrize("dialect", [Dialect.REDSHIFT, Dialect.TSQL])
def test_a_value_with_a_quote_stays_a_value(full: Stands, dialect: Dialect, value: str) -> None:
    (row,) = full[dialect].asked("detail_total", DAYS, {"model_filter": [value]})
    assert row["cost"] == usd("0")


@dialects
@pytest.mark.parametrize("name", [name for name, of in metrics().items() if "limit" in of.words])
def test_no_more_rows_come_than_are_drawn_and_the_dearest_first(
    many: Stands, dialect: Dialect, name: str
) -> None:
    answer = many[dialect].asked(name, DAYS, words={"limit": "5"})
    assert [row["cost"] for row in answer] == [usd(str(number)) for number in (7, 6, 5, 4, 3)]


def texts(dialect: Dialect) -> Iterator[str]:
    folder = files("dashboards.detail.sql").joinpath(dialect.value)
    yield from (each.name for each in folder.iterdir() if each.name.endswith(".sql"))


def test_every_metric_has_a_text_in_each_dialect_and_there_is_no_other() -> None:
    for dialect in Dialect:
        assert sorted(texts(dialect)) == sorted(f"{name}.sql" for name in (*metrics(), "complete"))
