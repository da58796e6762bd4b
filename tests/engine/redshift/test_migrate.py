"""The tables are made by ``migrate``: what is missing is added, what can't be is named."""

import threading

import psycopg
import pytest

from handlers.errors import WarehouseError
from handlers.focus import VIEW, focus_columns
from handlers.tables import SCHEMA_VERSION, VERSION
from handlers.warehouses.redshift.schema import ALL_TABLES, bare_name
from tests.engine.redshift.native import Native

pytestmark = [pytest.mark.engine, pytest.mark.timeout(60)]


def change(native: Native, sql: str) -> None:
    """Change a table; the view goes first, which Redshift binds late and PostgreSQL at once."""
    with psycopg.connect(native.fake.address, autocommit=True) as connection:
        connection.execute(f"DROP VIEW IF EXISTS llm_costs.{VIEW}".encode())
        connection.execute(sql.encode())


def columns(native: Native) -> set[tuple[str, str]]:
    rows = native.fake.query(
        "SELECT table_name, column_name FROM svv_columns WHERE table_schema = 'llm_costs'"
    )
    return {(str(table), str(name)) for table, name in rows}


def test_migrating_twice_makes_every_table_once_and_asks_little(native: Native) -> None:
    native.warehouse().migrate()
    assert columns(native) == {
        (bare_name(table), name) for table in ALL_TABLES for name in table.names
    } | {(VIEW, column.name.lower()) for column in focus_columns()}
    asked = len(native.fake.statements)
    native.warehouse().migrate()
    assert len(native.fake.statements) == asked + 2
    assert [row["version"] for row in native.rows(SCHEMA_VERSION)] == [VERSION]


def test_a_column_that_is_missing_is_added_and_what_people_added_stays(native: Native) -> None:
    native.warehouse().migrate()
    change(native, "ALTER TABLE llm_costs.consumption DROP COLUMN invoice_id")
    change(native, "ALTER TABLE llm_costs.consumption ADD COLUMN note VARCHAR(10)")
    change(native, "ALTER TABLE llm_costs.ledger ALTER COLUMN reason TYPE VARCHAR(9999)")
    native.warehouse().migrate()
    assert {("consumption", "invoice_id"), ("consumption", "note")} <= columns(native)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "ALTER TABLE llm_costs.consumption ALTER COLUMN cost_usd TYPE NUMERIC(20, 4)",
            r"llm_costs.consumption.cost_usd is DECIMAL\(20,4\) there and DECIMAL\(38,9\) here",
        ),
        (
            "ALTER TABLE llm_costs.ledger ALTER COLUMN scope TYPE VARCHAR(12)",
            r"llm_costs.ledger.scope is VARCHAR\(12\) there and VARCHAR\(480\) here",
        ),
        (
            "ALTER TABLE llm_costs.hourly_costs ADD COLUMN own INTEGER NOT NULL",
            "llm_costs.hourly_costs.own is NOT NULL there and unknown here",
        ),
    ],
)
def test_what_can_not_be_changed_is_an_error_that_names_both_sides(
    native: Native, sql: str, said: str
) -> None:
    native.warehouse().migrate()
    change(native, sql)
    with pytest.raises(WarehouseError, match=said):
        native.warehouse().migrate()


def test_two_who_migrate_at_once_both_find_the_tables(native: Native) -> None:
    both = threading.Barrier(2, timeout=20)

    def meet(place: int, sql: str) -> None:
        if place == 0 and sql.startswith("CREATE SCHEMA"):
            both.wait()

    native.fake.before_statement = meet
    errors: list[Exception] = []

    def migrate() -> None:
        try:
            native.warehouse().migrate()
        except WarehouseError as error:
            errors.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len({table for table, _ in columns(native)}) == len(ALL_TABLES) + 1
    assert {row["version"] for row in native.rows(SCHEMA_VERSION)} == {VERSION}
