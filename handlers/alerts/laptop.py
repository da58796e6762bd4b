"""A laptop's warehouse as what answers the hub's SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import cast

import duckdb

from handlers.alerts.hub import shared_words
from handlers.alerts.runner import Cell, Row, utc
from handlers.catalog.dialect import DUCKDB
from handlers.record import Cloud
from handlers.tables import AMOUNT, Table

SERVED = {
    "unified_costs": "llm_costs",
    "serving_daily_costs": "daily_costs",
    "serving_hourly_costs": "hourly_costs",
    "serving_unnamed_costs": "unnamed_costs",
    "serving_platform_costs": "platform_costs",
    "serving_dimensions": "dimensions",
    "serving_ledger": "ledger",
}
"""The hub's views, and the table of a laptop's warehouse in their place: it has one path only."""

_PLAIN = (
    "anomalies",
    "alerts",
    "budgets",
    "parity",
    "reconciliation",
    "bill_totals",
)


@dataclass(frozen=True)
class DuckDbRunner:
    """A laptop's warehouse, attached to ``connection`` as ``place``.

    ``DuckDbWarehouse.open()`` gives a connection that can write, ``open_reader`` one that can't.
    """

    connection: duckdb.DuckDBPyConnection
    clouds: tuple[Cloud, ...] = tuple(Cloud)
    place: str = "warehouse"

    def __post_init__(self) -> None:
        macros = files("handlers.alerts").joinpath("duckdb.sql").read_text("utf-8")
        self.connection.execute(macros)

    def words(self) -> Mapping[str, str]:
        """SQL for each word of a query's file."""
        tables = {**SERVED, **{name: name for name in _PLAIN}}
        named = {word: f"{self.place}.{table}" for word, table in tables.items()}
        return {**named, **shared_words(named, self.clouds), "amount": AMOUNT}

    def literal(self, text: str) -> str:
        """``text`` as SQL."""
        return DUCKDB.literal(text)

    def rows(self, sql: str) -> Sequence[Row]:
        """What ``sql`` answers."""
        asked = self.connection.execute(sql)
        names = [str(column[0]) for column in asked.description]
        return [
            dict(zip(names, map(utc, row), strict=True))
            for row in cast("list[tuple[Cell, ...]]", asked.fetchall())
        ]

    def execute(self, sql: str) -> None:
        """Run one statement, wholly or not at all."""
        self.connection.execute(sql)

    def replace(self, table: Table, condition: str, query: str) -> None:
        """Put what ``query`` gives in the place of the rows that ``condition`` holds for.

        Wholly or not at all. ``query`` has the table's columns in their order.
        """
        place, columns = f"{self.place}.{table.name}", ", ".join(table.names)
        self.connection.execute("BEGIN")
        try:
            self.connection.execute(f"DELETE FROM {place} WHERE {condition}")
            self.connection.execute(f"INSERT INTO {place} ({columns})\n{query}")
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise

    def insert(self, table: Table, rows: Sequence[Sequence[Cell]]) -> None:
        """Add rows in one statement."""
        if rows:
            row = f"({', '.join('?' for _ in table.names)})"
            self.connection.execute(
                f"INSERT INTO {self.place}.{table.name} ({', '.join(table.names)}) VALUES "
                + ", ".join(row for _ in rows),
                [cell for each in rows for cell in each],
            )
