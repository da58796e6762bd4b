"""The rules about loads and invoices on data that must and that must not fire."""

from datetime import date
from decimal import Decimal

import pytest

from handlers.alerts.runner import Cell
from tests.handlers.alerts.asking import CLOUDS, Engine, answers, dollars, engines, values
from tests.handlers.alerts.hub_data import NOV, OCT, compared, hub_rows
from tests.handlers.alerts.hub_data import moment as at
from tests.sql.engines import Rows


@engines
def test_each_expected_cloud_has_an_age_and_one_that_never_loaded_is_a_year_old(
    engine: Engine,
) -> None:
    # The older of AWS's two scopes was loaded on the 14th at 3, Google's bill on the 13th at 5.
    found = values(engine, "stale_data", hub_rows())
    assert found == {"AWS": (33, False), "Azure": (8760, True), "GCP": (55, True)}
    assert values(engine, "stale_data", Rows()) == dict.fromkeys(CLOUDS, (8760, True))


@engines
def test_late_bills_are_told_with_what_a_day_of_the_cloud_costs(engine: Engine) -> None:
    rows = hub_rows()  # AWS is complete through the 13th and has no cost from the 7th on
    rows.cost("AWS", date(2026, 11, 7), "16.00", model="claude")
    rows.cost("AWS", date(2026, 11, 13), "5.50", model="claude")
    rows.cost("AWS", date(2026, 11, 13), "-0.50", model="claude", charge_type="discount")
    rows.cost("AWS", date(2026, 11, 13), "70.00", model="none", charge_type="tax")
    rows.cost("AWS", date(2026, 11, 6), "70.00", model="claude")
    rows.cost("GCP", date(2026, 11, 12), "10.00", model="gemini")  # beside 4.00 of that day
    assert dollars(engine, "stale_data", rows) == {"AWS": 3, "Azure": 0, "GCP": 2}


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


@engines
@pytest.mark.parametrize(
    ("difference", "cells", "told"),
    [
        ("10", {}, 10),
        ("-12.5", {}, Decimal("12.5")),
        ("9.99", {}, 0),  # less than a thousandth of what is stated
        ("10", {"reason": "rounding"}, 0),
        ("10", {"reason": "tax, unexplained"}, 10),
        ("10", {"charge_type": "tax"}, 0),
        ("10", {"stated": None}, 10),
        ("10", {"billing_period": date(2026, 6, 1)}, 0),
        ("900", {"checked_at": at(14, 5)}, 0),  # a later comparison found no difference
    ],
)
def test_an_unexplained_difference_of_the_last_comparison_is_told_in_dollars(
    engine: Engine, difference: str, cells: dict[str, Cell], told: Decimal | int
) -> None:
    rows = Rows()
    if "checked_at" in cells:
        compared(rows, "0")
    compared(rows, difference, **cells)
    found = {row["cloud"]: row["usd"] for row in answers(engine, "invoice_difference", rows)}
    assert found == {"AWS": told, "Azure": 0, "GCP": 0}


@engines
def test_of_a_bill_on_two_paths_the_one_that_differs_is_told(engine: Engine) -> None:
    rows = Rows()
    for warehouse, difference in (("azuresql", "0"), ("hub", "20"), ("redshift", "0")):
        compared(rows, difference, warehouse=warehouse)
    assert values(engine, "invoice_difference", rows)["AWS a1 2026-10 cost_explorer"] == (20, True)


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
