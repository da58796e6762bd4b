"""The hub's tables and views in DuckDB: both paths of every bill, as BigQuery holds them.

Views are the ones that are deployed, put into DuckDB's dialect by sqlglot; what BigQuery itself
makes of them is tested against its emulator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class DuckDbHub:
    """A hub in memory; a ``handlers.alerts.runner.Runner``."""

    connection: duckdb.DuckDBPyConnection

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
        for view in views():
            (text,) = sqlglot.transpile(
                view.sql("some-project", "hub"), read="bigquery", write="duckdb"
            )
            body = text.replace('"some-project"', "project").replace(
                '"some-project.hub', '"project.hub'
            )
            connection.execute(f"CREATE VIEW {_PLACE}.{view.name} AS {body}")
        return cls(connection)

    def add(self, table: Table, **cells: Cell) -> None:
        """Add a row; what is left out is empty, zero or null."""
        fields = hub_fields(table)
        unknown = cells.keys() - {field.name for field in fields}
        assert not unknown, unknown
        said = {name: cell for name, cell in cells.items() if cell is not None}
        empty = {
            "VARCHAR": "''",
            "DATE": "DATE '2026-01-01'",
            "TIMESTAMP": "TIMESTAMP '2026-01-01'",
        }
        values = [
            "?" if field.name in said else "NULL" if field.nullable else empty.get(field.type, "0")
            for field in fields
        ]
        name = FACT_TABLES[Cloud(str(cells["cloud_provider"]))] if table is FACTS else table.name
        self.connection.execute(
            f"INSERT INTO {_PLACE}.{name} VALUES ({', '.join(values)})",
            [said[field.name] for field in fields if field.name in said],
        )

    def words(self) -> Mapping[str, str]:
        """SQL for each word of a query's file."""
        names = (*(view.name for view in views()), *PLAIN_TABLES, *BOTH_PATHS)
        tables = {name: f"{_PLACE}.{name}" for name in names}
        return {**tables, **shared_words(tables, tuple(Cloud)), "amount": AMOUNT}

    def literal(self, text: str) -> str:
        """``text`` as SQL."""
        return self._runner.literal(text)

    def rows(self, sql: str) -> Sequence[Row]:
        """What ``sql`` answers."""
        return self._runner.rows(sql)

    def execute(self, sql: str) -> None:
        """Run one statement."""
        self._runner.execute(sql)

    def replace(self, table: Table, condition: str, query: str) -> None:
        """Put what ``query`` gives in the place of the rows that ``condition`` holds for."""
        self._runner.replace(table, condition, query)

    def insert(self, table: Table, rows: Sequence[Sequence[Cell]]) -> None:
        """Add rows, in the order of the table's columns."""
        self._runner.insert(table, rows)

    @property
    def _runner(self) -> DuckDbRunner:
        return DuckDbRunner(self.connection, place=_PLACE)
