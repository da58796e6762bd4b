"""Every metric of a cloud's own page, asked of PostgreSQL, answers as it does in DuckDB."""

from collections.abc import Iterator

import psycopg
import pytest

from dashboards.detail.dialects import Dialect, own_store
from dashboards.detail.metrics import metrics
from handlers.record import Cloud
from handlers.tables import FACTS, LEDGER
from handlers.warehouses.redshift.schema import OUTBOX, create
from tests.dashboards.detail.stores import Content, Stand, complete, plain
from tests.dashboards.detail.test_metrics_in_detail import DAYS, HOSTILE, content
from tests.dashboards.engines import HUB, Answer
from tests.fakes.redshift_sql import Plain, read

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

STORE = own_store(HUB, Cloud.AWS)


def told(connection: psycopg.Connection, sql: str) -> psycopg.Cursor:
    """What PostgreSQL says to a statement that Redshift takes."""
    statement = read(sql)
    assert isinstance(statement, Plain)
    return connection.execute(statement.sql.encode())


def fill(connection: psycopg.Connection, held: Content) -> None:
    tables = {"costs": (FACTS, STORE.costs), "ledger": (LEDGER, STORE.ledger)}
    for word, (table, name) in {**tables, "outbox": (OUTBOX, STORE.outbox)}.items():
        told(connection, create(table))
        marks = ", ".join(["%s"] * len(table.fields))
        for row in held.of()[word][1]:
            ours = {**row, "cloud_provider": Cloud.AWS.value}
            connection.execute(
                f"INSERT INTO {name} VALUES ({marks})".encode(), complete(table, ours)
            )


@pytest.fixture(scope="module")
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as made:
        made.execute("DROP SCHEMA IF EXISTS llm_costs CASCADE")
        made.execute("CREATE SCHEMA llm_costs")
        fill(made, content())
        yield made


@pytest.fixture(scope="module")
def in_postgres(connection: psycopg.Connection) -> Stand:
    def ask(sql: str) -> Answer:
        found = told(connection, sql)
        names = [each.name for each in found.description or ()]
        return [{name: plain(cell) for name, cell in zip(names, row, strict=True)} for row in found]

    return Stand(Dialect.REDSHIFT, ask)


@pytest.fixture(scope="module")
def in_duckdb() -> Stand:
    return Stand.of(Dialect.REDSHIFT, content())


@pytest.mark.parametrize("name", metrics())
def test_postgresql_and_duckdb_answer_every_metric_alike_and_in_the_same_order(
    in_postgres: Stand, in_duckdb: Stand, name: str
) -> None:
    expected = in_duckdb.asked(name, DAYS)
    assert expected
    assert in_postgres.asked(name, DAYS) == expected


def test_a_value_with_every_quote_reaches_postgresql_as_it_is(
    in_postgres: Stand, in_duckdb: Stand
) -> None:
    held = {row["sku"] for row in in_postgres.asked("detail_skus", DAYS)}
    assert HOSTILE in held
    chosen = {"model_filter": ["odd"]}
    found = in_postgres.asked("detail_total", DAYS, chosen)
    assert found == in_duckdb.asked("detail_total", DAYS, chosen)
    assert [row["cost"] for row in found] == [plain(2.5)]
