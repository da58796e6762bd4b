"""Rows of a billing export, and both paths' answers to them."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import duckdb

from handlers.catalog import load_catalog
from handlers.record import Cloud
from handlers.site import load_site
from handlers.sources.gcp.bigquery import (
    OUTPUTS,
    Classification,
    Export,
    Load,
    Partition,
    classification_of,
)
from handlers.tables import LOADED
from handlers.warehouses.bigquery.names import TableName
from tests.engine.bigquery.emulator import PROJECT, Emulator, Row
from tests.handlers.load.runs import query

OWN = frozenset({"load_id", "warehouse"})
"""What names the path and not the bill."""


@dataclass(frozen=True)
class Bill:
    """A billing account's invoice month."""

    account: str
    period: date


def rows_of(table: Path) -> list[Row]:
    """The rows in the files of an export, as newline-delimited JSON would have them."""
    rows: list[Row] = []
    for file in sorted(table.iterdir()):
        if file.suffix == ".parquet":
            with duckdb.connect() as connection:
                connection.execute("SET TimeZone = 'UTC'")
                found = connection.execute(
                    "SELECT CAST(to_json(bill) AS VARCHAR)"
                    f" FROM (SELECT * FROM read_parquet('{file}')) AS bill"
                ).fetchall()
            rows += [cast("Row", _without_nulls(json.loads(text))) for (text,) in found]
        else:
            content = file.read_bytes()
            lines = gzip.decompress(content) if file.suffix == ".gz" else content
            rows += [json.loads(line) for line in lines.splitlines()]
    return rows


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return {key: _without_nulls(each) for key, each in pairs if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in cast("list[object]", value)]
    return value


def classify(
    emulator: Emulator, export: TableName, columns: Sequence[str], bill: Bill, site: Path | None
) -> Classification:
    """Run the rendered statements for ``bill``."""
    known = load_site(site)
    load = Load(
        export=Export(export, columns, Partition.EXPORT_TIME),
        account=bill.account,
        period=bill.period,
        load_id="load-in-bigquery",
        staging=TableName(PROJECT, "staging", f"of_{bill.period:%Y%m}"),
    )
    rules = load_catalog(Cloud.GCP, known.catalog.get(Cloud.GCP))
    classification = classification_of(load, rules, known)
    for statement in classification.statements:
        if statement.name == "named":
            emulator.name_skus(statement, classification.table("skus"))
        else:
            emulator.run(statement.sql, statement.parameters)
    return classification


def in_bigquery(emulator: Emulator, classification: Classification) -> dict[str, list[Row]]:
    """The rows to be written, by table."""
    return {
        name.removeprefix("new_"): emulator.run(f"SELECT * FROM {classification.table(name)}")
        for name in OUTPUTS
    }


def in_duckdb(warehouse: Path, bill: Bill) -> dict[str, list[Row]]:
    """The rows that the collector wrote, by table."""
    return {
        table.name: [
            dict(zip(table.names, row, strict=True))
            for row in query(
                warehouse,
                f"SELECT {', '.join(table.names)} FROM {table.name}"
                " WHERE cloud_provider = 'GCP' AND scope = ? AND billing_period = ?",
                bill.account,
                bill.period,
            )
        ]
        for table in LOADED
    }


def comparable(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Rows as sorted texts, without what is each path's own; decimals without trailing zeros."""
    return sorted(
        tuple(f"{name}={_text(row[name])}" for name in sorted(row.keys() - OWN)) for row in rows
    )


def _text(value: object) -> str:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


def dollars(rows: Sequence[Mapping[str, Any]], column: str = "cost_usd") -> Decimal:
    """What the rows add up to."""
    return sum((Decimal(row[column]) for row in rows), Decimal(0))
