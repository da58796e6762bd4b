"""The rows of a load: text, keys, commitments, hours, currencies, roll-ups."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from handlers.load.stage import create_macros
from tests.handlers.load.bills import COMPUTE, NOVA, AwsBill, Line, write_bill, write_site
from tests.handlers.load.runs import collect, query

PERIOD = date(2026, 11, 1)
SCOPE = "111122223333"
WRITTEN = datetime(2026, 11, 20, 4, tzinfo=UTC)


def load(folder: Path, *lines: Line, **site: str) -> Path:
    """The warehouse that holds a bill of these lines alone."""
    write_bill(folder / "bills", AwsBill(SCOPE, PERIOD, lines, WRITTEN))
    warehouse = folder / "w" / "costs.duckdb"
    collect(folder / "bills", warehouse, write_site(folder / "site", **site))
    return warehouse


def cut(text: str | None, size: int) -> str | None:
    with duckdb.connect() as connection:
        create_macros(connection)
        row = connection.execute("SELECT cut(?, ?)", [text, size]).fetchone()
    assert row is not None
    return row[0]


def test_text_within_the_limit_stays_as_it_is() -> None:
    assert cut("x" * 40, 40) == "x" * 40
    assert cut("ü" * 40, 40) == "ü" * 40
    assert cut(None, 40) is None


def test_longer_text_is_cut_to_the_limit_and_stays_unique() -> None:
    one, other = "ä" * 60 + "1", "ä" * 60 + "2"
    assert cut(one, 40) == "ä" * 23 + "~" + hashlib.sha256(one.encode()).hexdigest()[:16]
    assert len(cut(one, 40) or "") == 40
    assert cut(one, 40) != cut(other, 40)


def test_customers_with_long_names_stay_apart_and_join_with_their_dimension(
    tmp_path: Path,
) -> None:
    names = ["c" * 300 + "1", "c" * 300 + "2"]
    store = load(tmp_path, *(Line(PERIOD, "1", tags={"customer": name}) for name in names))
    rows = query(
        store,
        "SELECT customer_id, length(customer_id), customer_key, name FROM llm_costs"
        " JOIN dimensions ON dimension = 'customer' AND key = customer_key ORDER BY 1",
    )
    assert len(rows) == 2
    for customer, length, key, name in rows:
        assert (length, name) == (256, customer)
        assert key == hashlib.sha256(customer.encode()).hexdigest()[:16]


def test_dimensions_offer_every_customer_model_project_and_account_once(tmp_path: Path) -> None:
    store = load(
        tmp_path,
        Line(PERIOD, "1", tags={"customer": "acme", "project": "chat"}),
        Line(PERIOD + timedelta(days=1), "1", tags={"customer": "acme"}),
        Line(PERIOD, "1", usage_type=NOVA, account="222222222222"),
    )
    found = query(store, "SELECT dimension, name FROM dimensions ORDER BY ALL")
    assert found == [
        ("account", "210987654321"),
        ("account", "222222222222"),
        ("customer", "acme"),
        ("customer", "untagged"),
        ("model", "claude-sonnet-4.5"),
        ("model", "nova-pro"),
        ("project", "chat"),
        ("project", "untagged"),
    ]


def test_a_credit_lowers_what_is_paid_and_not_the_gross_cost(tmp_path: Path) -> None:
    store = load(tmp_path, Line(PERIOD, "10"), Line(PERIOD, "-4", line_type="Credit"))
    found = query(
        store,
        "SELECT charge_type, cost_usd, gross_cost_usd, usage_amount FROM llm_costs ORDER BY 1",
    )
    assert found == [("credit", -4, 0, 0), ("usage", 10, 10, 1000)]


COMMITTED = {
    "reservation_reservation_a_r_n": "arn:aws:bedrock:us-east-1:1:reserved/1",
}


def test_a_commitment_costs_what_it_covers_on_its_day_and_the_unused_part_is_idle(
    tmp_path: Path,
) -> None:
    unused = {
        "reservation_unused_amortized_upfront_fee_for_billing_period": "3",
        "reservation_unused_recurring_fee": "1.5",
    }
    store = load(
        tmp_path,
        Line(PERIOD, "120", line_type="Fee", extra=COMMITTED),
        Line(PERIOD, "30", line_type="RIFee", extra={**COMMITTED, **unused}),
        Line(
            PERIOD, "0", line_type="DiscountedUsage",
            extra={**COMMITTED, "reservation_effective_cost": "5.5"},
        ),
        Line(
            PERIOD, "8", line_type="SavingsPlanCoveredUsage",
            extra={"savings_plan_savings_plan_effective_cost": "6"},
        ),
        Line(PERIOD, "-8", line_type="SavingsPlanNegation"),
        Line(PERIOD, "2"),
    )  # fmt: skip
    found = query(
        store,
        "SELECT charge_type, sum(cost_usd), sum(effective_cost_usd) FROM llm_costs"
        " GROUP BY ALL ORDER BY ALL",
    )
    assert found == [
        ("discount", -8, 0),
        ("idle", 0, Decimal("4.5")),
        ("purchase", 150, 0),
        ("usage", 10, Decimal("13.5")),
    ]


def test_hours_add_up_to_the_days_of_an_hourly_bill(tmp_path: Path) -> None:
    lines = [
        Line(PERIOD + timedelta(days=day), f"0.{hour + 1:02d}", hour=hour, quantity=str(hour))
        for day in range(2)
        for hour in range(24)
    ]
    store = load(tmp_path, *lines)
    hourly = (
        "SELECT date, model, customer_key, charge_type, unit, sum(cost), sum(usage)"
        " FROM hourly_costs GROUP BY ALL ORDER BY ALL"
    )
    daily = (
        "SELECT date, model, customer_key, charge_type, usage_unit, sum(cost), sum(usage)"
        " FROM daily_costs GROUP BY ALL ORDER BY ALL"
    )
    assert query(store, hourly) == query(store, daily)
    # One cent and up to twenty-four make three dollars a day.
    assert [row[5] for row in query(store, hourly)] == [3, 3]
    cost = "SELECT cost, usage FROM hourly_costs WHERE date = ? AND hour = 23"
    assert query(store, cost, PERIOD) == [(Decimal("0.24"), Decimal(23000))]


def test_a_daily_bill_has_no_hours(tmp_path: Path) -> None:
    store = load(tmp_path, Line(PERIOD, "1"))
    assert query(store, "SELECT count(*) FROM hourly_costs") == [(0,)]


def test_roll_ups_add_up_to_the_facts(tmp_path: Path) -> None:
    lines = [
        Line(PERIOD, "0.0000000014", tags={"customer": name}, usage_type=sku, region=region)
        for name in ("acme", "globex")
        for sku in (NOVA, "USE1-Claude4.5Sonnet-output-tokens")
        for region in ("us-east-1", "eu-west-1", "")
    ]
    store = load(tmp_path, *lines)
    facts = query(
        store,
        "SELECT model, customer_key, sum(cost_usd), sum(usage_amount) FROM llm_costs"
        " GROUP BY ALL ORDER BY ALL",
    )
    # Three regions of a customer, each rounded to a nano-dollar.
    assert {row[2] for row in facts} == {Decimal("3e-9")}
    daily = "SELECT model, customer_key, sum(cost), sum(usage) FROM daily_costs GROUP BY ALL"
    digests = "SELECT model, customer_key, cost_usd, usage_amount FROM load_digests"
    assert query(store, f"{daily} ORDER BY ALL") == facts
    assert query(store, f"{digests} ORDER BY ALL") == facts
    assert query(store, "SELECT sum(rows) FROM load_digests") == [(12,)]


def test_lines_of_one_row_are_rounded_once(tmp_path: Path) -> None:
    store = load(tmp_path, *(Line(PERIOD, "0.0000000004") for _ in range(5)))
    assert query(store, "SELECT cost_usd, billing_cost FROM llm_costs") == [
        (Decimal("2e-9"), Decimal("2e-9"))
    ]


def test_lines_with_and_without_a_region_or_its_word_are_one_row_rounded_once(
    tmp_path: Path,
) -> None:
    store = load(
        tmp_path,
        Line(PERIOD, "0.0000000005", region="global"),
        Line(PERIOD, "0.0000000005", region=""),
    )
    found = query(store, "SELECT region, cost_usd, billing_cost FROM llm_costs")
    assert found == [("global", Decimal("1e-9"), Decimal("1e-9"))]


def test_a_bill_in_two_currencies_converts_each_line_by_its_own_rate(tmp_path: Path) -> None:
    store = load(
        tmp_path,
        Line(PERIOD, "10"),
        Line(PERIOD, "151.2", currency="JPY"),
        Line(PERIOD, "302.4", "BoxUsage", product=COMPUTE, currency="JPY"),
        Line(PERIOD, "7", "Storage", product=("AmazonS3", "Amazon S3")),
        rates="currency,month,rate\nJPY,2026-11,151.2\n",
    )
    costs = "SELECT billing_currency, billing_cost, cost_usd FROM"
    assert query(store, f"{costs} llm_costs ORDER BY 1") == [
        ("JPY", Decimal("151.2"), 1),
        ("USD", 10, 10),
    ]
    assert query(store, f"{costs} left_out_costs ORDER BY 1") == [
        ("JPY", Decimal("302.4"), 2),
        ("USD", 7, 7),
    ]
    assert query(store, "SELECT billing_currency FROM ledger") == [("JPY+USD",)]


@pytest.mark.parametrize("key", ["customer_id", "Customer-Id", "CUSTOMER ID", "customer:id"])
def test_a_tag_key_is_found_however_a_bill_spells_it(key: str, tmp_path: Path) -> None:
    store = load(tmp_path, Line(PERIOD, "1", tags={key: "acme"}))
    assert query(store, "SELECT customer_id FROM llm_costs") == [("acme",)]


def test_tag_keys_of_other_alphabets_stay_apart(tmp_path: Path) -> None:
    rules = 'customer_keys = ["顧客"]\nproject_keys = ["案件"]\n'
    tags = {"案件": "chat", "顧客": "acme"}
    store = load(tmp_path, Line(PERIOD, "1", tags=tags), attribution=rules)
    assert query(store, "SELECT customer_id, project_id FROM llm_costs") == [("acme", "chat")]


@pytest.mark.parametrize("key", ["managed-by", "managed_by"])
def test_what_the_platform_itself_costs_is_in_no_ai_total(key: str, tmp_path: Path) -> None:
    own = {key: "ai-cost-monitoring"}
    store = load(
        tmp_path,
        Line(PERIOD, "10"),
        Line(PERIOD, "3", tags=own),
        Line(PERIOD, "4", "BoxUsage", product=COMPUTE, tags=own),
    )
    assert query(store, "SELECT sum(cost_usd) FROM llm_costs") == [(10,)]
    assert query(store, "SELECT sum(cost_usd) FROM platform_costs") == [(7,)]
    assert query(store, "SELECT count(*) FROM left_out_costs") == [(0,)]
