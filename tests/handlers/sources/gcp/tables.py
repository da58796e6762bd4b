"""Small billing export tables in files, and what the scan makes of them."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from handlers.scan.scan import Scanned, scan
from handlers.sources import Snapshot

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
DETAILED = "gcp_billing_export_resource_v1_01A2B3_C4D5E6_F7A8B9"
STANDARD = "gcp_billing_export_v1_01A2B3_C4D5E6_F7A8B9"

ROW: dict[str, Any] = {
    "billing_account_id": ACCOUNT,
    "service": {"id": "C7E2-9256-1C43", "description": "Vertex AI"},
    "sku": {
        "id": "2737-2D33-D986",
        "description": " Gemini 2.5 Flash GA Input Text Caching",
    },
    "usage_start_time": "2026-10-05 03:00:00 UTC",
    "usage_end_time": "2026-10-05 04:00:00 UTC",
    "project": {
        "id": "acme-ai-prod",
        "number": "123",
        "labels": [{"key": "team", "value": "platform"}, {"key": "customer", "value": "weak"}],
    },
    "labels": [
        {"key": "customer", "value": "acme"},
        {"key": "customer", "value": "second"},
        {"key": "env", "value": ""},
    ],
    "tags": [{"key": "env", "value": "prod", "inherited": True, "namespace": "org/1"}],
    "system_labels": [{"key": "compute.googleapis.com/cores", "value": "8"}],
    "location": {"location": "us-central1", "country": "US", "region": "us-central1"},
    "resource": {"name": "bot", "global_name": "//aiplatform.googleapis.com/endpoints/bot"},
    "transaction_type": "GOOGLE",
    "seller_name": "Google LLC",
    "export_time": "2026-10-06 02:12:00 UTC",
    "cost": 0.30000000000000004,
    "currency": "EUR",
    "currency_conversion_rate": 0.8588123456789,
    "usage": {
        "amount": 59328000.0,
        "unit": "requests",
        "amount_in_pricing_units": 59.328,
        "pricing_unit": "1M",
    },
    "credits": [{"name": "a", "amount": -0.1}, {"name": "b", "amount": -0.05}],
    "invoice": {"month": "202610", "publisher_type": "GOOGLE"},
    "cost_type": "regular",
    "cost_at_list": 0.4,
}


def row(**changes: object) -> dict[str, Any]:
    """The usual row with some columns changed; those that become None are left out."""
    changed = ROW | changes
    return {name: value for name, value in changed.items() if value is not None}


def ndjson(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as newline-delimited JSON."""
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in rows).encode()


def write(
    folder: Path,
    *rows: Mapping[str, Any],
    table: str = DETAILED,
    name: str = "000000000000.json.gz",
) -> Path:
    """Write ``rows`` as one file of ``table``; gives its path."""
    path = folder / table / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = ndjson(rows)
    path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    return path


TYPES = {
    "usage_start_time": "TIMESTAMPTZ",
    "usage_end_time": "TIMESTAMPTZ",
    "export_time": "TIMESTAMPTZ",
    "cost": "DOUBLE",
    "credits": 'STRUCT("name" VARCHAR, amount DOUBLE)[]',
}


def write_parquet(
    folder: Path,
    *rows: Mapping[str, Any],
    table: str = DETAILED,
    kinds: Mapping[str, str] | None = None,
) -> Path:
    """Write ``rows`` as a parquet file of ``table``, with the types of BigQuery or of ``kinds``."""
    source = write(folder, *rows, table=table, name="source.tmp")
    path = source.with_name("000000000000.parquet")
    types = {name: kind for name, kind in TYPES.items() if name in rows[0]} | dict(kinds or {})
    casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in types.items())
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE ({casts}) FROM read_json('{source}')) TO '{path}'"
            " (FORMAT parquet)"
        )
    source.unlink()
    return path


def read(snapshot: Snapshot) -> tuple[list[dict[str, Any]], Scanned]:
    """The lines of a snapshot, in the order of their cost, and its totals."""
    with duckdb.connect() as connection:
        scanned = scan(connection, snapshot, lambda _: "TRUE")
        cursor = connection.execute("SELECT * FROM bill_lines ORDER BY cost, sku, usage_date")
        names = [column[0] for column in cursor.description or ()]
        lines = [dict(zip(names, line, strict=True)) for line in cursor.fetchall()]
    return lines, scanned
