"""The facts in the columns of FOCUS, row by row."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from handlers.focus import Dialect, select_list
from handlers.queries.answer import Answer, ask
from handlers.queries.costs import copy_to_parquet
from handlers.queries.selection import Selection
from handlers.tables import FACTS


def focus_rows(connection: duckdb.DuckDBPyConnection, selection: Selection) -> Answer:
    """The selected rows under FOCUS's names, in the order of their days."""
    return ask(connection, *_question(selection))


def write_focus_parquet(
    connection: duckdb.DuckDBPyConnection, selection: Selection, file: Path
) -> None:
    """The same as a Parquet file.

    Raises:
        UsageError: the file can't be written.
    """
    copy_to_parquet(connection, *_question(selection), file)


def _question(selection: Selection) -> tuple[str, Sequence[object]]:
    where, values = selection.where()
    question = (
        f"SELECT\n{select_list(Dialect.DUCKDB)}\nFROM {FACTS.name}\nWHERE {where}\n"
        "ORDER BY date, cloud_provider, scope, billing_period, sku_description, customer_id,"
        " cost_usd DESC"
    )
    return question, values
