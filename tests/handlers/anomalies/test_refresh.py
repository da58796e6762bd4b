"""What the table holds after one or more computations."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from handlers.alerts.laptop import DuckDbRunner
from handlers.alerts.runner import Row
from handlers.anomalies import definition, refresh
from handlers.anomalies.refresh import question
from handlers.record import Cloud
from handlers.site.events import Event
from tests.handlers.anomalies.test_definition import bills, days_of, drawn
from tests.sql.engines import Rows, in_duckdb

NOW = datetime(2026, 8, 1, 5, tzinfo=UTC)
LAST = date(2026, 7, 31)


def table(runner: DuckDbRunner) -> list[Row]:
    return list(runner.rows("SELECT * EXCLUDE (computed_at) FROM anomalies ORDER BY ALL"))


def steady(days: int = 60, jumps: dict[int, str] | None = None, usual: str = "100") -> Rows:
    """A series that ends on the 31st of July and costs the same every day but some."""
    rows = Rows()
    first = LAST - timedelta(days=days - 1)
    for n, day in enumerate(days_of(days, first)):
        rows.cost("AWS", day, (jumps or {}).get(n - days, usual))
    month = first.replace(day=1)
    while month <= LAST:
        at = NOW.replace(tzinfo=None)
        rows.load(("AWS", "s", month), at, LAST)
        month = (month + timedelta(days=31)).replace(day=1)
    return rows


def of_cloud(runner: DuckDbRunner, *days_ago: int) -> list[tuple[object, ...]]:
    found = {row["date"]: row for row in table(runner) if row["series"] == "cloud"}
    days = (LAST - timedelta(days=n - 1) for n in days_ago)
    return [(found[day]["status"], found[day]["reason"], found[day]["event"]) for day in days]


def test_computing_twice_is_the_same_as_once_and_in_parts_the_same_as_at_once() -> None:
    days = days_of(150)
    rows = drawn(3, days, [50.0, 700.0, 20.0])
    bills(rows, days, {"AWS": days[-1], "GCP": days[-2]})
    runner = in_duckdb(rows)
    done = refresh(runner, NOW)
    assert (done.first, done.last) == (days[0], date(2026, 8, 1))  # two statements
    once = table(runner)
    assert len(once) > 1000
    at_once = question(runner, (days[0], days[-1]), NOW)
    assert once == runner.rows(f"SELECT * EXCLUDE (computed_at) FROM ({at_once}) ORDER BY ALL")
    again = refresh(runner, NOW)
    assert again.first == date(2026, 5, 31)
    assert table(runner) == once


def test_a_restated_day_is_judged_anew_and_a_series_that_vanished_is_gone() -> None:
    runner = in_duckdb(steady())
    refresh(runner, NOW)
    assert of_cloud(runner, 3) == [("normal", None, None)]
    assert {row["key"] for row in table(runner)} == {"AWS", "m", "c"}
    runner.execute(
        "UPDATE daily_costs SET cost = 400, customer_key = 'd' WHERE date = DATE '2026-07-29'"
    )
    runner.execute("UPDATE daily_costs SET model = 'n'")
    refresh(runner, NOW)
    ((status, reason, _),) = of_cloud(runner, 3)
    assert (status, reason) == (
        "high",
        "400 USD where 100 were expected and 54 to 183 are usual",
    )
    assert {row["key"] for row in table(runner)} == {"AWS", "n", "c", "d"}


def test_days_that_are_not_complete_any_more_have_no_row() -> None:
    runner = in_duckdb(steady())
    refresh(runner, NOW)
    runner.execute("UPDATE ledger SET data_through = DATE '2026-07-28'")
    refresh(runner, NOW)
    assert max(row["date"] for row in table(runner)) == date(2026, 7, 28)  # type: ignore[type-var]


def test_bills_of_an_older_month_that_come_later_are_computed_too() -> None:
    runner = in_duckdb(steady(40))
    assert refresh(runner, NOW).first == date(2026, 5, 31)
    for row in steady(100).of["daily_costs"][:60]:
        runner.execute(
            "INSERT INTO daily_costs BY NAME SELECT * REPLACE"
            f" (DATE '{row['date']}' AS date) FROM daily_costs LIMIT 1"
        )
    for month in ("04", "05"):
        runner.execute(
            "INSERT INTO ledger BY NAME SELECT * REPLACE"
            f" (DATE '2026-{month}-01' AS billing_period) FROM ledger LIMIT 1"
        )
    assert refresh(runner, NOW).first == LAST - timedelta(days=99)
    assert refresh(runner, NOW).first == date(2026, 5, 31)


def test_an_empty_warehouse_has_no_anomalies() -> None:
    runner = in_duckdb(Rows())
    assert refresh(runner, NOW).first is None
    assert table(runner) == []


def test_four_weeks_have_to_be_known_before_a_day_is_judged() -> None:
    runner = in_duckdb(steady(29, {-1: "900", -2: "900"}))
    refresh(runner, NOW)
    assert of_cloud(runner, 2, 1) == [
        ("learning", "learning: 27 of 28 days are known", None),
        ("high", "900 USD where 100 were expected and 54 to 183 are usual", None),
    ]


def test_a_spike_that_lasts_is_told_once_and_one_after_a_quiet_week_again() -> None:
    jumps = {-20: "400", -19: "400", -13: "400", -5: "400", -4: "20"}
    runner = in_duckdb(steady(60, jumps))
    refresh(runner, NOW)
    found = [status for status, _, _ in of_cloud(runner, 20, 19, 13, 5, 4)]
    assert found == ["high", "quiet", "quiet", "high", "low"]
    assert str(of_cloud(runner, 19)[0][1]).endswith(" are usual, as in the 7 days before")


def test_a_change_of_few_dollars_is_no_anomaly_however_far_it_is() -> None:
    runner = in_duckdb(steady(60, {-1: "5.99", -2: "6.01"}, usual="1"))
    refresh(runner, NOW)
    (told, few) = of_cloud(runner, 2, 1)
    assert (told[0], few[0]) == ("high", "normal")
    assert str(few[1]).endswith(" are usual, but less than 5 USD apart")


def test_credits_taxes_and_purchases_are_no_part_of_a_series() -> None:
    rows = steady()
    for charge in ("credit", "tax", "purchase", "refund"):
        rows.cost("AWS", LAST, "5000", charge_type=charge)
    rows.cost("AWS", LAST, "-1", charge_type="discount")
    runner = in_duckdb(rows)
    refresh(runner, NOW)
    assert of_cloud(runner, 1) == [("normal", None, None)]
    assert {row["actual"] for row in table(runner) if row["date"] == LAST} == {Decimal(99)}


def launch(day: date, until: date | None = None, **named: str) -> Event:
    model, customer = named.get("model", ""), named.get("customer", "")
    return Event(day, until or day, Cloud.AWS, model, customer, "launch")


def test_an_expected_spike_is_quiet_and_says_why_and_one_that_outlasts_it_is_told() -> None:
    runner = in_duckdb(steady(60, {-3: "400", -2: "400", -1: "400"}))
    refresh(runner, NOW, [launch(date(2026, 7, 29), date(2026, 7, 30))])
    assert [(status, event) for status, _, event in of_cloud(runner, 4, 3, 2, 1)] == [
        ("normal", None),
        ("quiet", "launch"),
        ("quiet", "launch"),
        ("high", None),
    ]
    assert str(of_cloud(runner, 3)[0][1]).endswith(" are usual, as was expected: launch")


def test_a_drop_is_told_even_while_a_spike_is_expected() -> None:
    runner = in_duckdb(steady(60, {-1: "2"}))
    refresh(runner, NOW, [launch(LAST)])
    assert [(status, event) for status, _, event in of_cloud(runner, 1)] == [("low", "launch")]


@pytest.mark.parametrize(
    ("event", "quiet"),
    [
        (launch(LAST), {"cloud", "model", "customer"}),
        (launch(LAST, model="m"), {"cloud", "model", "customer"}),
        (launch(LAST, model="other"), {"cloud", "customer"}),
        (launch(LAST, customer="other"), {"cloud", "model"}),
        (Event(LAST, LAST, Cloud.GCP, "", "", "elsewhere"), set[str]()),
        (Event(LAST, LAST, None, "", "", "anywhere"), {"cloud", "model", "customer"}),
    ],
)
def test_an_event_that_names_a_model_or_customer_leaves_the_others_watched(
    event: Event, quiet: set[str]
) -> None:
    runner = in_duckdb(steady(60, {-1: "400"}))
    refresh(runner, NOW, [event])
    found = [row for row in table(runner) if row["date"] == LAST]
    assert {row["series"] for row in found if row["status"] == "quiet"} == quiet
    assert {str(row["status"]) for row in found} <= {"quiet", "high"}


def test_an_events_text_is_text() -> None:
    runner = in_duckdb(steady(60, {-1: "400"}))
    hostile = "O'Brien\\'); DROP TABLE daily_costs; --"
    refresh(runner, NOW, [Event(LAST, LAST, None, hostile, hostile, hostile)])
    refresh(runner, NOW, [Event(LAST, LAST, None, "", "", hostile)])
    assert {row["event"] for row in table(runner) if row["date"] == LAST} == {hostile}


def test_the_numbers_in_force_are_whole_weeks() -> None:
    numbers = definition()
    assert numbers.spread_days % 7 == numbers.level_days % 7 == 0
    assert 0 < numbers.level_days <= numbers.spread_days
