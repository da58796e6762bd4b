"""Every statement that goes to Azure SQL, read by Microsoft's own parser."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from handlers.ledger import LedgerRow, Status
from handlers.record import Cloud
from handlers.tables import FACTS, LOADED, PUBLISHED_TO_HUB, Field
from handlers.warehouses.azuresql import statements
from handlers.warehouses.azuresql.names import Principal, Rights, Schema, quoted, table_name
from handlers.warehouses.azuresql.schema import (
    DBO_TABLES,
    create,
    create_focus_view,
    create_staging,
    staging_type,
    type_of,
)
from handlers.warehouses.azuresql.statements import Statement
from tests.sql.scriptdom import syntax_errors

pytestmark = pytest.mark.engine

AT = datetime(2026, 11, 2, 4)  # noqa: DTZ001 - as the tables have it
PERIOD = date(2026, 11, 1)
ROW = LedgerRow(
    "L1", Cloud.AZURE, "s", PERIOD, "v", "r", "d", AT, AT, Status.LOADED, cost_usd=Decimal(1)
)
NAME = "ai-cost.collector_1@x"


def every_statement() -> Iterator[Statement]:
    yield from map(
        Statement,
        (
            statements.BEGIN,
            statements.COMMIT,
            statements.ABORT_ON_ERROR,
            statements.SNAPSHOT,
            f"CREATE SCHEMA {Schema.STAGING}",
        ),
    )
    yield statements.lock("x", 1000)
    yield statements.committed(ROW)
    yield statements.written(ROW, AT)
    yield from statements.replacing(ROW, "a")
    yield from statements.saying(ROW, AT)
    for table in LOADED:
        yield statements.unstage(table, "a")
        yield statements.unstage_before(table, "a")
        yield Statement(create_staging(table))
    yield statements.history(Cloud.AZURE, "s", PERIOD)
    yield statements.loaded()
    yield statements.held()
    yield statements.costs(Cloud.AZURE, "s", PERIOD)
    yield statements.accounts(Cloud.AZURE, PERIOD)
    yield statements.unpublished()
    yield statements.published("L1", AT, AT)
    for table in PUBLISHED_TO_HUB:
        yield statements.publication(table, ROW)
    yield statements.version()
    yield statements.version_row(1, AT)
    yield statements.live_columns()
    yield statements.schemas()
    for table in DBO_TABLES:
        yield Statement(create(table))
    yield Statement(create_focus_view())
    new = Field("new_one", "VARCHAR", nullable=True)
    for schema, kind in ((Schema.DBO, type_of), (Schema.STAGING, staging_type)):
        added = f"ADD {quoted(new.name)} {kind(FACTS, new)} NULL"
        yield Statement(f"ALTER TABLE {table_name(FACTS, schema)} {added}")
    for rights in Rights:
        principal = Principal(NAME, UUID(int=7), rights)
        yield statements.user(principal)
        yield statements.create_user(principal)
        yield from statements.grants(principal)


def test_every_statement_is_t_sql() -> None:
    texts = [each.sql for each in every_statement()]
    assert len(texts) > 100
    found = dict(zip(texts, syntax_errors(texts), strict=True))
    assert {text: errors for text, errors in found.items() if errors} == {}


def test_every_value_that_a_statement_names_is_bound_and_none_is_null() -> None:
    for each in every_statement():
        assert each.sql.count("?") == len(each.values), each.sql
        assert None not in each.values


def test_the_parser_refuses_what_other_dialects_take() -> None:
    wrong = [
        "SELECT a FROM t LIMIT 1",
        "SELECT a = b OR c AS d FROM t",
        "SELECT a FROM t JOIN u USING (a)",
        "SELECT a FROM t ORDER BY a NULLS LAST",
        "SELECT a FROM (SELECT a FROM t)",
        "SELECT key FROM t",
        "CREATE TABLE IF NOT EXISTS t (a INT)",
        "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE",
        "CREATE USER x] WITH SID = 0x00, TYPE = E",
    ]
    assert all(syntax_errors(wrong))
