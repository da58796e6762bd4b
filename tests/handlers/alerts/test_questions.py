"""Each rule's SQL on data that must and that must not fire, counted by hand."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

import pytest

from handlers.alerts import Rule, rules
from handlers.alerts.rules import asked
from handlers.alerts.runner import Cell, Row, Runner
from tests.handlers.alerts.engines import GoogleSqlRunner, Rows, in_duckdb, plain
from tests.handlers.alerts.hub_data import ACME, GLOBEX, NOV, OCT, UNTAGGED, hub_rows
from tests.handlers.alerts.hub_data import moment as at

Engine: TypeAlias = Callable[[Rows], Runner]
engines = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(in_duckdb, id="duckdb"),
        pytest.param(GoogleSqlRunner, id="googlesql", marks=pytest.mark.slow),
    ],
)
RULES = {rule.id: rule for rule in rules()}
CLOUDS = ("AWS", "Azure", "GCP")
Number: TypeAlias = Decimal | int


def answers(engine: Engine, rule: str, rows: Rows, now: datetime | None = None) -> list[Row]:
    found = RULES[rule]
    runner = engine(rows)
    answer = runner.rows(asked(found, runner, f"TIMESTAMP '{now or at(15, 12)}+00'"))
    assert all(tuple(row) == ("time", *found.labels, "value", "usd") for row in answer)
    return [plain(row) for row in answer]


def values(
    engine: Engine, rule: str, rows: Rows, now: datetime | None = None
) -> dict[str, tuple[Cell, bool]]:
    """What was measured of each thing, and whether the rule fires about it."""
    found = RULES[rule]
    return {
        _labels(found, row): (row["value"], found.fires(float(str(row["value"]))))
        for row in answers(engine, rule, rows, now)
    }


def dollars(engine: Engine, rule: str, rows: Rows) -> dict[str, Cell]:
    return {_labels(RULES[rule], row): row["usd"] for row in answers(engine, rule, rows)}


def _labels(rule: Rule, row: Row) -> str:
    return " ".join(str(row[label]) for label in rule.labels if label != "key").strip()


def usd(text: str) -> Decimal:
    return Decimal(text).normalize() + 0


@engines
def test_each_expected_cloud_has_an_age_and_one_that_never_loaded_is_a_year_old(
    engine: Engine,
) -> None:
    # The older of AWS's two scopes was loaded on the 14th at 3, Google's bill on the 13th at 5.
    found = values(engine, "stale_data", hub_rows())
    assert found == {"AWS": (33, False), "Azure": (8760, True), "GCP": (55, True)}
    assert values(engine, "stale_data", Rows()) == dict.fromkeys(CLOUDS, (8760, True))


@engines
def test_thirty_six_hours_are_not_late_and_one_more_is(engine: Engine) -> None:
    rows = Rows()
    for cloud in CLOUDS:
        rows.load((cloud, "s", NOV), at(14, 0), date(2026, 11, 13))
    fresh = values(engine, "stale_data", rows, at(15, 12))
    assert fresh == dict.fromkeys(CLOUDS, (36, False))
    late = values(engine, "stale_data", rows, at(15, 13))
    assert late == dict.fromkeys(CLOUDS, (37, True))


@engines
def test_a_bill_counts_as_trouble_until_a_later_load_of_it_succeeds(engine: Engine) -> None:
    rows = hub_rows()
    found = values(engine, "load_trouble", rows)
    assert found == {"AWS": (1, True), "Azure": (0, False), "GCP": (1, True)}
    assert dollars(engine, "load_trouble", rows) == {"AWS": 0, "Azure": 0, "GCP": 7}
    rows.load(("AWS", "a2", NOV), at(15, 6), date(2026, 11, 14))
    rows.load(("GCP", "g", OCT), at(15, 7), None, "rejected")
    found = values(engine, "load_trouble", rows)
    assert found == dict.fromkeys(CLOUDS, (0, False))


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
            "total of all clouds": (usd("83.5"), bool(fires[0])),
            "cloud AWS": (usd("101.724138"), bool(fires[1])),
            "model gemini": (usd("100"), bool(fires[2])),
            "customer acme": (usd("10"), bool(fires[3])),
            "customer nobody": (usd("0"), False),
        }
    assert dollars(engine, "budget_used_up", rows) == {
        "total of all clouds": usd("41.75"),
        "cloud AWS": usd("29.5"),
        "model gemini": usd("6.25"),
        "customer acme": 29,
        "customer nobody": 0,
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
        "total of all clouds": (usd("98.701923"), False),
        "customer acme": (usd("133.846154"), True),
    }
    over = dollars(engine, "forecast_over_budget", rows)
    assert over == {"total of all clouds": usd("-1.298077"), "customer acme": usd("16.923077")}


@engines
def test_of_a_budget_that_is_used_up_no_forecast_is_told(engine: Engine) -> None:
    rows = hub_rows()
    budget(rows, "total", "", "41.75")
    budget(rows, "customer", ACME, "28.99")
    assert values(engine, "forecast_over_budget", rows) == {
        "total of all clouds": (usd("236.411792"), True),
        "customer acme": (0, False),
    }


@engines
def test_there_is_no_forecast_before_every_cloud_has_five_complete_days(engine: Engine) -> None:
    rows = hub_rows()
    budget(rows, "total", "", "50")
    rows.of["ledger"] = []
    rows.load(("AWS", "a1", NOV), at(15, 3), date(2026, 11, 14))
    rows.load(("GCP", "g", NOV), at(15, 3), date(2026, 11, 4))
    assert values(engine, "forecast_over_budget", rows) == {}
    rows.load(("GCP", "g", NOV), at(15, 4), date(2026, 11, 5))
    assert values(engine, "forecast_over_budget", rows)["total of all clouds"][1]


@engines
def test_the_untagged_share_is_of_the_last_seven_complete_days_of_usage(engine: Engine) -> None:
    rows = hub_rows()
    for day, customer, amount in (
        (6, UNTAGGED, 1),
        (7, ACME, 3),
        (12, GLOBEX, 8),
        (13, UNTAGGED, 9),
    ):
        rows.cost("GCP", date(2026, 11, day), str(amount), customer_key=customer)
    # Google is complete through the 12th: the 1 of the 6th and the 4 of the 12th, of 16.
    assert values(engine, "untagged_share", rows) == {"GCP": (usd("31.25"), True)}
    assert dollars(engine, "untagged_share", rows) == {"GCP": 5}


@engines
def test_a_share_of_a_cloud_that_hardly_costs_anything_is_not_worth_a_message(
    engine: Engine,
) -> None:
    rows = hub_rows()
    rows.cost("AWS", date(2026, 11, 10), "396", customer_key=ACME)
    # Google's 4 are all untagged, and one percent of 400.
    found = values(engine, "untagged_share", rows)
    assert found == {"AWS": (0, False), "GCP": (100, True)}
    rows.cost("AWS", date(2026, 11, 10), "1", customer_key=ACME)
    assert values(engine, "untagged_share", rows)["GCP"] == (0, False)


def unnamed(rows: Rows, cloud: str, day: int, amount: str, **cells: Cell) -> None:
    said: dict[str, Cell] = {
        "cloud_provider": cloud,
        "date": date(2026, 11, day),
        "billing_period": NOV,
        "charge_type": "usage",
        "cost": Decimal(amount),
    }
    rows.add("unnamed_costs", **{**said, **cells})


@engines
def test_what_no_rule_names_counts_and_what_the_bill_does_not_say_does_not(
    engine: Engine,
) -> None:
    rows = hub_rows()
    rows.cost("AWS", date(2026, 11, 12), "100")
    unnamed(rows, "AWS", 12, "2", model="unknown")
    unnamed(rows, "AWS", 6, "50", model="unknown")  # eight days before the 13th
    unnamed(rows, "AWS", 14, "50", model="unknown")  # not complete
    unnamed(rows, "AWS", 12, "50", model="unknown", rule_id="bedrock.other")
    unnamed(rows, "AWS", 12, "50", model="unknown", charge_type="tax")
    assert values(engine, "share_without_rule", rows) == {"AWS": (2, False), "GCP": (0, False)}
    unnamed(rows, "AWS", 13, "0.01", model="unknown")
    found = values(engine, "share_without_rule", rows)
    assert found == {"AWS": (usd("2.01"), True), "GCP": (0, False)}
    assert dollars(engine, "share_without_rule", rows) == {"AWS": usd("2.01"), "GCP": 0}


HOSTILE = "O'Brien\\ \"x\"'); DROP TABLE daily_costs; --"


def anomaly(
    rows: Rows, series: tuple[str, str, str], day: date, amounts: tuple[str, str], status: str
) -> None:
    cloud, kind, key = series
    rows.add(
        "anomalies",
        cloud_provider=cloud,
        series=kind,
        key=key,
        date=day,
        actual=Decimal(amounts[0]),
        expected=Decimal(amounts[1]),
        status=status,
    )


def anomalous() -> Rows:
    """AWS, complete through the 13th, costs 300 a day: 250 of it acme's, on claude."""
    rows = hub_rows()
    for back in range(28):
        day = date(2026, 11, 13) - timedelta(days=back)
        anomaly(rows, ("AWS", "cloud", "AWS"), day, ("300", "300"), "normal")
    rows.add("dimensions", dimension="customer", key=ACME, name="before", billing_period=OCT)
    rows.add("dimensions", dimension="customer", key=ACME, name=HOSTILE, billing_period=NOV)
    return rows


@engines
def test_what_shows_in_cloud_model_and_customer_is_one_incident(engine: Engine) -> None:
    rows = anomalous()
    day = date(2026, 11, 12)
    anomaly(rows, ("AWS", "cloud", "AWS"), day, ("700", "300"), "high")
    anomaly(rows, ("AWS", "model", "claude"), day, ("660", "250"), "high")
    anomaly(rows, ("AWS", "customer", ACME), day, ("640", "250"), "high")
    anomaly(rows, ("AWS", "customer", GLOBEX), date(2026, 11, 13), ("90", "20"), "high")
    found = answers(engine, "anomaly", rows)
    assert [row["cloud"] for row in found if row["value"] != 0] == ["AWS"]
    (row,) = (row for row in found if row["cloud"] == "AWS")
    assert {**row, "time": ""} == {
        "time": "",
        "cloud": "AWS",
        "direction": "more",
        "day": "2026-11-12",
        "model": "claude",
        "customer": HOSTILE,
        "customer_key": ACME,
        "cause": f"most of it model claude, customer {HOSTILE}",
        "value": 410,
        "usd": 410,
    }


@engines
def test_more_and_less_on_one_cloud_do_not_cancel(engine: Engine) -> None:
    rows = anomalous()
    day = date(2026, 11, 13)
    anomaly(rows, ("AWS", "model", "claude"), day, ("350", "250"), "high")
    anomaly(rows, ("AWS", "model", "nova"), day, ("1", "90"), "low")
    found = {
        (row["direction"], row["cause"]): row["usd"]
        for row in answers(engine, "anomaly", rows)
        if row["cloud"] == "AWS"
    }
    assert found == {
        ("more", "most of it model claude"): 100,
        ("less", "most of it model nova"): 89,
    }


@engines
@pytest.mark.parametrize(
    ("day", "amounts", "status", "fires"),
    [
        (date(2026, 11, 11), ("900", "300"), "high", True),
        (date(2026, 11, 10), ("900", "300"), "high", False),  # three complete days ago
        (date(2026, 11, 14), ("900", "300"), "high", False),  # not complete
        (date(2026, 11, 13), ("900", "300"), "quiet", False),
        (date(2026, 11, 13), ("900", "300"), "learning", False),
        (date(2026, 11, 13), ("900", "300"), "normal", False),
    ],
)
def test_an_anomaly_is_told_while_it_is_one_of_the_last_three_complete_days(
    engine: Engine, day: date, amounts: tuple[str, str], status: str, fires: bool
) -> None:
    rows = anomalous()
    anomaly(rows, ("AWS", "customer", GLOBEX), day, amounts, status)
    found = answers(engine, "anomaly", rows)
    assert {row["cloud"]: row["usd"] for row in found} == {
        "AWS": 600 if fires else 0,
        "Azure": 0,
        "GCP": 0,
    }


@engines
def test_an_anomaly_below_a_percent_of_a_usual_day_of_all_clouds_is_not_told(
    engine: Engine,
) -> None:
    rows = anomalous()
    for back in range(28):
        day = date(2026, 11, 12) - timedelta(days=back)
        anomaly(rows, ("GCP", "cloud", "GCP"), day, ("700", "700"), "normal")
    anomaly(rows, ("GCP", "model", "gemini"), date(2026, 11, 12), ("14.99", "5"), "high")
    anomaly(rows, ("AWS", "model", "nova"), date(2026, 11, 13), ("15", "5"), "high")
    told = {row["cloud"]: row["usd"] for row in answers(engine, "anomaly", rows)}
    assert told == {"AWS": 10, "Azure": 0, "GCP": 0}


def priced(rows: Rows, model: str, tokens: int, amount: str, **cells: Cell) -> None:
    rows.cost("AWS", date(2026, 11, 12), amount, model=model, usage=tokens, **cells)


@engines
def test_a_thousand_taken_for_a_million_is_told_either_way_and_real_prices_are_not(
    engine: Engine,
) -> None:
    rows = Rows()
    rows.load(("AWS", "a", NOV), at(15, 3), date(2026, 11, 13))
    priced(rows, "claude-opus", 2_000_000, "150", token_type="output")
    priced(rows, "nova-micro", 1_000_000_000, "35")
    priced(rows, "claude-sonnet", 2_000, "6")  # 3,000 USD per 1 M: 3 per 1 K
    priced(rows, "claude-sonnet", 5_000_000_000, "15", token_type="output")  # 0.003 per 1 M
    priced(rows, "few", 1_000, "9")
    priced(rows, "cheap", 2_000, "4.99")
    priced(rows, "pages", 2_000, "9", usage_unit="pages")
    priced(rows, "old", 2_000, "9")
    rows.of["daily_costs"][-1] = {**rows.of["daily_costs"][-1], "date": date(2026, 11, 6)}
    found = {
        (row["cloud"], row["model"], row["token_type"], row["side"]): row["value"]
        for row in answers(engine, "price_out_of_band", rows)
    }
    assert found == {
        ("AWS", "claude-sonnet", "input", "dear"): 25,
        ("AWS", "claude-sonnet", "output", "cheap"): 10,
        ("Azure", "", "", ""): 0,
        ("GCP", "", "", ""): 0,
    }


@engines
def test_a_discount_lowers_the_price_and_adds_no_tokens(engine: Engine) -> None:
    rows = Rows()
    rows.load(("AWS", "a", NOV), at(15, 3), date(2026, 11, 13))
    priced(rows, "m", 100_000, "24")
    others = {"Azure": (0, False), "GCP": (0, False)}
    found = values(engine, "price_out_of_band", rows)
    assert found == {"AWS m input dear": (2, True), **others}
    priced(rows, "m", 100_000, "-12", charge_type="discount")
    found = values(engine, "price_out_of_band", rows)
    assert found == {"AWS": (0, False), **others}


def compared(rows: Rows, difference: str, **cells: Cell) -> None:
    said: dict[str, Cell] = {
        "cloud_provider": "AWS",
        "scope": "a1",
        "billing_period": OCT,
        "source": "cost_explorer",
        "stated": Decimal(10_000),
        "difference": Decimal(difference),
        "difference_usd": Decimal(difference),
        "checked_at": at(15, 5),
    }
    rows.add("reconciliation", **{**said, **cells})


@engines
@pytest.mark.parametrize(
    ("difference", "cells", "told"),
    [
        ("10", {}, 10),
        ("-12.5", {}, Decimal("12.5")),
        ("9.99", {}, 0),  # less than a thousandth of what is stated
        ("10", {"reason": "rounding"}, 0),
        ("10", {"charge_type": "tax"}, 0),
        ("10", {"stated": None}, 10),
        ("10", {"billing_period": date(2026, 6, 1)}, 0),
        ("900", {"checked_at": at(14, 5)}, 0),  # a later comparison found no difference
    ],
)
def test_an_unexplained_difference_of_the_last_comparison_is_told_in_dollars(
    engine: Engine, difference: str, cells: dict[str, Cell], told: Number
) -> None:
    rows = Rows()
    if "checked_at" in cells:
        compared(rows, "0")
    compared(rows, difference, **cells)
    found = {row["cloud"]: row["usd"] for row in answers(engine, "invoice_difference", rows)}
    assert found == {"AWS": told, "Azure": 0, "GCP": 0}


@engines
def test_a_bill_with_several_documents_is_one_incident_told_by_its_largest(engine: Engine) -> None:
    rows = Rows()
    compared(rows, "20")
    compared(rows, "70", source="invoice", invoice_id="EUINCH-1")
    compared(rows, "30", source="invoice", invoice_id="EUINCH-2")
    compared(rows, "40", billing_period=NOV)
    found = values(engine, "invoice_difference", rows)
    assert found == {
        "AWS a1 2026-10 EUINCH-1": (70, True),
        "AWS a1 2026-11 cost_explorer": (40, True),
        "Azure": (0, False),
        "GCP": (0, False),
    }
