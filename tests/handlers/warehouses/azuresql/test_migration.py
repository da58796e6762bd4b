"""Making the tables and the users: additive, idempotent, and with no right too many."""

import contextlib
import re
from dataclasses import replace
from uuid import UUID

import pytest

from handlers.errors import WarehouseError
from handlers.record import COLUMNS
from handlers.tables import TABLES, VERSION
from handlers.warehouses.azuresql.names import Principal, Rights
from handlers.warehouses.azuresql.port import SqlError
from handlers.warehouses.azuresql.statements import lock
from tests.fakes.azuresql import FakeAzureSql, said
from tests.handlers.warehouses.azuresql.loads import COLLECTOR, Loads, bill

READER = Principal("ai-cost-grafana", UUID("eeeeffff-0000-4000-8000-0123456789ab"), Rights.READER)
FACTS = "dbo.llm_consumption"


def columns(server: FakeAzureSql, table: str) -> dict[str, tuple[object, ...]]:
    """What the catalog says of a table: type, length, precision, scale, collation, nullable."""
    schema, _, name = table.partition(".")
    rows = server.rows(
        "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION,"
        " NUMERIC_SCALE, COLLATION_NAME, IS_NULLABLE FROM catalog_views.columns"
        " WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
        schema,
        name,
    )
    return {str(row[0]): row[1:] for row in rows}


def test_the_tables_are_those_of_the_record_with_lengths_that_count_characters(
    loads: Loads,
) -> None:
    found = columns(loads.server, FACTS)
    assert list(found) == [column.name for column in COLUMNS]
    for column in COLUMNS:
        kind, length, precision, scale, collation, nullable = found[column.name]
        assert nullable == ("YES" if column.nullable else "NO")
        match column.kind:
            case "text":
                assert (kind, length) == ("varchar", 4 * column.limit)
                assert collation == "Latin1_General_100_BIN2_UTF8"
            case "decimal":
                assert (kind, precision, scale) == ("decimal", 38, 9)
            case _:
                assert kind == "date"
    names = {row[0] for row in loads.server.rows(
        "SELECT DISTINCT TABLE_NAME FROM catalog_views.columns WHERE TABLE_SCHEMA = 'dbo'"
    )}  # fmt: skip
    assert names == {table.name for table in TABLES} - {"llm_costs"} | {"llm_consumption", "outbox"}


def test_to_migrate_again_changes_nothing(loads: Loads) -> None:
    calls: list[str] = []
    rights, users = set(loads.server.rights), dict(loads.server.users)
    loads.server.before = calls.append
    loads.migrate()
    assert not [each for each in calls if each.startswith(("CREATE", "ALTER", "INSERT"))]
    assert (loads.server.rights, loads.server.users) == (rights, users)
    assert loads.server.rows("SELECT version FROM dbo.schema_version") == [(VERSION,)]


def test_a_column_that_is_new_is_added_and_old_rows_stay(loads: Loads) -> None:
    loads.write(bill())
    loads.collect()
    server = loads.server
    for place in ("dbo", "staging"):
        server.rows(f'ALTER TABLE {place}.llm_consumption DROP COLUMN "billing_entity"')
        server.columns[f"{place}.llm_consumption"] -= {"billing_entity"}
    server.rows(
        "DELETE FROM catalog_views.columns WHERE COLUMN_NAME = 'billing_entity'"
        " AND TABLE_NAME = 'llm_consumption'"
    )
    server.rows("UPDATE dbo.schema_version SET version = 1")
    with pytest.raises(WarehouseError, match=f"version {VERSION} and found version 1.*migrate"):
        loads.collect()
    loads.migrate()
    assert columns(server, FACTS)["billing_entity"][-1] == "YES"
    loads.write(bill(cost="2", version=1))
    loads.collect()
    assert loads.cost() == 6


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("NUMERIC_SCALE = 2", r"cost_usd is DECIMAL\(38, 2\) there and DECIMAL\(38, 9\) here"),
        ("DATA_TYPE = 'float'", r"cost_usd is FLOAT there and DECIMAL\(38, 9\) here"),
        ("COLUMN_NAME = 'theirs'", "theirs is NOT NULL there and unknown here"),
    ],
)
def test_an_incompatible_column_is_an_error_that_names_both_sides_and_changes_nothing(
    loads: Loads, change: str, found: str
) -> None:
    loads.server.rows(
        f"UPDATE catalog_views.columns SET {change} WHERE TABLE_NAME = 'llm_consumption'"
        " AND TABLE_SCHEMA = 'dbo' AND COLUMN_NAME = 'cost_usd'"
    )
    before = columns(loads.server, FACTS)
    with pytest.raises(WarehouseError, match=found):
        loads.migrate()
    assert columns(loads.server, FACTS) == before


def test_a_text_of_another_collation_is_an_error(loads: Loads) -> None:
    loads.server.rows(
        "UPDATE catalog_views.columns SET COLLATION_NAME = 'SQL_Latin1_General_CP1_CI_AS'"
        " WHERE TABLE_NAME = 'llm_consumption' AND COLUMN_NAME = 'customer_id'"
        " AND TABLE_SCHEMA = 'dbo'"
    )
    with pytest.raises(
        WarehouseError, match=r"customer_id is VARCHAR.*_CI_AS there and.*BIN2_UTF8"
    ):
        loads.migrate()


def test_a_migration_that_is_cut_off_leaves_nothing_and_the_next_makes_all(
    server: FakeAzureSql, loads: Loads
) -> None:
    fresh = FakeAzureSql()
    other = Loads(fresh, loads.folder / "cut")
    lost = said(40197, "The service has encountered an error processing your request")
    seen: list[str] = []

    def cut(what: str) -> None:
        seen.append(what)
        if len(seen) == 20:
            raise lost

    fresh.before = cut
    other.migrate()
    assert seen.count("LOGIN") == 2
    assert fresh.rights == server.rights
    assert len(fresh.columns) == len(server.columns)
    fresh.close()


def test_the_user_is_known_by_the_bytes_of_the_identitys_client_id(loads: Loads) -> None:
    # As .NET's Guid.ToByteArray writes it: the first three groups turned round.
    assert loads.server.users == {COLLECTOR.name: "0xBBBBAAAA0000004080000123456789AB"}


def test_a_user_of_that_name_that_is_another_identitys_is_an_error(loads: Loads) -> None:
    other = replace(COLLECTOR, client_id=UUID(int=7))
    loads.principals = (other,)
    with pytest.raises(WarehouseError, match="belongs to another identity than"):
        loads.migrate()


@pytest.mark.parametrize("name", ["", "x]; DROP TABLE dbo.ledger --", "a b", "ü", "[x]", "x" * 129])
def test_a_name_that_needs_more_than_brackets_is_refused(name: str) -> None:
    with pytest.raises(WarehouseError, match="allowed are letters, digits"):
        Principal(name, UUID(int=1), Rights.READER)


def may(loads: Loads, user: str, sql: str) -> bool:
    session = loads.server.connecting(user)()
    with contextlib.closing(session):
        try:
            session.execute(sql)
        except SqlError as error:
            if "permission was denied" in str(error):
                return False
            raise
    return True


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE dbo.[x] ([a] INT NULL)",
        "ALTER TABLE dbo.[ledger] ADD [a] INT NULL",
        "CREATE USER [y] WITH SID = 0x00000000000000000000000000000000, TYPE = E",
        "DELETE FROM dbo.[ledger]",
        "DELETE FROM dbo.[outbox]",
        "UPDATE dbo.[ledger] SET [status] = 'loaded'",
        "UPDATE dbo.[outbox] SET [load_id] = 'x'",
        "UPDATE dbo.[llm_consumption] SET [cost_usd] = 0",
        "DELETE FROM dbo.[schema_version]",
        "INSERT INTO dbo.[budgets] ([limits]) VALUES ('x')",
    ],
)
def test_the_collector_may_load_and_nothing_else(loads: Loads, sql: str) -> None:
    assert not may(loads, COLLECTOR.name, sql)


def test_a_reader_may_read_what_is_loaded_and_nothing_else(loads: Loads) -> None:
    loads.principals = (COLLECTOR, READER)
    loads.migrate()
    assert may(loads, READER.name, "SELECT [cost_usd] FROM dbo.[llm_consumption]")
    for sql in (
        "SELECT [attempt] FROM staging.[llm_consumption]",
        "DELETE FROM dbo.[llm_consumption]",
        "UPDATE dbo.[outbox] SET [published_at] = '2026-01-01'",
    ):
        assert not may(loads, READER.name, sql)


def test_without_an_administrator_migrate_says_who_can(loads: Loads) -> None:
    warehouse = loads.warehouse()
    alone = type(warehouse)(loads.database(), loads.folder)
    with pytest.raises(WarehouseError, match="Send the command migrate"):
        alone.migrate()


def test_two_migrations_at_once_are_one_after_the_other(loads: Loads) -> None:
    loads.server.longest_wait = 0.1
    holder = loads.server.connecting()()
    holder.execute("BEGIN TRANSACTION")
    held = lock("ai-cost-monitoring migrate", 1000)
    assert holder.fetch(held.sql, held.values) == [(0,)]
    with pytest.raises(
        WarehouseError, match=re.escape("'ai-cost-monitoring migrate' was not free")
    ):
        loads.migrate()
    holder.close()
    loads.migrate()
