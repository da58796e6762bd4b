"""Costs by any of the dimensions."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from handlers.errors import UsageError
from handlers.queries.answer import Answer, ask
from handlers.queries.selection import DIMENSIONS, Selection
from handlers.quoting import literal
from handlers.tables import FACTS

USAGE = ("usage_amount", "usage_unit")
AMOUNTS = ("cost_usd", "gross_cost_usd", "effective_cost_usd", "list_cost_usd")

_MEASURES = """\
    CASE WHEN min(usage_unit) = max(usage_unit) THEN sum(usage_amount) END AS usage_amount,
    {unit}
    sum(cost_usd) AS cost_usd,
    sum(gross_cost_usd) AS gross_cost_usd,
    CASE WHEN count(*) = count(effective_cost_usd) THEN sum(effective_cost_usd) END
        AS effective_cost_usd,
    CASE WHEN count(*) = count(list_cost_usd) THEN sum(list_cost_usd) END AS list_cost_usd"""
"""Usage is added up only where it is of one unit; amounts that some bills do not state are given
only where every row has them, because a sum over a part would read like the whole."""

_UNIT = "CASE WHEN min(usage_unit) = max(usage_unit) THEN min(usage_unit) END AS usage_unit,"


def costs_by(
    connection: duckdb.DuckDBPyConnection, dimensions: Sequence[str], selection: Selection
) -> Answer:
    """A row per combination of ``dimensions`` (of ``DIMENSIONS``), the dearest first.

    Columns: the dimensions, ``USAGE`` (the unit once, where it is a dimension) and ``AMOUNTS``.
    """
    return ask(connection, *_question(dimensions, selection))


def write_parquet(
    connection: duckdb.DuckDBPyConnection,
    dimensions: Sequence[str],
    selection: Selection,
    file: Path,
) -> None:
    """The same as a Parquet file; amounts are decimals with 9 places.

    Raises:
        UsageError: the file can't be written.
    """
    copy_to_parquet(connection, *_question(dimensions, selection), file)


def copy_to_parquet(
    connection: duckdb.DuckDBPyConnection, question: str, values: Sequence[object], file: Path
) -> None:
    """What ``question`` answers with ``values`` bound to its ``?``, as a Parquet file.

    Raises:
        UsageError: the file can't be written.
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE asked AS {question}", list(values))
    try:
        connection.execute(f"COPY (FROM asked) TO {literal(file)} (FORMAT parquet)")
    except duckdb.IOException as error:
        found = str(error).splitlines()[0]
        raise UsageError(f"{file} can't be written: {found}. Name another file.") from None


def _question(dimensions: Sequence[str], selection: Selection) -> tuple[str, list[object]]:
    where, values = selection.where()
    named = "".join(f"    {DIMENSIONS[name]} AS {name},\n" for name in dimensions)
    unit = "" if "usage_unit" in dimensions else _UNIT
    keys = ", ".join(str(place) for place in range(1, len(dimensions) + 1))
    question = (
        f"SELECT\n{named}{_MEASURES.format(unit=unit)}\nFROM {FACTS.name}\nWHERE {where}\n"
        f"GROUP BY {keys}\nORDER BY sum(cost_usd) DESC, {keys}"
    )
    return question, values


def total_costs(connection: duckdb.DuckDBPyConnection, selection: Selection) -> Answer:
    """One row: ``USAGE`` and ``AMOUNTS`` of all that is selected."""
    where, values = selection.where()
    measures = _MEASURES.format(unit=_UNIT)
    return ask(connection, f"SELECT\n{measures}\nFROM {FACTS.name}\nWHERE {where}", values)


def extent(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The days the fact table holds, in words; None when it is empty."""
    row = connection.execute(f"SELECT min(date), max(date) FROM {FACTS.name}").fetchone()
    return None if row is None or row[0] is None else f"{row[0]} to {row[1]}"
