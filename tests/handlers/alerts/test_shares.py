"""The rules about shares and prices on data that must and that must not fire."""

from datetime import date

from tests.handlers.alerts.asking import Engine, answers, dollars, engines, usd, values
from tests.handlers.alerts.hub_data import ACME, GLOBEX, NOV, UNTAGGED, hub_rows, priced, unnamed
from tests.handlers.alerts.hub_data import moment as at
from tests.sql.engines import Rows


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
