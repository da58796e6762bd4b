"""The page about parity: comparisons written and counted by hand, and as the gate counts them."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from dashboards.queries.sql import queries
from handlers.parity import green_days
from handlers.record import Cloud
from tests.dashboards.engines import HUB, Answer, Rows, in_duckdb, with_days, with_filters
from tests.dashboards.hub_rows import ACME, NOV, OCT, names
from tests.dashboards.test_queries import Engine, engines, usd
from tests.sql.engines import in_duckdb as held

LAST = date(2026, 11, 15)


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001 - as the table holds it


def compared(
    rows: Rows,
    cloud: str,
    when: datetime,
    status: str,
    *,
    period: date = NOV,
    costs: tuple[str | None, str | None] = ("10", "10"),
    common: str | None = "L1",
) -> None:
    """A bill as a whole: ``costs`` on the hub's path and on the cloud's own."""
    hub, native = (None if cost is None else Decimal(cost) for cost in costs)
    rows.add(
        "parity",
        checked_at=when,
        cloud_provider=cloud,
        scope="a1",
        billing_period=period,
        status=status,
        compared_load_id=common,
        hub_cost_usd=hub,
        native_cost_usd=native,
    )


def part(rows: Rows, when: datetime, model: str, hub: str | None, native: str | None) -> None:
    """A difference of Azure's bill of October."""
    cells: dict[str, Decimal | int] = {}
    for path, cost in (("hub", hub), ("native", native)):
        if cost is not None:
            cells |= {f"{path}_rows": 3, f"{path}_usage": Decimal(7)}
            cells |= {f"{path}_cost_usd": Decimal(cost), f"{path}_gross_usd": Decimal(cost) + 1}
    rows.add(
        "parity",
        checked_at=when,
        cloud_provider="Azure",
        scope="a1",
        billing_period=OCT,
        status="different",
        compared_load_id="L1",
        model=model,
        token_type="input",
        customer_key=ACME,
        **cells,
    )


def paths() -> Rows:
    """AWS is in transit after it was equal; of Azure one bill differs, one was never compared."""
    rows = Rows()
    names(rows)
    today, yesterday = at(LAST, 6), at(LAST - timedelta(days=1), 6)
    compared(rows, "AWS", yesterday, "equal")
    compared(rows, "AWS", today, "in_transit", costs=("10", "12.50"))
    compared(rows, "AWS", today, "equal", period=OCT)
    compared(rows, "Azure", yesterday, "equal", period=OCT)
    compared(rows, "Azure", today, "different", period=OCT, costs=("20", "18.25"))
    compared(rows, "Azure", today, "in_transit", costs=("4", None), common=None)
    part(rows, yesterday, "of yesterday", "9", "1")
    part(rows, today, "gpt", "20", "19")
    part(rows, today, "phi", "0.75", None)
    # After the chosen time.
    compared(rows, "AWS", at(LAST + timedelta(days=1), 6), "different")
    return rows


def asked(engine: Engine, name: str, rows: Rows, **chosen: list[str]) -> Answer:
    sql = with_days(queries()[name].sql(HUB), LAST - timedelta(days=29), LAST)
    return engine(rows, with_filters(sql, chosen))


@engines
def test_bills_are_counted_by_their_newest_comparison(engine: Engine) -> None:
    assert asked(engine, "parity_total", paths()) == [
        {
            "different_bills": 1,
            "transit_bills": 2,
            "transit_cost": usd("6.5"),  # 2.50 more on one path, 4 on no other
            "equal_bills": 1,
        }
    ]
    (azure,) = asked(engine, "parity_total", paths(), cloud_filter=["Azure"])
    assert list(azure.values()) == [1, 1, 4, 0]


@engines
def test_without_a_second_path_there_is_no_number_and_no_row(engine: Engine) -> None:
    (empty,) = asked(engine, "parity_total", Rows())
    assert set(empty.values()) == {None}
    for name in ("parity_days", "parity_bills", "parity_differences"):
        assert asked(engine, name, Rows()) == []


@engines
def test_every_bill_is_listed_with_what_each_path_holds_and_the_worst_first(
    engine: Engine,
) -> None:
    found = asked(engine, "parity_bills", paths())
    shown = ("cloud", "month", "state", "differences", "hub_cost", "native_cost", "path_difference")
    assert [tuple(row[name] for name in shown) for row in found] == [
        ("Azure", "2026-10", "different", 2, 20, usd("18.25"), usd("-1.75")),
        ("AWS", "2026-11", "in transit", 0, 10, usd("12.5"), usd("2.5")),
        ("Azure", "2026-11", "never compared", 0, 4, None, -4),
        ("AWS", "2026-10", "equal", 0, 10, 10, 0),
    ]


@engines
def test_a_difference_is_shown_with_the_rows_that_make_it(engine: Engine) -> None:
    found = asked(engine, "parity_differences", paths())
    shown = ("model", "customer", "hub_rows", "native_rows", "path_difference", "gross_difference")
    name = "O\"Brien\\ & 'Sons'"
    assert [tuple(row[each] for each in shown) for row in found] == [
        ("gpt", name, 3, 3, -1, -1),
        ("phi", name, 3, None, usd("-0.75"), usd("-1.75")),
    ]
    only = asked(engine, "parity_differences", paths(), model_filter=["phi"])
    assert [row["model"] for row in only] == ["phi"]


@engines
def test_days_are_counted_back_to_the_last_that_was_red_or_not_compared(engine: Engine) -> None:
    rows = Rows()
    for back in range(9):
        compared(rows, "AWS", at(LAST - timedelta(days=back), 6), "equal")
    compared(rows, "AWS", at(LAST, 5), "different")  # mended an hour later
    for back in (1, 2, 4):
        compared(rows, "Azure", at(LAST - timedelta(days=back), 6), "in_transit")
    found = asked(engine, "parity_days", rows)
    shown = ("cloud", "green_days", "wanted_days", "verdict")
    assert [tuple(row[name] for name in shown) for row in found] == [
        ("AWS", 9, 7, "long enough"),
        ("Azure", 2, 7, "not yet"),
    ]
    compared(rows, "AWS", at(LAST, 7), "equal", common=None)  # a bill that never met
    assert asked(engine, "parity_days", rows)[0]["green_days"] == 0


@pytest.mark.parametrize("seed", range(10))
def test_the_page_counts_days_as_the_gate_does(seed: int) -> None:
    chance = random.Random(seed)
    rows = Rows()
    for back in range(chance.randint(1, 25)):
        for hour in range(chance.choice((0, 1, 1, 1, 2))):
            for period in (OCT, NOV):
                status = chance.choices(("equal", "in_transit", "different"), (12, 4, 1))[0]
                common = None if chance.random() < 0.03 else "L1"
                when = at(LAST - timedelta(days=back), hour)
                compared(rows, "AWS", when, status, period=period, common=common)
    counted = green_days(held(rows), Cloud.AWS, LAST)
    shown = [row["green_days"] for row in asked(in_duckdb, "parity_days", rows)]
    assert shown == ([counted] if rows.of else [])
