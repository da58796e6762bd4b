"""How Microsoft delivers: a folder for each run, partitions and a manifest.

https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from handlers.sample.aws_layout import Delivery, parts_of
from handlers.sample.azure import (
    EA_COLUMNS,
    MCA_COLUMNS,
    PAYG_COLUMNS,
    Line,
    ea_lines,
    mca_lines,
    payg_lines,
)
from handlers.sample.bills import Bill
from handlers.sample.charges import Charge
from handlers.sample.days import month_after
from handlers.sample.files import (
    BOM,
    Row,
    csv_bytes,
    csv_to_parquet,
    gzipped,
    write_bytes,
    write_json,
)
from handlers.sample.focus import FOCUS_1_0, FOCUS_1_2, focus_1_0_lines, focus_1_2_lines
from handlers.sample.tables import meter_id

CASTS = {
    "string": "{cell}",
    "decimal": "CAST({cell} AS DECIMAL(38, 18))",
    "timestamp": "CAST({cell} AS TIMESTAMP)",
    "integer": "CAST({cell} AS INTEGER)",
    "boolean": "CAST({cell} AS BOOLEAN)",
}

Writer = Callable[[Path, Sequence[Row]], None]


@dataclass(frozen=True)
class Export:
    """One kind of cost export."""

    lines: Callable[[Bill, Sequence[Charge]], Iterator[Line]]
    write: Writer
    suffix: str
    parts: int
    type: str
    version: str
    file_format: str
    compression: str
    overwrite: str
    resource: str


def _csv(columns: Row, bom: str = "") -> Writer:
    def write(path: Path, rows: Sequence[Row]) -> None:
        write_bytes(path, bom.encode() + csv_bytes(columns, rows, newline="\r\n"))

    return write


def _csv_gz(columns: Row) -> Writer:
    def write(path: Path, rows: Sequence[Row]) -> None:
        write_bytes(path, gzipped(csv_bytes(columns, rows, newline="\r\n")))

    return write


def _parquet(types: Mapping[str, str]) -> Writer:
    casts = {name: CASTS[kind] for name, kind in types.items()}

    def write(path: Path, rows: Sequence[Row]) -> None:
        csv_to_parquet(path, casts, rows)

    return write


ACCOUNT = "/providers/Microsoft.Billing/billingAccounts/{id}"
EXPORTS: Mapping[str, Export] = {
    "azure-ea": Export(
        ea_lines, _csv(EA_COLUMNS, BOM), ".csv", 2, "ActualCost", "2024-08-01", "Csv", "None",
        "OverwritePreviousReport", ACCOUNT,
    ),
    "azure-mca": Export(
        mca_lines, _csv_gz(MCA_COLUMNS), ".csv.gz", 1, "ActualCost", "2023-12-01-preview", "Csv",
        "Gzip", "CreateNewReport", ACCOUNT + "/billingProfiles/{id}",
    ),
    "azure-payg": Export(
        payg_lines, _csv(PAYG_COLUMNS), ".csv", 1, "Usage", "2019-11-01", "Csv", "None",
        "OverwritePreviousReport", "/subscriptions/{id}",
    ),
    "azure-focus-1.0": Export(
        focus_1_0_lines, _csv_gz(FOCUS_1_0), ".csv.gz", 1, "FocusCost", "1.0", "Csv", "Gzip",
        "OverwritePreviousReport", ACCOUNT,
    ),
    "azure-focus-1.2": Export(
        focus_1_2_lines, _parquet(FOCUS_1_2), ".snappy.parquet", 2, "FocusCost", "1.2-preview",
        "Parquet", "Snappy", "OverwritePreviousReport", ACCOUNT,
    ),
}  # fmt: skip


def deliver_export(root: Path, bill: Bill) -> Delivery:
    """Write the runs of a month; the one submitted last is the one that counts."""
    export = EXPORTS[bill.scope.format]
    if bill.superseded and export.overwrite == "CreateNewReport":
        _run(root, bill, export, bill.superseded, "first")
    return _run(root, bill, export, bill.charges, "last")


def _run(
    root: Path, bill: Bill, export: Export, charges: Sequence[Charge], version: str
) -> Delivery:
    name = f"{bill.scope.name}-{export.type.lower()}"
    last = month_after(bill.period) - timedelta(days=1)
    run = meter_id(bill.scope.name, f"{bill.period}", version)
    prefix = f"{bill.scope.name}/{name}/{bill.period:%Y%m%d}-{last:%Y%m%d}/{run}"
    lines = list(export.lines(bill, charges))
    blobs: list[dict[str, object]] = []
    total = 0
    cells = [row for _, _, row in lines]
    for number, rows in enumerate(parts_of(cells, export.parts)):
        blob = f"{prefix}/part_{number}_0001{export.suffix}"
        export.write(root / blob, rows)
        size = (root / blob).stat().st_size
        total += size
        blobs.append({"blobName": blob, "byteCount": size, "dataRowCount": len(rows)})
    submitted = bill.last_day + timedelta(days=1 if version == "first" else 4)
    manifest = root / prefix / "manifest.json"
    write_json(manifest, {
        "manifestVersion": "2024-04-01",
        "byteCount": total,
        "blobCount": len(blobs),
        "dataRowCount": len(lines),
        "exportConfig": {
            "exportName": name,
            "resourceId": export.resource.format(id=bill.scope.id)
            + f"/providers/Microsoft.CostManagement/exports/{name}",
            "dataVersion": export.version,
            "apiVersion": "2023-07-01-preview",
            "type": export.type,
            "timeFrame": "Custom" if bill.closed else "MonthToDate",
            "granularity": "Daily",
        },
        "deliveryConfig": {
            "partitionData": True,
            "dataOverwriteBehavior": export.overwrite,
            "fileFormat": export.file_format,
            "compressionMode": export.compression,
            "containerUri": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups"
            "/rg-billing/providers/Microsoft.Storage/storageAccounts/acmebilling",
            "rootFolderPath": bill.scope.name,
        },
        "runInfo": {
            "executionType": "Scheduled",
            "submittedTime": f"{submitted:%Y-%m-%dT05:12:33.4567890Z}",
            "runId": run,
            "startDate": f"{bill.period:%Y-%m-%dT00:00:00}",
            "endDate": f"{bill.last_day:%Y-%m-%dT00:00:00Z}",
        },
        "blobs": blobs,
    })  # fmt: skip
    return manifest, lines
