"""The view of FOCUS has the specification's columns, and every amount of the facts once."""

import re
from datetime import datetime
from decimal import Decimal

import duckdb
import pytest
import sqlglot

from handlers.focus import Dialect, focus_columns, left_out, select_list
from handlers.record import ChargeType
from handlers.tables import FACTS
from handlers.warehouses.azuresql.schema import create, create_focus_view
from tests.fakes.azuresql import FakeAzureSql
from tests.handlers.focus.facts import every_kind
from tools.focus import TARGET, page

SPECIFIED = re.findall(
    r"\w+",
    """
AvailabilityZone BilledCost BillingAccountId BillingAccountName BillingAccountType BillingCurrency
BillingPeriodEnd BillingPeriodStart CapacityReservationId CapacityReservationStatus ChargeCategory
ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd ChargePeriodStart
CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName CommitmentDiscountQuantity
CommitmentDiscountStatus CommitmentDiscountType CommitmentDiscountUnit ConsumedQuantity ConsumedUnit
ContractedCost ContractedUnitPrice EffectiveCost InvoiceId InvoiceIssuerName ListCost ListUnitPrice
PricingCategory PricingCurrency PricingCurrencyContractedUnitPrice PricingCurrencyEffectiveCost
PricingCurrencyListUnitPrice PricingQuantity PricingUnit ProviderName PublisherName RegionId
RegionName ResourceId ResourceName ResourceType ServiceCategory ServiceName ServiceSubcategory SkuId
SkuMeter SkuPriceDetails SkuPriceId SubAccountId SubAccountName SubAccountType Tags
""",
)
"""https://focus.finops.org/focus-specification/v1-2/: its 57 columns."""


def in_duckdb(select: str) -> list[tuple[object, ...]]:
    """What a SELECT of the facts answers, in the order of their loads."""
    names = ", ".join(f'"{field.name}" {field.type}' for field in FACTS.fields)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE facts ({names})")
        for row in every_kind():
            marks = ", ".join("?" * len(FACTS.fields))
            cells = [row[name] for name in FACTS.names]
            connection.execute(f"INSERT INTO facts VALUES ({marks})", cells)
        return connection.execute(f"{select} FROM facts ORDER BY load_id").fetchall()


def focus_rows() -> list[dict[str, object]]:
    names = [column.name for column in focus_columns()]
    rows = in_duckdb(f"SELECT {select_list(Dialect.DUCKDB)}")
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_every_column_of_the_specification_is_there_or_left_out_with_a_reason() -> None:
    own = [column.name for column in focus_columns() if column.name.startswith("x_")]
    there = [column.name for column in focus_columns() if not column.name.startswith("x_")]
    assert len(SPECIFIED) == 57
    assert sorted([*there, *left_out()]) == sorted(SPECIFIED)
    assert {"x_Model", "x_TokenType", "x_CustomerId", "x_ServiceTier"} <= set(own)
    assert all(left_out().values())
    assert all(column.meaning for column in focus_columns())


def test_the_page_about_focus_says_what_the_mapping_says() -> None:
    assert TARGET.read_text(encoding="utf-8") == page(), "python -m tools.focus"


def test_each_kind_of_charge_has_a_category_and_none_is_dropped() -> None:
    kinds = {str(row["x_ChargeType"]): row["ChargeCategory"] for row in focus_rows()}
    assert kinds == {
        "usage": "Usage", "discount": "Usage", "idle": "Usage", "purchase": "Purchase",
        "fee": "Purchase", "tax": "Tax", "credit": "Credit", "refund": "Adjustment",
        "adjustment": "Adjustment",
    }  # fmt: skip
    assert set(kinds) == set(ChargeType)


def test_the_sums_are_those_of_the_facts() -> None:
    facts, rows = every_kind(), focus_rows()
    assert len(rows) == len(facts) == 27

    def total(values: list[object]) -> Decimal:
        return sum((Decimal(str(value)) for value in values), Decimal(0))

    for column, name in (("cost_usd", "BilledCost"), ("gross_cost_usd", "ContractedCost")):
        assert total([row[name] for row in rows]) == total([row[column] for row in facts])
    amortised = [
        Decimal(0)
        if row["charge_type"] == "purchase"
        else row["cost_usd"]
        if row["effective_cost_usd"] is None
        else row["effective_cost_usd"]
        for row in facts
    ]
    assert [row["EffectiveCost"] for row in rows] == amortised
    used = [row["usage_amount"] for row in facts if row["charge_type"] == "usage"]
    assert total([row["PricingQuantity"] or 0 for row in rows]) == total(used)


def test_periods_end_where_the_next_begins() -> None:
    last = next(row for row in focus_rows() if row["BillingPeriodStart"] == datetime(2026, 12, 1))  # noqa: DTZ001
    assert last["BillingPeriodEnd"] == datetime(2027, 1, 1)  # noqa: DTZ001
    assert last["ChargePeriodStart"] == datetime(2026, 12, 28)  # noqa: DTZ001
    assert last["ChargePeriodEnd"] == datetime(2026, 12, 29)  # noqa: DTZ001


@pytest.mark.slow
def test_redshift_and_azure_sql_answer_as_duckdb_does() -> None:
    expected = in_duckdb(f"SELECT {select_list(Dialect.DUCKDB)}")
    redshift = f"SELECT {select_list(Dialect.REDSHIFT)}"
    assert in_duckdb(sqlglot.transpile(redshift, read="redshift", write="duckdb")[0]) == expected
    server = FakeAzureSql()
    session = server.connecting()()
    session.execute("BEGIN TRANSACTION")
    session.execute(create(FACTS))
    session.execute(create_focus_view())
    session.execute("COMMIT TRANSACTION")
    rows = [tuple(row[name] for name in FACTS.names) for row in every_kind()]
    session.bulk("dbo.[llm_consumption]", FACTS.names, rows)
    session.close()
    found = server.rows("SELECT * FROM dbo.focus_costs ORDER BY x_LoadId")
    server.close()
    assert found == expected


def test_a_name_is_written_once_in_every_dialect() -> None:
    names = [column.name for column in focus_columns()]
    for dialect in Dialect:
        assert re.findall(r"(?m) AS (\w+),?$", select_list(dialect)) == names
