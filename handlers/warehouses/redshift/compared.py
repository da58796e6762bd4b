"""The live tables against the record: what is missing, and what can't be."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.tables import Table
from handlers.warehouses.redshift.jobs import Batch, Jobs
from handlers.warehouses.redshift.names import SCHEMA
from handlers.warehouses.redshift.schema import (
    ALL_TABLES,
    add_column,
    bare_name,
    create,
    limit_of,
    table_name,
    type_of,
)

_COLUMNS = Batch(
    (
        "SELECT table_name, column_name, data_type, character_maximum_length, numeric_precision,"
        f" numeric_scale, is_nullable FROM svv_columns WHERE table_schema = '{SCHEMA}'",
    ),
    {},
)
"""https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMNS.html"""

_TYPES = {
    "character varying": "VARCHAR",
    "numeric": "DECIMAL",
    "timestamp without time zone": "TIMESTAMP",
}

Live = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""What the catalog says of each column, by table and name."""


@dataclass(frozen=True)
class Differences:
    """The statements that make what is missing, and what has another type than it should have."""

    missing: tuple[str, ...]
    otherwise: tuple[str, ...]


def differences(jobs: Jobs) -> Differences:
    """Compare every table of the schema with the record.

    Raises:
        WarehouseError: Redshift can't be asked.
    """
    live: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in jobs.rows("columns", _COLUMNS):
        live.setdefault(str(row["table_name"]), {})[str(row["column_name"])] = row
    missing: list[str] = [] if live else [f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"]
    otherwise: list[str] = []
    for table in ALL_TABLES:
        columns = live.get(bare_name(table))
        if columns is None:
            missing.append(create(table))
            continue
        missing += [add_column(table, field) for field in table.fields if field.name not in columns]
        otherwise += _otherwise(table, columns)
    return Differences(tuple(missing), tuple(otherwise))


def _otherwise(table: Table, columns: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    wanted = {field.name: field for field in table.fields}
    for name, live in columns.items():
        place = f"{table_name(table)}.{name}"
        if name not in wanted:
            if live["is_nullable"] == "NO":
                yield f"{place} is NOT NULL there and unknown here"
            continue
        there, here = _shape(live), type_of(table, wanted[name])
        is_text = there.startswith("VARCHAR") and wanted[name].type == "VARCHAR"
        wide = is_text and int(live["character_maximum_length"]) >= 4 * limit_of(
            table, wanted[name]
        )
        if there != here and not wide:
            yield f"{place} is {there} there and {here} here"


def _shape(live: Mapping[str, Any]) -> str:
    kind = _TYPES.get(str(live["data_type"]), str(live["data_type"]).upper())
    if kind == "VARCHAR":
        return f"VARCHAR({live['character_maximum_length']})"
    if kind == "DECIMAL":
        return f"DECIMAL({live['numeric_precision']},{live['numeric_scale']})"
    return kind


def batches(statements: Iterable[str], most: int) -> Iterator[Batch]:
    """The statements in order, as transactions of at most so many."""
    listed = list(statements)
    for first in range(0, len(listed), most):
        yield Batch(tuple(listed[first : first + most]), {})
