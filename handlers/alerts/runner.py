"""Who answers the hub's SQL: BigQuery in the cloud, a DuckDB warehouse on a laptop.

The text is the same for both. What differs is said by each: names of tables, how a text is quoted,
the type of an amount. ``laptop`` and ``bigquery`` hold the two; nothing here needs their clients.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, TypeAlias

from handlers.tables import Table

Cell: TypeAlias = str | int | float | Decimal | date | datetime | None
"""A value; a ``datetime`` is UTC, without saying so."""
Row: TypeAlias = Mapping[str, Cell]


class Runner(Protocol):
    """Answers the hub's SQL."""

    def words(self) -> Mapping[str, str]:
        """SQL for each word of a query's file."""
        ...

    def literal(self, text: str) -> str:
        """``text`` as SQL."""
        ...

    def rows(self, sql: str) -> Sequence[Row]:
        """What ``sql`` answers."""
        ...

    def execute(self, sql: str) -> None:
        """Run one statement, wholly or not at all."""
        ...

    def replace(self, table: Table, condition: str, query: str) -> None:
        """Put what ``query`` gives in the place of the rows that ``condition`` holds for.

        Wholly or not at all. ``query`` has the table's columns in their order.
        """
        ...

    def insert(self, table: Table, rows: Sequence[Sequence[Cell]]) -> None:
        """Add rows, in the order of the table's columns, all or none."""
        ...


def utc(cell: Cell) -> Cell:
    """A moment without its time zone, which is UTC in both engines."""
    return cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell
