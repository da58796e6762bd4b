"""The rules about budgets and forecasts on data that must and that must not fire."""

from datetime import date

from tests.handlers.alerts.asking import Engine, dollars, engines, usd, values
from tests.handlers.alerts.hub_data import ACME, NOV, OCT, budget, hub_rows
from tests.handlers.alerts.hub_data import moment as at


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
