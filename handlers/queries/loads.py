"""The ledger's rows, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from handlers.queries.answer import Answer, ask
from handlers.tables import LEDGER


@dataclass(frozen=True)
class LoadSelection:
    """Loads whose columns have one of the values; ``load`` is a load id or its beginning."""

    values: Mapping[str, Sequence[object]] = field(default_factory=dict[str, Sequence[object]])
    load: str | None = None
    newest: int | None = None


def loads(connection: duckdb.DuckDBPyConnection, selection: LoadSelection) -> Answer:
    """The ledger's columns; rows are only ever added, so their order is that of the events."""
    tests = ["TRUE"]
    bound: list[object] = []
    for name, values in selection.values.items():
        if values and name in LEDGER.names:
            tests.append(f"{name} IN ({', '.join('?' * len(values))})")
            bound += values
    if selection.load is not None:
        tests.append("starts_with(load_id, ?)")
        bound.append(selection.load)
    question = (
        f"SELECT {', '.join(LEDGER.names)} FROM {LEDGER.name} WHERE {' AND '.join(tests)}"
        " ORDER BY rowid DESC"
    )
    if selection.newest is not None:
        question += " LIMIT ?"
        bound.append(selection.newest)
    return ask(connection, question, bound)


def number_of_loads(connection: duckdb.DuckDBPyConnection) -> int:
    """How many rows the ledger has."""
    row = connection.execute(f"SELECT count(*) FROM {LEDGER.name}").fetchone()
    return int(row[0]) if row else 0
