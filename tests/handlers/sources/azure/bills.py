"""Small Azure bills, laid out as an export's container is, and what the scan makes of them."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack

import duckdb

from handlers.scan.scan import Scanned, scan
from handlers.sources import Reading, Snapshot
from handlers.sources.azure.discover import discover

SUBSCRIPTION = "11d0c4a8-6f21-4a7e-9b35-0c8e2f7d1a64"
ENROLLMENT = "/providers/Microsoft.Billing/billingAccounts/8675309"
RUN = "0b1c2d3e-0000-4000-8000-000000000001"

EA_LINE = {
    "SubscriptionId": SUBSCRIPTION.upper(),
    "ResourceGroup": "rg-customer-cust001-prod",
    "ResourceLocation": "swedencentral",
    "Date": "11/05/2026",
    "ProductName": "Azure OpenAI - gpt 4.1 Outp glbl Tokens",
    "MeterCategory": "Cognitive Services",
    "MeterSubCategory": "Azure OpenAI",
    "MeterId": "0e2f4c61-8a55-4d3e-9f2b-4a186b0c1d74",
    "MeterName": "gpt 4.1 Outp glbl Tokens",
    "UnitOfMeasure": "1K",
    "Quantity": "1250.5",
    "CostInBillingCurrency": "8.604",
    "ConsumedService": "Microsoft.CognitiveServices",
    "ResourceId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/x/accounts/bot",
    "Tags": '"customer_id": "Müller, ""Söhne""","env": "prod"'.replace('""', '\\"'),
    "PublisherType": "Azure",
    "PublisherName": "Microsoft",
    "ChargeType": "Usage",
    "BillingAccountId": "8675309",
    "BillingProfileId": "8675309",
    "BillingCurrencyCode": "EUR",
}

EA = tuple(EA_LINE)


def csv_bytes(header: Sequence[str], lines: Sequence[Mapping[str, str]]) -> bytes:
    """A CSV file as Azure writes it: every line of ``lines``, line ends of Windows."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def ea_bytes(*changes: Mapping[str, str]) -> bytes:
    """A file of the Enterprise Agreement with a line for each of ``changes`` to the usual one."""
    return csv_bytes(EA, [EA_LINE | dict(change) for change in changes or ({},)])


def parquet_bytes(select: str, folder: Path) -> bytes:
    """What ``select`` gives, as a parquet file."""
    path = folder / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    content = path.read_bytes()
    path.unlink()
    return content


@dataclass
class Export:
    """A run of an export and what its manifest says of it."""

    parts: Mapping[str, bytes]
    rows: int | None = 1
    name: str = "actual"
    period: str = "20261101-20261130"
    run: str = RUN
    type: str = "ActualCost"
    resource: str = ENROLLMENT
    submitted: str = "2026-11-20T05:12:33.4567890Z"
    blobs: Sequence[str] | None = None

    def write(self, folder: Path) -> Path:
        """Write the parts and the manifest below ``folder``; gives the manifest's path."""
        place = folder / "acme" / self.name / self.period / self.run
        place.mkdir(parents=True, exist_ok=True)
        for part, content in self.parts.items():
            (place / part).write_bytes(content)
        prefix = f"acme/{self.name}/{self.period}/{self.run}"
        blobs = [f"{prefix}/{part}" for part in self.parts] if self.blobs is None else self.blobs
        export = f"/providers/Microsoft.CostManagement/exports/{self.name}"
        content = {
            "manifestVersion": "2024-04-01",
            "blobCount": len(blobs),
            "dataRowCount": self.rows,
            "exportConfig": {
                "exportName": self.name,
                "resourceId": self.resource + export if self.resource else "",
                "type": self.type,
                "timeFrame": "MonthToDate",
            },
            "runInfo": {"submittedTime": self.submitted, "runId": self.run},
            "blobs": [{"blobName": blob} for blob in blobs],
        }
        manifest = place / "manifest.json"
        manifest.write_text(json.dumps(content), encoding="utf-8")
        return manifest


class Changes(TypedDict, total=False):
    """What of ``Export`` may differ."""

    name: str
    period: str
    run: str
    type: str
    resource: str
    submitted: str
    blobs: Sequence[str]


def export(content: bytes, rows: int | None = 1, **changes: Unpack[Changes]) -> Export:
    """An export of one CSV part."""
    return Export({"part_0_0001.csv": content}, rows, **changes)


def gzipped(content: bytes) -> bytes:
    """``content`` in gzip."""
    return gzip.compress(content, mtime=0)


def every_line(_: Reading) -> str:
    """Every line is kept whole."""
    return "TRUE"


@dataclass(frozen=True)
class Read:
    """What became of one snapshot."""

    snapshot: Snapshot
    scanned: Scanned
    lines: list[dict[str, Any]]
    left_out: list[tuple[Any, ...]]


def read_snapshot(snapshot: Snapshot, candidates: Callable[[Reading], str] = every_line) -> Read:
    """Scan one snapshot; its lines in the order of their cost."""
    with duckdb.connect() as connection:
        scanned = scan(connection, snapshot, candidates)
        cursor = connection.execute("SELECT * FROM bill_lines ORDER BY cost, sku, usage_date")
        names = [column[0] for column in cursor.description or ()]
        lines = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        left_out = connection.execute(
            "SELECT service_id, service, billing_entity, line_count, cost FROM left_out ORDER BY 2"
        ).fetchall()
    return Read(snapshot, scanned, lines, left_out)


def read(folder: Path, candidates: Callable[[Reading], str] = every_line) -> Read:
    """Scan the only snapshot below ``folder``."""
    (snapshot,) = discover(folder)
    return read_snapshot(snapshot, candidates)


def stated(line: Mapping[str, Any]) -> dict[str, Any]:
    """What a line states: its columns that are not NULL."""
    return {name: value for name, value in line.items() if value is not None}
