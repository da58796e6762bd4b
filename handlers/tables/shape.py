"""What a table is, and how its columns are written down.

Types are in DuckDB's words. Amounts are ``DECIMAL(38, 9)``; USD unless the name says otherwise.
"""

from dataclasses import dataclass
from enum import StrEnum

from handlers.record import COLUMNS, Kind


class Replaced(StrEnum):
    """What a load of (cloud, scope, billing period) deletes from a table before it inserts."""

    PERIOD = "period"
    """The rows of that cloud, scope and period."""
    LOAD = "load"
    """The rows of the same load, so that older loads stay for comparison."""
    NEVER = "never"
    """Nothing: rows are only added."""


@dataclass(frozen=True)
class Field:
    """A column: its name, its type in DuckDB's words, whether it may be NULL, what it means."""

    name: str
    type: str
    nullable: bool = False
    meaning: str = ""


@dataclass(frozen=True)
class Table:
    """A table, what a row of it is, and its columns in order."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    replaced: Replaced

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(field.name for field in self.fields)


AMOUNT = "DECIMAL(38, 9)"
TYPES = {Kind.DATE: "DATE", Kind.TEXT: "VARCHAR", Kind.DECIMAL: AMOUNT}
"""The record's types."""

_MEANINGS = {column.name: column.meaning for column in COLUMNS}


def fields_of(text: str) -> tuple[Field, ...]:
    """``name type: meaning``, one to a line; ``?`` after the type marks what may be NULL.

    Where no meaning is written it is that of the record's column of the same name.
    """
    found: list[Field] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        column, _, meaning = line.partition(": ")
        name, kind = column.split(maxsplit=1)
        nullable = kind.endswith("?")
        kind = kind.removesuffix("?").replace("amount", AMOUNT).replace("text", "VARCHAR")
        found.append(Field(name, kind, nullable, meaning or _MEANINGS.get(name, "")))
    return tuple(found)
