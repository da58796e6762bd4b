"""The hub's tables as BigQuery's schemas, from ``handlers.tables`` and ``handlers.record``.

NUMERIC has a precision of 38 and a scale of 9, which is the record's amount exactly:
https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import cast

from handlers.record import COLUMNS, Cloud
from handlers.tables import (
    AMOUNT,
    BILL_TOTALS,
    DAILY,
    DIGESTS,
    DIMENSIONS,
    FACTS,
    HOURLY,
    HUB_TABLES,
    LEFT_OUT,
    PLATFORM,
    PUBLISHED_TO_HUB,
    TABLES,
    UNNAMED,
    Field,
    Table,
)

FACT_TABLES: Mapping[Cloud, str] = {
    Cloud.AWS: "aws_llm_costs",
    Cloud.AZURE: "azure_llm_costs",
    Cloud.GCP: "gcp_llm_costs",
}
"""The table of facts of each cloud."""

WAREHOUSE = Field(
    "warehouse",
    "VARCHAR",
    meaning="Whose load the row comes from: hub, or the cloud's own warehouse.",
)
"""What tables have in the hub only, where two paths may fill them with the same bill."""
_LATER = replace(WAREHOUSE, nullable=True)
"""The same in a table that was there without it: a column is added last and without a value."""

_TYPES = {
    "VARCHAR": "STRING",
    AMOUNT: "NUMERIC",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "BIGINT": "INTEGER",
    "INTEGER": "INTEGER",
    "SMALLINT": "INTEGER",
}
_LIMITS = {column.name: column.limit for column in COLUMNS}
_MONTHLY = (FACTS, DIGESTS, DAILY, HOURLY, DIMENSIONS, UNNAMED, PLATFORM, LEFT_OUT, BILL_TOTALS)
_CLUSTER: Mapping[str, tuple[str, ...]] = {
    FACTS.name: ("date", "model"),
    DAILY.name: ("date", "cloud_provider", "model", "customer_key"),
    HOURLY.name: ("date", "cloud_provider", "model", "customer_key"),
}

SchemaField = dict[str, object]
"""A field as BigQuery's API writes it."""


@dataclass(frozen=True)
class BigQueryTable:
    """A table to create.

    ``schema_json`` is a JSON list of fields as BigQuery's API has them, the same text for the
    same record. ``partition_type`` goes with ``partition_field``; tables without one are small.
    """

    name: str
    meaning: str
    schema_json: str
    partition_field: str | None
    partition_type: str
    cluster: tuple[str, ...]


def tables() -> tuple[BigQueryTable, ...]:
    """Every table of the hub: three of facts, then the others."""
    facts = tuple(
        _table(FACTS, name, f"{FACTS.meaning} Bills of {cloud}.")
        for cloud, name in FACT_TABLES.items()
    )
    others = (table for table in (*TABLES, *HUB_TABLES) if table is not FACTS)
    return (*facts, *(_table(table, table.name, table.meaning) for table in others))


def hub_fields(table: Table) -> tuple[Field, ...]:
    """The columns that ``table`` has in the hub."""
    if table is PLATFORM:
        return (*table.fields, _LATER)
    if table in PUBLISHED_TO_HUB and WAREHOUSE.name not in table.names:
        return (WAREHOUSE, *table.fields)
    return table.fields


def billing_export_schema() -> str:
    """The schema of Google's billing export, detailed and standard, as Google documents it.

    JSON as in ``BigQueryTable``. It is for the empty table that stands in for the export until it
    is switched on; what the real one has is read from it.
    """
    text = files("handlers.warehouses.bigquery").joinpath("billing_export.toml").read_text("utf-8")
    inside: dict[str, list[SchemaField]] = {"": []}
    for path, written in cast("dict[str, str]", tomllib.loads(text)).items():
        record, _, name = path.rpartition(".")
        kind, _, meaning = written.partition(": ")
        mode = "REPEATED" if kind.endswith("[]") else "NULLABLE"
        kind = kind.removesuffix("[]")
        field: SchemaField = {"name": name, "type": kind, "mode": mode, "description": meaning}
        if kind == "RECORD":
            field["fields"] = inside[path] = []
        inside[record].append(field)
    return _json(inside[""])


def _table(table: Table, name: str, meaning: str) -> BigQueryTable:
    limits = _LIMITS if table is FACTS else {}
    return BigQueryTable(
        name=name,
        meaning=meaning,
        schema_json=_json([_field(field, limits.get(field.name)) for field in hub_fields(table)]),
        partition_field="billing_period" if table in _MONTHLY else None,
        partition_type="MONTH",
        cluster=_CLUSTER.get(table.name, ()),
    )


def _field(field: Field, limit: int | None) -> SchemaField:
    found: SchemaField = {
        "name": field.name,
        "type": _TYPES[field.type],
        "mode": "NULLABLE" if field.nullable else "REQUIRED",
        "description": field.meaning,
    }
    # Only the facts' texts are cut to a length; the API writes an int64 as text.
    return {**found, "maxLength": str(limit)} if limit else found


def _json(fields: Sequence[SchemaField]) -> str:
    return json.dumps(fields, ensure_ascii=False, indent=2)
