"""The hub's tables and views in DuckDB: both paths of every bill, as BigQuery holds them.

Views are the ones that are deployed, put into DuckDB's dialect by sqlglot; what BigQuery itself
makes of them is tested against its emulator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

import duckdb
import sqlglot

from handlers.alerts.hub import BOTH_PATHS, PLAIN_TABLES, shared_words
from handlers.alerts.laptop import DuckDbRunner
from handlers.alerts.runner import Cell, Row
from handlers.record import Cloud
from handlers.tables import AMOUNT, FACTS, HUB_TABLES, TABLES, Table
from handlers.warehouses.bigquery import FACT_TABLES, views
from handlers.warehouses.bigquery.schema import hub_fields

_PLACE = "project.hub"
_EMPTY: Mapping[str, Cell] = {
    "VARCHAR": "",
    "DATE": date(2026, 1, 1),
    "TIMESTAMP": datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None),
}


@cache
def _views() -> tuple[str, ...]:
    """The views as DuckDB creates them; a translation takes a tenth of a second."""
    made: list[str] = []
    for view in views():
        sql = view.sql("some-project", "hub")
        (text,) = sqlglot.transpile(sql, read="bigquery", write="duckdb")
        body = text.replace('"some-project".', "project.").replace(
            '"some-project.hub', '"project.hub'
        )
        made.append(f"CREATE VIEW {_PLACE}.{view.name} AS {body}")
    return tuple(made)


@dataclass(frozen=True)
class DuckDbHub:
    """A hub in memory; a ``handlers.alerts.runner.Runner``."""

    connection: duckdb.DuckDBPyConnection
    runner: DuckDbRunner

    @classmethod
    def empty(cls) -> "DuckDbHub":
        """The tables and views without a row."""
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("ATTACH ':memory:' AS project")
        connection.execute("CREATE SCHEMA project.hub")
        for table in (*TABLES, *HUB_TABLES):
            names = FACT_TABLES.values() if table is FACTS else (table.name,)
            columns = ", ".join(f"{field.name} {field.type}" for field in hub_fields(table))
            for name in names:
                connection.execute(f"CREATE TABLE {_PLACE}.{name} ({columns})")
        for statement in _views():
            connection.execute(statement)
        return cls(connection, DuckDbRunner(connection, place=_PLACE))

    def add(self, table: Table, **cells: Cell) -> None:
        """Add a row; what is left out is empty, zero or null."""
        self.add_all(table, [cells])

    def add_all(self, table: Table, rows: Sequence[Row]) -> None:
        """Add rows, all of one cloud."""
        fields = hub_fields(table)
        names = {field.name for field in fields}
        assert all(row.keys() <= names for row in rows), rows
        cloud = rows[0].get("cloud_provider")
        name = FACT_TABLES[Cloud(str(cloud))] if table is FACTS else table.name
        self.connection.execute(
            f"INSERT INTO {_PLACE}.{name} VALUES "
            + ", ".join(f"({', '.join('?' for _ in fields)})" for _ in rows),
            [
                row.get(field.name, None if field.nullable else _EMPTY.get(field.type, 0))
                for row in rows
                for field in fields
            ],
        )

    def words(self) -> Mapping[str, str]:
        """SQL for each word of a query's file."""
        names = (*(view.name for view in views()), *PLAIN_TABLES, *BOTH_PATHS)
        tables = {name: f"{_PLACE}.{name}" for name in names}
        return {**tables, **shared_words(tables, tuple(Cloud)), "amount": AMOUNT}

    def literal(self, text: str) -> str:
        """``text`` as SQL."""
        return self.runner.literal(text)

    def rows(self, sql: str) -> Sequence[Row]:
        """What ``sql`` answers."""
        return self.runner.rows(sql)

    def execute(self, sql: str) -> None:
        """Run one statement."""
        self.runner.execute(sql)

    def replace(self, table: Table, condition: str, query: str) -> None:
        """Put what ``query`` gives in the place of the rows that ``condition`` holds for."""
        self.runner.replace(table, condition, query)

    def insert(self, table: Table, rows: Sequence[Sequence[Cell]]) -> None:
        """Add rows, in the order of the table's columns."""
        self.runner.insert(table, rows)
