"""The sample's bills of AWS as they lie in S3, and what they add up to."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

PAYERS = {"444455556666": ("aws-b", "cur2")}
"""By payer: the folder of the sample, which is the prefix, and the export's kind."""

Totals = dict[tuple[str, date, str], Decimal]
"""USD per scope, period and customer, to the cent."""


def bucket_of(payer: str) -> str:
    """The bucket that the payer's export is delivered to."""
    return f"billing-{payer}"


def upload(sample: Path, s3: Any) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
    """Put each payer's export into its bucket, under the names that its manifests give."""
    for payer, (prefix, _) in PAYERS.items():
        for path in sorted((sample / "aws" / prefix).rglob("*.*")):
            key = path.relative_to(sample / "aws").as_posix()
            s3.upload_file(str(path), bucket_of(payer), key)


def totals(rows: Iterable[Mapping[str, Any]]) -> Totals:
    """What rows of facts add up to."""
    found: dict[tuple[str, date, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row["scope"], row["billing_period"], row["customer_id"]] += row["cost_usd"]
    return _cents(found)


def stated(sample: Path) -> Totals:
    """The same, as the sample's writer added it up before any file was read."""
    found: dict[tuple[str, date, str], Decimal] = defaultdict(Decimal)
    with (sample / "truth" / "totals.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["scope"] in PAYERS:
                period = date.fromisoformat(f"{row['billing_period']}-01")
                found[row["scope"], period, row["customer_id"]] += Decimal(row["cost_usd_exact"])
    return _cents(found)


def _cents(found: Mapping[tuple[str, date, str], Decimal]) -> Totals:
    return {key: cost.quantize(Decimal("0.01")) for key, cost in found.items()}
