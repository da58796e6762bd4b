"""Small AWS bills (CUR 2.0 in CSV) in the folders that Data Exports writes."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from handlers.periods import next_period

SONNET = "USE1-Claude4.5Sonnet-input-tokens"
SONNET_OUT = "USE1-Claude4.5Sonnet-output-tokens"
NOVA = "USE1-NovaPro-input-tokens"
BEDROCK = ("AmazonBedrock", "Amazon Bedrock")
COMPUTE = ("AmazonEC2", "Amazon Elastic Compute Cloud")

COLUMNS = (
    "identity_line_item_id",
    "bill_payer_account_id",
    "bill_billing_entity",
    "bill_invoice_id",
    "line_item_usage_account_id",
    "line_item_line_item_type",
    "line_item_usage_start_date",
    "line_item_usage_end_date",
    "line_item_product_code",
    "line_item_usage_type",
    "line_item_line_item_description",
    "line_item_resource_id",
    "line_item_usage_amount",
    "line_item_currency_code",
    "line_item_unblended_cost",
    "pricing_unit",
    "product_region_code",
    "product",
    "resource_tags",
    "reservation_effective_cost",
    "reservation_reservation_a_r_n",
    "reservation_unused_amortized_upfront_fee_for_billing_period",
    "reservation_unused_recurring_fee",
    "savings_plan_savings_plan_effective_cost",
)


@dataclass(frozen=True)
class Line:
    """A bill line; amounts are the text that the bill prints."""

    day: date
    cost: str
    usage_type: str = SONNET
    quantity: str = "1"
    product: tuple[str, str] = BEDROCK
    line_type: str = "Usage"
    unit: str = "1K tokens"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    account: str = "210987654321"
    resource: str = ""
    hour: int | None = None
    currency: str = "USD"
    region: str = "us-east-1"
    extra: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class AwsBill:
    """One version of one payer's bill for one month; ``written`` is when AWS wrote it."""

    scope: str
    period: date
    lines: Sequence[Line]
    written: datetime


def write_bill(folder: Path, bill: AwsBill) -> None:
    """Write the bill as a run of its own; the month's manifest names the run written last."""
    export = folder / bill.scope / "cur2"
    run = f"BILLING_PERIOD={bill.period:%Y-%m}/{bill.written:%Y%m%dT%H%M%SZ}-run"
    part = export / "data" / run / "cur2-00001.csv"
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number, line in enumerate(bill.lines):
            cells = _cells(bill, line, number)
            writer.writerow([cells.get(name, "") for name in COLUMNS])
    manifest = export / "metadata" / run / "cur2-Manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "createdAt": f"{bill.written:%Y-%m-%dT%H:%M:%SZ}",
        "dataFiles": [f"s3://bills/cur2/data/{run}/{part.name}"],
    }
    manifest.write_text(json.dumps(content), encoding="utf-8")


def _cells(bill: AwsBill, line: Line, number: int) -> dict[str, str]:
    midnight = datetime(line.day.year, line.day.month, line.day.day)  # noqa: DTZ001
    start = midnight + timedelta(hours=line.hour or 0)
    end = start + (timedelta(days=1) if line.hour is None else timedelta(hours=1))
    code, name = line.product
    return {
        "identity_line_item_id": f"line-{number}",
        "bill_payer_account_id": bill.scope,
        "bill_billing_entity": "AWS",
        "bill_invoice_id": "",
        "line_item_usage_account_id": line.account,
        "line_item_line_item_type": line.line_type,
        "line_item_usage_start_date": f"{start:%Y-%m-%dT%H:%M:%S}.000Z",
        "line_item_usage_end_date": f"{end:%Y-%m-%dT%H:%M:%S}.000Z",
        "line_item_product_code": code,
        "line_item_usage_type": line.usage_type,
        "line_item_line_item_description": f"{name} {line.usage_type}",
        "line_item_resource_id": line.resource,
        "line_item_usage_amount": line.quantity,
        "line_item_currency_code": line.currency,
        "line_item_unblended_cost": line.cost,
        "pricing_unit": line.unit,
        "product_region_code": line.region,
        "product": json.dumps({"product_name": name}),
        "resource_tags": json.dumps({f"user_{key}": value for key, value in line.tags.items()}),
        **line.extra,
    }


def days_of(period: date) -> list[date]:
    """Every day of the month."""
    count = (next_period(period) - period).days
    return [period + timedelta(days=number) for number in range(count)]


def write_site(folder: Path, **files: str) -> Path:
    """A site folder with these files: ``customers="..."`` is customers.csv, ``aws`` its rules."""
    names = {"attribution": "attribution.toml", "aws": "catalog/aws.toml"}
    for name, text in files.items():
        path = folder / names.get(name, f"{name}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
