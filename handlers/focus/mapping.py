"""From ``columns.toml`` to the columns of a SELECT over the facts, in each warehouse's dialect."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TypedDict, cast

from handlers.quoting import literal
from handlers.record import UsageUnit

FOCUS_VERSION = "1.2"

VIEW = "focus_costs"
"""The view's name in every warehouse."""

_PROVIDERS = {"AWS": "AWS", "Azure": "Microsoft", "GCP": "Google Cloud"}


class Dialect(StrEnum):
    """Whose SQL it is; the name of its section in ``dialects.toml``."""

    DUCKDB = "duckdb"
    BIGQUERY = "bigquery"
    REDSHIFT = "redshift"
    TSQL = "tsql"


@dataclass(frozen=True)
class FocusColumn:
    """A column of the view: its name, where it comes from, and what it means.

    ``source`` is a column of the record, or None; ``values`` are FOCUS's words by the record's.
    ``sql`` is the expression, with ``{words}`` of the dialect.
    """

    name: str
    source: str | None
    values: Mapping[str, str]
    sql: str
    meaning: str


class _Written(TypedDict, total=False):
    values: dict[str, str]
    sql: str
    means: str


def focus_columns() -> tuple[FocusColumn, ...]:
    """The view's columns, in order."""
    written = cast("Mapping[str, _Written]", _file("columns.toml")["columns"])
    return tuple(_column(name, each) for name, each in written.items())


def left_out() -> Mapping[str, str]:
    """The columns of FOCUS 1.2 that the view does not have, and why."""
    return cast("Mapping[str, str]", _file("columns.toml")["left_out"])


def select_list(dialect: Dialect) -> str:
    """The columns of a SELECT over the facts, one to a line."""
    own = cast("Mapping[str, str]", _file("dialects.toml")[dialect])
    words = {
        **own,
        "no_text": f"CAST(NULL AS {own['text']})",
        "usd": "'USD'",
        "category": "'AI and Machine Learning'",
        "subcategory": "'Generative AI'",
        "provider": _chosen("cloud_provider", _PROVIDERS),
        "unit": _chosen("usage_unit", {unit: unit.replace("_", "-").title() for unit in UsageUnit}),
    }
    return ",\n".join(
        f"    {column.sql.format(**words)} AS {column.name}" for column in focus_columns()
    )


def _column(name: str, written: _Written) -> FocusColumn:
    source = cast("str | None", written.get("from"))
    values = written.get("values", {})
    sql = written.get("sql") or (_chosen(source or "", values) if values else source or "")
    return FocusColumn(name, source, values, sql, written.get("means", ""))


def _chosen(column: str, values: Mapping[str, str]) -> str:
    branches = " ".join(f"WHEN {literal(key)} THEN {literal(word)}" for key, word in values.items())
    return f"CASE {column} {branches} END"


# Every query of a dashboard names the hub's views, and each view asks for this.
@cache
def _file(name: str) -> Mapping[str, object]:
    return tomllib.loads(files("handlers.focus").joinpath(name).read_text("utf-8"))
