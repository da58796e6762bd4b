"""The billing export as a table of BigQuery: the columns that are read and the partitions."""

import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from importlib.resources import files
from typing import cast

from handlers.errors import BillError, Place
from handlers.sources.gcp.bigquery.functions import functions_called
from handlers.warehouses.bigquery.names import TableName
from handlers.warehouses.bigquery.schema import SchemaField, billing_export_schema

EXPORT_SLACK = timedelta(days=5)
"""How long before the first day of an invoice month its first rows may have been exported.

No row can come before the usage it is for; the slack is for credits and purchases dated ahead.
There is no last day: Google adds corrections, and the months before the export was switched on,
whenever it has them.
"""

_CELLS = {
    "STRING": "STRING",
    "FLOAT": "FLOAT64",
    "NUMERIC": "NUMERIC",
    "TIMESTAMP": "TIMESTAMP",
    "BOOLEAN": "BOOL",
}


class Partition(StrEnum):
    """What the table's partitions go by."""

    INGESTION = "ingestion"
    """The day Google wrote the row, which is how it makes the export."""
    EXPORT_TIME = "export_time"
    """Nothing, or the column ``export_time``, as in a copy that someone made of the export."""
    NONE = "none"
    """Nothing: a table of one bill."""


_SINCE: Mapping[Partition, str] = {
    # Rows that are still being streamed are in no partition yet.
    Partition.INGESTION: "(_PARTITIONTIME >= {first} OR _PARTITIONTIME IS NULL)",
    Partition.EXPORT_TIME: "export_time >= {first}",
    Partition.NONE: "TRUE",
}
_ASKED = "TIMESTAMP(@exported_from)"
_OWN = (
    f"TIMESTAMP_SUB(TIMESTAMP(PARSE_DATE('%Y%m', invoice.month)), INTERVAL {EXPORT_SLACK.days} DAY)"
)


@dataclass(frozen=True)
class Export:
    """The table of a billing account's export; ``columns`` are those that it has now.

    ``copy_of`` is the table that Google writes, where this one has rows of it.

    Raises:
        BillError: a column that every export has is not there.
    """

    table: TableName
    columns: Collection[str]
    partition: Partition = Partition.INGESTION
    copy_of: TableName | None = None

    @property
    def origin(self) -> str:
        """The table that Google writes, for a person."""
        return str(self.copy_of or self.table).strip("`")

    def __post_init__(self) -> None:
        for name in _read()["needed"]:
            if name not in self.columns:
                raise BillError(
                    Place(str(self.table), column=name),
                    "The table has no such column, so it is not a billing export.",
                    "Name the table that Google writes: gcp_billing_export_v1_<account> or"
                    " gcp_billing_export_resource_v1_<account>.",
                )

    def rows(self, condition: str) -> str:
        """A subquery of the columns that are read, of rows that meet ``condition``.

        A column that this export has not is NULL.
        """
        kinds = {str(field["name"]): _kind(field) for field in _documented()}
        names = [name for group in _read().values() for name in group]
        cells = [
            name if name in self.columns else f"CAST(NULL AS {kinds[name]}) AS {name}"
            for name in names
        ]
        return (
            f"(SELECT {', '.join(cells)} FROM {self.table}"
            f" WHERE {self._since(_ASKED)} AND {condition})"
        )

    def copied_to(self, table: TableName) -> "Export":
        """The same where ``table`` has rows of it, in the columns that are read."""
        names = frozenset(name for group in _read().values() for name in group)
        return Export(table, names, Partition.NONE, self.copy_of or self.table)

    def rows_of_months(self) -> str:
        """``rows`` of all invoice months, of each those that a load of that month alone reads."""
        return self.rows(self._since(_OWN))

    def _since(self, first: str) -> str:
        return _SINCE[self.partition].replace("{first}", first)


def bills_sql(export: Export) -> str:
    """The query that gives each billing account and invoice month with what its version is made of.

    Its one parameter is ``exported_from``, a day as text.
    """
    text = files("handlers.sources.gcp.bigquery").joinpath("bills.sql").read_text("utf-8")
    query = text.replace("{export}", export.rows_of_months())
    return ";\n\n".join([*functions_called(query), query])


def _read() -> Mapping[str, Mapping[str, str]]:
    text = files("handlers.sources.gcp").joinpath("columns.toml").read_text("utf-8")
    return tomllib.loads(text)


def _documented() -> Sequence[SchemaField]:
    return cast("Sequence[SchemaField]", json.loads(billing_export_schema()))


def _kind(field: SchemaField) -> str:
    """The field's type as GoogleSQL writes it."""
    kind = str(field["type"])
    if kind == "RECORD":
        inside = cast("Sequence[SchemaField]", field["fields"])
        members = ", ".join(f"{each['name']} {_kind(each)}" for each in inside)
        kind = f"STRUCT<{members}>"
    else:
        kind = _CELLS[kind]
    return f"ARRAY<{kind}>" if field["mode"] == "REPEATED" else kind
