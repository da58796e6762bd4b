"""How Amazon delivers: folders, parts and manifests, one function for each kind of export.

https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from handlers.sample.aws import CUR1_COLUMNS, CUR2_TYPES, Line, cur1_lines, cur2_lines
from handlers.sample.bills import Bill
from handlers.sample.charges import Charge
from handlers.sample.days import month_after
from handlers.sample.files import (
    Row,
    csv_bytes,
    csv_to_parquet,
    gzipped,
    write_bytes,
    write_json,
)
from handlers.sample.tables import meter_id

CASTS = {
    "string": "{cell}",
    "double": "CAST({cell} AS DOUBLE)",
    "timestamp": "CAST({cell} AS TIMESTAMP)",
    "map_text": "CAST(CAST({cell} AS JSON) AS MAP(VARCHAR, VARCHAR))",
    "map_number": "CAST(CAST({cell} AS JSON) AS MAP(VARCHAR, DOUBLE))",
}
MANIFEST_TYPES = {"map_text": "map<string,string>", "map_number": "map<string,double>"}

Delivery = tuple[Path, list[Line]]


def parts_of(rows: Sequence[Row], count: int) -> list[Sequence[Row]]:
    """``rows`` in ``count`` parts of about the same size."""
    size = -(-len(rows) // count) or 1
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _bucket(bill: Bill) -> str:
    return f"billing-{bill.scope.id}"


def _export_manifest(bill: Bill, execution: str, files: Sequence[str]) -> dict[str, object]:
    columns = [
        {"name": name, "type": MANIFEST_TYPES.get(kind, kind)} for name, kind in CUR2_TYPES.items()
    ]
    return {
        "exportName": f"{bill.scope.name}-cur2",
        "exportArn": f"arn:aws:bcm-data-exports:us-east-1:{bill.scope.id}:export"
        f"/{bill.scope.name}-cur2-{meter_id(bill.scope.name)}",
        "executionId": execution,
        "billingPeriod": {
            "start": f"{bill.period:%Y-%m-%dT00:00:00.000Z}",
            "end": f"{month_after(bill.period):%Y-%m-%dT00:00:00.000Z}",
        },
        "columns": columns,
        "dataFiles": [f"s3://{_bucket(bill)}/{name}" for name in files],
    }


def deliver_parquet(root: Path, bill: Bill) -> Delivery:
    """CUR 2.0 in parquet, overwriting: the manifest names the parts, a stale part stays behind."""
    export = f"{bill.scope.name}-cur2"
    partition = f"BILLING_PERIOD={bill.period:%Y-%m}"
    casts = {name: CASTS[kind] for name, kind in CUR2_TYPES.items()}
    lines = list(cur2_lines(bill, bill.charges))
    files: list[str] = []
    for number, rows in enumerate(parts_of([cells for _, _, cells in lines], 2), start=1):
        files.append(f"{bill.scope.name}/{export}/data/{partition}/{export}-{number:05d}")
        files[-1] += ".snappy.parquet"
        csv_to_parquet(root / files[-1], casts, rows)
    if bill.superseded:
        stale = root / f"{bill.scope.name}/{export}/data/{partition}/{export}-00003.snappy.parquet"
        old = cur2_lines(bill, bill.superseded[-40:])
        csv_to_parquet(stale, casts, [cells for _, _, cells in old])
    manifest = root / f"{bill.scope.name}/{export}/metadata/{partition}/{export}-Manifest.json"
    execution = meter_id(bill.scope.name, f"{bill.period}")
    write_json(manifest, _export_manifest(bill, execution, files))
    return manifest, lines


def deliver_csv(root: Path, bill: Bill) -> Delivery:
    """CUR 2.0 in gzip CSV, a new folder for each execution; the manifest names the last one."""
    if bill.superseded:
        _execute(root, bill, bill.superseded, "first")
    return _execute(root, bill, bill.charges, "last")


def _execute(root: Path, bill: Bill, charges: Sequence[Charge], version: str) -> Delivery:
    export = f"{bill.scope.name}-cur2"
    partition = f"BILLING_PERIOD={bill.period:%Y-%m}"
    execution = meter_id(bill.scope.name, f"{bill.period}", version)
    moment = bill.last_day + timedelta(days=1 if version == "first" else 3)
    folder = f"{partition}/{moment:%Y%m%dT041500Z}-{execution}"
    lines = list(cur2_lines(bill, charges))
    files: list[str] = []
    for number, rows in enumerate(parts_of([cells for _, _, cells in lines], 2), start=1):
        files.append(f"{bill.scope.name}/{export}/data/{folder}/{export}-{number:05d}.csv.gz")
        write_bytes(root / files[-1], gzipped(csv_bytes(tuple(CUR2_TYPES), rows)))
    manifest = _export_manifest(bill, execution, files)
    metadata = root / f"{bill.scope.name}/{export}/metadata"
    write_json(metadata / folder / f"{export}-Manifest.json", manifest)
    current = metadata / partition / f"{export}-Manifest.json"
    write_json(current, manifest)
    return current, lines


def deliver_legacy(root: Path, bill: Bill) -> Delivery:
    """Legacy CUR in gzip CSV: a folder for each assembly; the manifest above them names the last.

    https://docs.aws.amazon.com/cur/latest/userguide/access-cur-s3.html
    """
    if bill.superseded:
        _assemble(root, bill, bill.superseded, "first")
    return _assemble(root, bill, bill.charges, "last")


def _assemble(root: Path, bill: Bill, charges: Sequence[Charge], version: str) -> Delivery:
    report = f"{bill.scope.name}-hourly"
    span = f"{bill.period:%Y%m%d}-{month_after(bill.period):%Y%m%d}"
    assembly = meter_id(bill.scope.name, f"{bill.period}", version)
    base = f"{bill.scope.name}/{report}/{span}"
    lines = list(cur1_lines(bill, charges))
    keys: list[str] = []
    for number, rows in enumerate(parts_of([cells for _, _, cells in lines], 2), start=1):
        keys.append(f"{base}/{assembly}/{report}-{number:05d}.csv.gz")
        write_bytes(root / keys[-1], gzipped(csv_bytes(CUR1_COLUMNS, rows)))
    columns = [dict(zip(("category", "name"), name.split("/", 1), strict=True))
               for name in CUR1_COLUMNS]  # fmt: skip
    manifest = {
        "assemblyId": assembly,
        "account": bill.scope.id,
        "columns": columns,
        "charset": "UTF-8",
        "compression": "GZIP",
        "contentType": "text/csv",
        "reportId": meter_id(bill.scope.id, report).replace("-", "") * 2,
        "reportName": report,
        "billingPeriod": {
            "start": f"{bill.period:%Y%m%dT000000.000Z}",
            "end": f"{month_after(bill.period):%Y%m%dT000000.000Z}",
        },
        "bucket": _bucket(bill),
        "reportKeys": keys,
        "additionalArtifactKeys": [],
    }
    write_json(root / f"{base}/{assembly}/{report}-Manifest.json", manifest)
    current = root / f"{base}/{report}-Manifest.json"
    write_json(current, manifest)
    return current, lines
