"""A panel's SQL asked of DuckDB: what the local viewer and the tests do in Grafana's place.

The text is the one that is deployed, in BigQuery's dialect. Three things stand between the two
engines, and each has one place:

- functions and types that DuckDB lacks: ``handlers/alerts/duckdb.sql``, macros under BigQuery's
  names;
- the hub's views: ``handlers.alerts.laptop.SERVED``, here views of the same names over the
  warehouse's own tables, for a laptop has one path and every row of it is served;
- names in backquotes and Grafana's variables: ``bound``, below. A chosen value is bound, never
  written into the text.
"""

import contextlib
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import duckdb

from dashboards.queries.sql import ALL, FILTERS
from handlers.alerts.hub import PLAIN_TABLES
from handlers.alerts.laptop import SERVED
from handlers.warehouses.duckdb import open_reader

ALL_VALUES = "$__all"
"""What Grafana, and a dashboard's JSON, call the choice of everything."""

_VARIABLE = re.compile(r"\$\{(\w+):([\w:-]+)\}")
_NAME = re.compile(r"`[^`]*?\.(\w+)`")

Cell = object
"""Text, int, float, Decimal, date, datetime (UTC, without saying so) or None."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What a reader has chosen: a time range and values of the filters.

    ``since`` and ``until`` are moments with a time zone; the days of both are in the range.
    ``filters`` has values by the variable's name (``cloud_filter``, ``customer_filter``,
    ``model_filter``); no value, or ``$__all``, is everything.
    """

    since: datetime
    until: datetime
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


@dataclass(frozen=True)
class Answer:
    """Columns and rows as the SQL gives them.

    A target whose ``format`` is 0 is a series: the column ``time``, then either a column of numbers
    per series, or one column of text that names the series and one of numbers (long form, as
    Grafana turns into a series per text).
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@contextlib.contextmanager
def open_hub(path: Path) -> Generator[duckdb.DuckDBPyConnection, None, None]:
    """The published copy of the warehouse ``path``, read only, under the hub's names.

    Raises:
        WarehouseError: nothing has been collected into it yet.
    """
    with open_reader(path) as connection:
        connection.execute("USE memory")
        prepare(connection, "warehouse.")
        yield connection


def prepare(connection: duckdb.DuckDBPyConnection, schema: str = "") -> None:
    """Give ``connection`` BigQuery's functions and the hub's views over the tables in ``schema``.

    ``schema`` is the place of the tables with its dot, such as ``warehouse.``.
    """
    macros = files("handlers.alerts").joinpath("duckdb.sql").read_text("utf-8")
    connection.execute(macros)
    for name, table in {**SERVED, **{name: name for name in PLAIN_TABLES}}.items():
        if f"{schema}{table}" != name:
            connection.execute(f"CREATE TEMP VIEW {name} AS FROM {schema}{table}")


def run(sql: str, chosen: Chosen, connection: duckdb.DuckDBPyConnection) -> Answer:
    """What ``sql`` answers: the ``rawSql`` of a panel's or a variable's target, as deployed.

    ``connection`` is one that ``open_hub`` or ``prepare`` made ready. A variable's options have the
    columns ``__value`` (what a filter carries) and ``__text`` (what a reader sees).

    Raises:
        ValueError: the text has a variable that no dashboard has; a defect of the dashboard.
        duckdb.Error: the text can't be run; a defect of the query.
    """
    text, values = bound(sql, chosen)
    asked = connection.execute(text, values) if values else connection.execute(text)
    columns = tuple(str(column[0]) for column in asked.description)
    return Answer(columns, tuple(tuple(row) for row in asked.fetchall()))


def bound(sql: str, chosen: Chosen) -> tuple[str, Mapping[str, str | int]]:
    """``sql`` for DuckDB, and the values that it binds by name."""
    values: dict[str, str | int] = {}

    def put(match: re.Match[str]) -> str:
        name, form = match[1], match[2]
        if (name, form) == ("__from", "date:seconds"):
            values["since"] = int(chosen.since.timestamp())
            return "$since"
        if (name, form) == ("__to", "date:seconds"):
            values["until"] = int(chosen.until.timestamp())
            return "$until"
        if name not in FILTERS or form != "singlequote":
            raise ValueError(f"{match[0]} is no variable that a dashboard of ours has.")
        picked = chosen.filters.get(name, ())
        if not picked or ALL_VALUES in picked:
            return ALL
        named = {f"{name}_{number}": value for number, value in enumerate(picked)}
        values.update(named)
        return ", ".join(f"${each}" for each in named)

    return _NAME.sub(r"\1", _VARIABLE.sub(put, sql)), values
