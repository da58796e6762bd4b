"""A cloud's warehouse in each dialect, over the same rows, asked as Grafana asks."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any, TypeAlias

import duckdb
import sqlglot

from dashboards.detail.dialects import Dialect, Store, own_store
from dashboards.detail.metrics import ABOUT_ONE, SIDE, metrics
from dashboards.queries.sql import FILTERS
from handlers.record import Cloud
from handlers.tables import FACTS, LEDGER, Table
from handlers.warehouses.azuresql.schema import OUTBOX, create
from tests.dashboards.engines import HUB, Answer, with_days
from tests.fakes.azuresql import FakeAzureSql
from tests.fakes.azuresql_sql import translate
from tests.fakes.redshift_sql import Plain, read

Row: TypeAlias = Mapping[str, object]
Chosen: TypeAlias = Mapping[str, Sequence[str]]
Ask: TypeAlias = Callable[[str], Answer]


_ZEROS: Mapping[str, object] = {
    "VARCHAR": "",
    "DATE": date(2026, 1, 1),
    "TIMESTAMP": datetime(2026, 1, 1),  # noqa: DTZ001 - the tables hold UTC without saying so
    "BIGINT": 0,
    "SMALLINT": 0,
}


@dataclass
class Content:
    """What a warehouse holds; what a row leaves out is empty."""

    facts: list[Row] = field(default_factory=list[Row])
    ledger: list[Row] = field(default_factory=list[Row])
    outbox: list[Row] = field(default_factory=list[Row])

    def of(self) -> Mapping[str, tuple[Table, list[Row]]]:
        """Each table and its rows, by the name that a ``Store`` knows it under."""
        return {
            "costs": (FACTS, self.facts),
            "ledger": (LEDGER, self.ledger),
            "outbox": (OUTBOX, self.outbox),
        }


def quoted(dialect: Dialect, value: str) -> str:
    """A value as Grafana's format writes it: packages/scenes, formatRegistry.ts."""
    if dialect.quoting == "singlequote":
        return "'" + value.replace("'", "\\'") + "'"
    return "'" + value.replace("'", "''").replace('"', '\\"') + "'"


def asked_by_grafana(dialect: Dialect, sql: str, days: tuple[date, date], chosen: Chosen) -> str:
    """``sql`` with the time and the filters put in."""

    def put(match: re.Match[str]) -> str:
        assert match[2] == dialect.quoting
        values = chosen.get(match[1])
        return ", ".join(quoted(dialect, each) for each in values) if values else "'__all'"

    return re.sub(r"\$\{(\w+):(\w+)\}", put, with_days(sql, *days))


def _in_bigquery(content: Content, store: Store) -> Ask:
    connection = duckdb.connect()
    connection.execute(files("handlers.alerts").joinpath("duckdb.sql").read_text("utf-8"))
    for word, (table, rows) in content.of().items():
        name = {"costs": store.costs, "ledger": store.ledger}.get(word, "outbox")
        _fill(connection, _bare(name), table, rows)
    return lambda sql: answer(connection, _bare(sql))


def _bare(sql: str) -> str:
    return re.sub(r"`[^`]*\.(\w+)`", r"\1", sql)


def _in_redshift(content: Content, store: Store) -> Ask:
    """Redshift divides whole numbers into whole ones."""
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA llm_costs; SET integer_division = true")
    for word, (table, rows) in content.of().items():
        _fill(connection, getattr(store, word), table, rows)

    def ask(sql: str) -> Answer:
        assert isinstance(read(sql), Plain)
        return answer(connection, sqlglot.transpile(sql, read="redshift", write="duckdb")[0])

    return ask


def _in_tsql(content: Content, store: Store) -> Ask:
    server = FakeAzureSql()
    session = server.connecting()()
    session.execute("BEGIN TRANSACTION")
    for table, _ in content.of().values():
        session.execute(create(table))
    session.execute("COMMIT TRANSACTION")
    session.close()
    for word, (table, rows) in content.of().items():
        _insert(
            server.database, getattr(store, word).replace("[", "").replace("]", ""), table, rows
        )
    return lambda sql: ask_azuresql(server, sql)


def ask_azuresql(server: FakeAzureSql, sql: str) -> Answer:
    """The answer with its columns, which the warehouse's port does not give."""
    text = translate(sql, frozenset(server.columns.items())).sql
    with server.database.cursor() as cursor:
        return answer(cursor, text)


def _fill(
    connection: duckdb.DuckDBPyConnection, name: str, table: Table, rows: Sequence[Row]
) -> None:
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table.fields)
    connection.execute(f"CREATE TABLE {name} ({columns})")
    _insert(connection, name, table, rows)


def _insert(
    connection: duckdb.DuckDBPyConnection, name: str, table: Table, rows: Sequence[Row]
) -> None:
    marks = ", ".join("?" * len(table.fields))
    for row in rows:
        connection.execute(f"INSERT INTO {name} VALUES ({marks})", complete(table, row))


def complete(table: Table, row: Row) -> list[object]:
    """The row's cells in the table's order."""
    return [
        row.get(column.name, None if column.nullable else _ZEROS.get(column.type, Decimal(0)))
        for column in table.fields
    ]


def plain(cell: object) -> object:
    """Values that are equal in every engine: rounded numbers, days and moments as text."""
    match cell:
        case datetime():
            return cell.replace(tzinfo=None).isoformat()
        case date():
            return cell.isoformat()
        case int() | float() | Decimal():
            return round(Decimal(str(cell)), 6).normalize() + 0
        case _:
            return cell


def answer(connection: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    """Rows by the names of their columns."""
    found = connection.execute(sql)
    names = [str(column[0]) for column in found.description]
    return [
        {name: plain(cell) for name, cell in zip(names, row, strict=True)}
        for row in found.fetchall()
    ]


_MAKE: Mapping[Dialect, tuple[Store, Callable[[Content, Store], Ask]]] = {
    Dialect.BIGQUERY: (own_store(HUB, Cloud.GCP), _in_bigquery),
    Dialect.REDSHIFT: (own_store(HUB, Cloud.AWS), _in_redshift),
    Dialect.TSQL: (own_store(HUB, Cloud.AZURE), _in_tsql),
}


@dataclass(frozen=True)
class Stand:
    """A stand-in for the warehouse that speaks ``dialect``, filled once and only read."""

    dialect: Dialect
    ask: Ask

    @classmethod
    def of(cls, dialect: Dialect, content: Content) -> "Stand":
        """One that holds ``content`` as bills of its cloud."""
        store, make = _MAKE[dialect]
        cloud = {"cloud_provider": store.cloud.value}
        ours = Content(
            [{**row, **cloud} for row in content.facts],
            [{**row, **cloud} for row in content.ledger],
            content.outbox,
        )
        return cls(dialect, make(ours, store))

    def asked(
        self,
        name: str,
        days: tuple[date, date],
        chosen: Chosen | None = None,
        words: Mapping[str, str] | None = None,
    ) -> Answer:
        """What it answers to a metric; columns named by a cloud are named ``cloud...``."""
        store, _ = _MAKE[self.dialect]
        filters = tuple(FILTERS) if name.startswith(SIDE) else ABOUT_ONE
        sql = metrics()[name].sql(store, filters, words)
        found = self.ask(asked_by_grafana(self.dialect, sql, days, chosen or {}))
        mine = rf"^{store.cloud.value.lower()}"
        return [{re.sub(mine, "cloud", key): cell for key, cell in row.items()} for row in found]


def fact(day: date, cost: str, **cells: Any) -> Row:  # noqa: ANN401 - any cell of the record
    """A row of usage that costs so much, paid as charged."""
    said = {
        "date": day,
        "billing_period": day.replace(day=1),
        "cost_usd": Decimal(cost),
        "gross_cost_usd": Decimal(cost),
        "charge_type": "usage",
        "usage_unit": "tokens",
        "usage_amount": Decimal(1000),
        "service": "S",
        "sku_description": "K",
        "model": "m",
    }
    return {**said, **cells}


def loaded(scope: str, period: date, finished: datetime, through: date | None, **cells: Any) -> Row:  # noqa: ANN401 - any cell of the ledger
    """A row of the ledger."""
    said = {
        "load_id": f"{scope}-{finished:%d%H}",
        "scope": scope,
        "billing_period": period,
        "data_through": through,
        "started_at": finished,
        "finished_at": finished,
        "status": "loaded",
    }
    return {**said, **cells}
