"""An answer: named columns and rows, as a warehouse gave them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

Cell = object
"""Text, a whole number, a ``Decimal``, a day, a time, or None."""


@dataclass(frozen=True)
class Answer:
    """Rows under their columns' names."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]

    def column(self, name: str) -> list[Cell]:
        """The values of the column ``name``."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]


def ask(
    connection: duckdb.DuckDBPyConnection, question: str, values: Sequence[object] = ()
) -> Answer:
    """The answer to an SQL question with ``values`` bound to its ``?``."""
    cursor = connection.execute(question, list(values))
    columns = tuple(str(column[0]) for column in cursor.description or ())
    return Answer(columns, cursor.fetchall())


def amount(cell: Cell) -> Decimal:
    """A cell that holds an amount; nothing counts as zero."""
    return cell if isinstance(cell, Decimal) else Decimal(str(cell or 0))
