"""Small AWS bills, cell by cell, laid out as Data Exports and the legacy report lay them out."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

PAYER = "123456789012"

LINE = {
    "identity_line_item_id": "a1",
    "bill_payer_account_id": PAYER,
    "bill_billing_entity": "AWS",
    "bill_invoice_id": "INV-1",
    "line_item_usage_account_id": "210987654321",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": "2026-11-05T00:00:00.000Z",
    "line_item_usage_end_date": "2026-11-06T00:00:00.000Z",
    "line_item_product_code": "AmazonBedrock",
    "line_item_usage_type": "USE1-NovaPro-input-tokens",
    "line_item_line_item_description": "$0.0008 per 1K input tokens for Nova Pro",
    "line_item_resource_id": "",
    "line_item_usage_amount": "1000",
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": "0.80",
    "pricing_unit": "1K tokens",
    "pricing_public_on_demand_cost": "0.80",
    "product": '{"product_name": "Amazon Bedrock"}',
    "resource_tags": '{"user_customer": "acme"}',
}
"""1,000 thousands of input tokens of Nova Pro for acme."""

COLUMNS = tuple(LINE)

OTHER = {
    "line_item_product_code": "AmazonEC2",
    "line_item_usage_type": "BoxUsage:t3.micro",
    "line_item_line_item_description": "$0.0104 per hour",
    "product": '{"product_name": "Amazon Elastic Compute Cloud"}',
    "resource_tags": "{}",
    "pricing_unit": "Hrs",
    "line_item_unblended_cost": "2.5",
}
"""What is to be changed of ``LINE`` for a line that is not for AI."""

Cells = Mapping[str, str]


def lines(*changes: Cells) -> list[dict[str, str]]:
    """A line for each of ``changes`` to the usual one; the usual one when there is none."""
    return [LINE | dict(change) for change in changes or ({},)]


def csv_bytes(rows: Sequence[Cells], columns: Sequence[str] = COLUMNS) -> bytes:
    """A CSV file of these columns."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def gzipped(content: bytes) -> bytes:
    """``content`` in gzip."""
    return gzip.compress(content, mtime=0)


def parquet_bytes(rows: Sequence[Cells], folder: Path) -> bytes:
    """A parquet file with the types that AWS gives it: doubles, timestamps and maps."""
    source, made = folder / "made.csv", folder / "made.parquet"
    source.write_bytes(csv_bytes(rows))
    casts = ", ".join(f'{_typed(name)} AS "{name}"' for name in COLUMNS)
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {casts} FROM read_csv('{source}', all_varchar=true, header=true))"
            f" TO '{made}' (FORMAT parquet)"
        )
    content = made.read_bytes()
    source.unlink()
    made.unlink()
    return content


def _typed(name: str) -> str:
    if name.endswith("_date"):
        return f'CAST("{name}" AS TIMESTAMP)'
    if name.endswith(("_cost", "_amount")):
        return f'CAST("{name}" AS DOUBLE)'
    if name in ("product", "resource_tags"):
        return f'CAST(CAST("{name}" AS JSON) AS MAP(VARCHAR, VARCHAR))'
    return f'"{name}"'


@dataclass(frozen=True)
class Export:
    """One month of a Data Export, as it lies in a bucket."""

    folder: Path
    name: str = "cur2"
    month: str = "2026-11"
    created: str = "2026-11-20T04:15:00Z"

    @property
    def partition(self) -> str:
        """The folder of the month."""
        return f"BILLING_PERIOD={self.month}"

    @property
    def manifest(self) -> Path:
        """Where the manifest lies."""
        return self.folder / self.name / "metadata" / self.partition / f"{self.name}-Manifest.json"

    def part(self, file: str) -> Path:
        """Where a part lies."""
        return self.folder / self.name / "data" / self.partition / file

    def key(self, file: str) -> str:
        """How the manifest names a part."""
        return f"s3://billing-{PAYER}/{self.name}/data/{self.partition}/{file}"

    def write(
        self, content: bytes, file: str = "cur2-00001.csv", keys: Sequence[str] | None = None
    ) -> Path:
        """Write one part and the manifest; gives the part's path."""
        return self.write_parts({file: content}, keys)

    def write_parts(self, parts: Mapping[str, bytes], keys: Sequence[str] | None = None) -> Path:
        """Write the parts and the manifest, which names ``keys`` or else the parts."""
        for file, content in parts.items():
            self.part(file).parent.mkdir(parents=True, exist_ok=True)
            self.part(file).write_bytes(content)
        named = [self.key(file) for file in parts] if keys is None else keys
        self.write_manifest({"exportName": self.name, "createdAt": self.created,
                             "dataFiles": list(named)})  # fmt: skip
        return self.part(next(iter(parts)))

    def write_manifest(self, content: Mapping[str, object]) -> None:
        """Write the manifest as it is given."""
        self.manifest.parent.mkdir(parents=True, exist_ok=True)
        self.manifest.write_text(json.dumps(content), encoding="utf-8")


def write_legacy(folder: Path, rows: Sequence[Cells], assembly: str = "a1b2") -> Path:
    """A legacy report of November 2026 with its ``category/name`` columns; gives the part."""
    names = {name: legacy_name(name) for name in COLUMNS}
    names |= {"product": "product/ProductName", "resource_tags": "resourceTags/user:customer"}
    renamed = [
        {names[name]: _legacy_cell(name, cell) for name, cell in row.items()} for row in rows
    ]
    base = folder / "hourly" / "20261101-20261201"
    part = base / assembly / "hourly-00001.csv.gz"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(gzipped(csv_bytes(renamed, [names[name] for name in COLUMNS])))
    key = f"prefix/hourly/20261101-20261201/{assembly}/hourly-00001.csv.gz"
    manifest = json.dumps({"assemblyId": assembly, "account": PAYER, "reportKeys": [key]})
    (base / "hourly-Manifest.json").write_text(manifest, encoding="utf-8")
    return part


def _legacy_cell(name: str, cell: str) -> str:
    if name == "product":
        return str(json.loads(cell)["product_name"])
    if name == "resource_tags":
        return str(json.loads(cell).get("user_customer", ""))
    return cell


_CATEGORIES = ("identity", "bill", "line_item", "pricing")


def legacy_name(name: str) -> str:
    """``line_item_usage_type`` as the legacy report spells it: ``lineItem/UsageType``."""
    category = next((item for item in _CATEGORIES if name.startswith(item + "_")), name)
    words = name.removeprefix(category + "_").split("_")
    first, *rest = category.split("_")
    return first + "".join(map(str.title, rest)) + "/" + "".join(map(str.title, words))
