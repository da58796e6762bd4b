"""Checks regular expressions with the engine that will run them (RE2, as DuckDB and BigQuery)."""

import duckdb

LENGTH_LIMIT = 1_000
"""Characters in a regular expression."""


def expression_fault(connection: duckdb.DuckDBPyConnection, expression: str) -> str:
    """Why ``expression`` can't name a customer: bad syntax, or not exactly one capture.

    Empty when it can.
    """
    if len(expression) > LENGTH_LIMIT:
        return f"{len(expression)} characters"
    try:
        connection.execute("SELECT regexp_matches('', ?)", [expression])
    except duckdb.Error as error:
        return str(error).removeprefix("Invalid Input Error: ").splitlines()[0]
    if not _has_captures(connection, expression, ["first"]):
        return "no capture"
    if _has_captures(connection, expression, ["first", "second"]):
        return "more than one capture"
    return ""


def _has_captures(connection: duckdb.DuckDBPyConnection, expression: str, names: list[str]) -> bool:
    """True when there is a capture for each name: the engine refuses names without one."""
    try:
        connection.execute("SELECT regexp_extract('', ?, ?)", [expression, names])
    except duckdb.BinderException:
        return False
    return True
