"""The rows of the fact table one by one, each with a number to go on from."""

import duckdb

from handlers.errors import UsageError
from handlers.queries.answer import Answer, ask
from handlers.queries.selection import Selection
from handlers.tables import FACTS

ROW_COLUMNS = (
    "date",
    "cloud_provider",
    "billing_period",
    "scope",
    "account_id",
    "region",
    "service",
    "sku_description",
    "sku_id",
    "model",
    "token_type",
    "service_tier",
    "customer_id",
    "project_id",
    "charge_type",
    "pricing_unit",
    "resource_id",
    "invoice_id",
    "billing_entity",
    "billing_currency",
    "rule_id",
    "load_id",
)
"""What tells rows apart that their lines say too. Rows that differ in nothing else (only in how a
customer's tag is written) are taken for one."""

_ROW_AMOUNTS = ("usage_amount", "cost_usd", "billing_cost")


def rows(connection: duckdb.DuckDBPyConnection, selection: Selection, limit: int | None) -> Answer:
    """The selected rows, numbered from 1, the dearest first; at most ``limit`` of them.

    Columns: ``row``, ``ROW_COLUMNS``, ``usage_amount``, ``usage_unit``, ``cost_usd`` and
    ``billing_cost``.
    """
    question, values = _rows(selection)
    if limit is not None:
        question += " LIMIT ?"
        values.append(limit)
    return ask(connection, question, values)


def row_selection(
    connection: duckdb.DuckDBPyConnection, selection: Selection, number: int
) -> Selection:
    """A selection of the row that ``rows`` gives this number.

    Raises:
        UsageError: there are not so many rows.
    """
    question, values = _rows(selection)
    names = ", ".join(ROW_COLUMNS)
    found = ask(connection, f"SELECT {names} FROM ({question}) WHERE row = ?", [*values, number])
    if not found.rows:
        raise UsageError(
            f"--row {number}: the selection has {number_of_rows(connection, selection)} rows."
            " The same options with --rows number them."
        )
    return Selection(exact=dict(zip(found.columns, found.rows[0], strict=True)))


def number_of_rows(connection: duckdb.DuckDBPyConnection, selection: Selection) -> int:
    """How many rows ``rows`` has without a limit."""
    question, values = _rows(selection)
    found = connection.execute(f"SELECT count(*) FROM ({question})", values).fetchone()
    return int(found[0]) if found else 0


def _rows(selection: Selection) -> tuple[str, list[object]]:
    where, values = selection.where()
    names = ", ".join(ROW_COLUMNS)
    sums = ", ".join(f"sum({name}) AS {name}" for name in _ROW_AMOUNTS)
    return (
        f"SELECT row_number() OVER (ORDER BY sum(cost_usd) DESC, {names}) AS row, {names},"
        f" {sums}, any_value(usage_unit) AS usage_unit"
        f" FROM {FACTS.name} WHERE {where} GROUP BY {names} ORDER BY row",
        values,
    )
