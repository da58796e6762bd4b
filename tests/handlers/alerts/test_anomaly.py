"""The anomaly rule on data that must and that must not fire, counted by hand."""

from datetime import date, timedelta

import pytest

from handlers.alerts import rules
from handlers.alerts.runner import Row
from tests.handlers.alerts.asking import Engine, answers, engines
from tests.handlers.alerts.hub_data import ACME, GLOBEX, HOSTILE, anomalous, anomaly
from tests.sql.engines import Rows


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
def test_an_incident_stays_the_same_whoever_leads_it_the_next_day(engine: Engine) -> None:
    rows = anomalous()
    anomaly(rows, ("AWS", "model", "claude"), date(2026, 11, 12), ("400", "250"), "high")
    led = [answer(engine, rows)]
    anomaly(rows, ("AWS", "model", "nova"), date(2026, 11, 13), ("290", "90"), "high")
    led.append(answer(engine, rows))
    assert [row["model"] for row in led] == ["claude", "nova"]
    (rule,) = (rule for rule in rules() if rule.id == "anomaly")
    first, second = ([row[label] for label in rule.key] for row in led)
    assert first == second == ["AWS", "more", "2026-11-12"]


@engines
@pytest.mark.parametrize(("before", "begins"), [(10, 10), (9, 13), (8, 13)])
def test_an_incident_goes_on_while_the_alert_of_the_day_before_is_on(
    engine: Engine, before: int, begins: int
) -> None:
    rows = anomalous()
    anomaly(rows, ("AWS", "customer", ACME), date(2026, 11, before), ("900", "250"), "high")
    anomaly(rows, ("AWS", "model", "nova"), date(2026, 11, 13), ("290", "90"), "high")
    row = answer(engine, rows)
    assert (row["day"], row["usd"], row["cause"]) == (
        f"2026-11-{begins:02}",
        200,
        "most of it model nova",
    )


def answer(engine: Engine, rows: Rows) -> Row:
    """Of AWS, the only cloud with an anomaly."""
    (found,) = (row for row in answers(engine, "anomaly", rows) if row["cloud"] == "AWS")
    return found


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
