import duckdb
import pytest

from handlers.ledger import LedgerRow
from handlers.record import COLUMNS
from handlers.tables import DAILY, FACTS, HOURLY, LEDGER, LOADED, TABLES, Replaced, Table


def test_the_facts_have_the_records_columns_in_the_records_order() -> None:
    assert FACTS.names == tuple(column.name for column in COLUMNS)
    assert {field.name for field in FACTS.fields if field.nullable} == {
        column.name for column in COLUMNS if column.nullable
    }


def test_the_ledgers_columns_are_the_fields_of_its_row() -> None:
    assert set(LEDGER.names) == set(LedgerRow.__dataclass_fields__)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_can_be_created_from_its_fields(table: Table) -> None:
    columns = ", ".join(f"{field.name} {field.type}" for field in table.fields)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE {table.name} ({columns})")
        made = connection.execute(f"DESCRIBE {table.name}").fetchall()
    assert tuple(str(row[0]) for row in made) == table.names
    assert not any("DOUBLE" in str(row[1]) or "FLOAT" in str(row[1]) for row in made)


def test_what_a_load_replaces_can_be_found_by_bill_or_by_load() -> None:
    for table in LOADED:
        assert table.replaced is not Replaced.NEVER
        if table.replaced is Replaced.PERIOD:
            assert {"cloud_provider", "scope", "billing_period"} <= set(table.names)
        else:
            assert "load_id" in table.names


def test_the_roll_ups_have_the_keys_that_dashboards_ask_for() -> None:
    assert set(DAILY.names) == {
        "warehouse", "scope", "billing_period", "date", "cloud_provider", "model", "token_type",
        "customer_key", "charge_type", "service_tier", "usage_unit", "usage", "cost", "effective",
        "gross", "list",
    }  # fmt: skip
    assert set(HOURLY.names) == {
        "scope", "billing_period", "date", "hour", "cloud_provider", "model", "customer_key",
        "charge_type", "usage", "unit", "cost",
    }  # fmt: skip
