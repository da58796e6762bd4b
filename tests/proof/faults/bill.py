"""A bill of the sample, small: an earlier version of it, the one that counts, and its truth.

Services that are not AI keep ten lines each, so that a load takes half a second; the sample's own
totals are of AI lines and say what must come out.
"""

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from handlers.sample import write_sample

PAYER = "444455556666"
PERIOD = date(2026, 10, 1)
_END = date(2026, 10, 31)
_NOT_AI = (
    "AmazonEC2",
    "AmazonS3",
    "AmazonRDS",
    "AWSLambda",
    "AWSDataTransfer",
    "AmazonCloudWatch",
    "AmazonDynamoDB",
    "awskms",
    "AmazonVPC",
    "AmazonEKS",
)
_KEPT = 10

Truth = Mapping[tuple[str, str, str, str], Decimal]
"""USD by customer, model, token type and charge type, to the cent."""


@dataclass(frozen=True)
class Sample:
    """``earlier`` and ``newer`` are folders with one version of the bill each."""

    earlier: Path
    newer: Path
    site: Path
    truth: Truth


def small_sample(folder: Path) -> Sample:
    """Write it into ``folder``."""
    write_sample(folder / "whole", seed=1, days=10, end=_END)
    (manifest,) = (folder / "whole" / "aws" / "aws-b").rglob("*Z-*/*-Manifest.json")
    export, run = manifest.parents[3], manifest.parent
    inside = run.relative_to(export / "metadata")
    parts = sorted((export / "data" / inside).iterdir())
    kept = [list(_few(_rows(part))) for part in parts]
    half = [rows[: len(rows) // 2] for rows in kept]
    content = json.loads(manifest.read_text("utf-8"))
    for name, versions, stamp in (
        ("earlier", half, "20261101T041500Z"),
        ("newer", kept, "20261103T041500Z"),
    ):
        _write(folder / name / export.name, inside.parent.name, stamp, versions, content)
    return Sample(
        folder / "earlier",
        folder / "newer",
        folder / "whole" / "site",
        _truth(folder / "whole" / "truth" / "totals.csv"),
    )


def by_truth(rows: Sequence[Mapping[str, object]]) -> Truth:
    """What rows of facts add up to, in the truth's own words."""
    found: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        key = tuple(
            str(row[name]) for name in ("customer_id", "model", "token_type", "charge_type")
        )
        found[key[0], key[1], key[2], key[3]] += Decimal(str(row["cost_usd"]))
    return _cents(found)


def _rows(part: Path) -> list[dict[str, str]]:
    with gzip.open(part, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _few(rows: Sequence[dict[str, str]]) -> Iterator[dict[str, str]]:
    seen: Counter[str] = Counter()
    for row in rows:
        code = row["line_item_product_code"]
        seen[code] += 1
        if code not in _NOT_AI or seen[code] <= _KEPT:
            yield row


def _write(
    export: Path,
    month: str,
    stamp: str,
    parts: Sequence[Sequence[dict[str, str]]],
    content: Mapping[str, object],
) -> None:
    run = f"{month}/{stamp}-run"
    data, metadata = export / "data" / run, export / "metadata" / run
    data.mkdir(parents=True)
    metadata.mkdir(parents=True)
    names = [f"part-{number}.csv.gz" for number in range(len(parts))]
    for name, rows in zip(names, parts, strict=True):
        with gzip.open(data / name, "wt", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    files = [f"s3://bills/{export.name}/data/{run}/{name}" for name in names]
    manifest = metadata / f"{export.name}-Manifest.json"
    manifest.write_text(json.dumps({**content, "dataFiles": files}), encoding="utf-8")


def _truth(totals: Path) -> Truth:
    found: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    with totals.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["scope"] == PAYER and row["billing_period"] == f"{PERIOD:%Y-%m}":
                key = (row["customer_id"], row["model"], row["token_type"], row["charge_type"])
                found[key] += Decimal(row["cost_usd_exact"])
    return _cents(found)


def _cents(found: Mapping[tuple[str, str, str, str], Decimal]) -> Truth:
    return {key: cost.quantize(Decimal("0.01")) for key, cost in found.items()}
