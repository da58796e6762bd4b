"""Random rows of Google's billing export that a plain reading can follow.

See ``random_bills``, whose customers are used; rates are in the rows.
"""

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from tests.proof.random_bills import (
    GOOGLE_CORPUS,
    NAMES,
    PLATFORM,
    TOKENS,
    Labelled,
    labelled_in,
    random_month,
)

COST_TYPES = ("regular", "regular", "regular", "tax", "adjustment", "rounding_error", "new_one")
ADJUSTMENTS = ("", "GOODWILL", "SLA_VIOLATION", "USAGE_CORRECTION")
RATES = (0.8611, 0.8588123456789)
OTHERS = (
    ("6F81-5844-456A", "Compute Engine", "N1 Predefined Instance Core"),
    ("95FF-2EF5-5EA1", "Cloud Storage", "Standard Storage US Regional"),
)
LABEL_KEYS = ("customer_id", "customer", "tenant", "cost_center")


@dataclass(frozen=True)
class GoogleBill:
    """A billing account's month, and its rows as JSON has them."""

    scope: str
    period: date
    rows: Sequence[dict[str, Any]]


def labelled() -> tuple[Labelled, ...]:
    """The labelled SKUs of Vertex AI that are billed by tokens."""
    return tuple(
        Labelled(row["sku_or_usage_type"], row["expected_model"], row["expected_token_type"])
        for row in labelled_in(GOOGLE_CORPUS)
        if row["service"] == "Vertex AI"
        and "Text" in row["sku_or_usage_type"]
        and row["expected_token_type"] in TOKENS
    )


def draw_bill(number: int, names: Sequence[Labelled]) -> GoogleBill:
    """The bill of that number: another billing account for each."""
    random = Random(number)
    scope = f"01A2B3-C4D5E6-{number:06X}"
    period = random_month(random)
    currency = random.choice(("USD", "EUR"))
    chosen = random.sample(names, 4)
    rows = [
        _row(random, scope, period, currency, random.choice(chosen))
        for _ in range(random.randrange(1, 25))
    ]
    return GoogleBill(scope, period, rows)


def write_bill(folder: Path, bill: GoogleBill) -> None:
    """Write it as an extract of the table does: files of a JSON object to a line."""
    table = folder / f"gcp_billing_export_resource_v1_{bill.scope.replace('-', '_')}"
    table.mkdir(parents=True)
    files = 1 + len(bill.rows) % 2
    for number in range(files):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in bill.rows[number::files]]
        content = gzip.compress("".join(lines).encode(), mtime=0)
        (table / f"{number:012}.json.gz").write_bytes(content)


def _labels(random: Random) -> list[dict[str, str]]:
    labels = [
        {"key": key, "value": random.choice(NAMES)} for key in LABEL_KEYS if random.random() < 0.4
    ]
    if random.random() < 0.3:
        labels.append({"key": "project", "value": random.choice(("alpha", " beta", ""))})
    if random.random() < 0.04:
        labels.append({"key": "managed-by", "value": PLATFORM})
    return labels


def _money(random: Random) -> float:
    return random.choice((0.0, random.uniform(-1, 90), random.uniform(0, 1e-6), 0.1 + 0.2))


def _row(random: Random, scope: str, period: date, currency: str, name: Labelled) -> dict[str, Any]:
    service_id, service, sku = ("C7E2-9256-1C43", "Vertex AI", name.usage_type)
    if random.random() < 0.4:
        service_id, service, sku = random.choice(OTHERS)
    start = datetime(period.year, period.month, 1 + random.randrange(4), tzinfo=UTC)
    start += timedelta(hours=random.randrange(24))
    cost_type = random.choice(COST_TYPES)
    row: dict[str, Any] = {
        "billing_account_id": scope,
        "invoice": {"month": f"{period:%Y%m}"},
        "service": {"id": service_id, "description": service},
        "sku": {"id": random.choice(("2737-2D33-D986", "0000-0000-0001")), "description": sku},
        "usage_start_time": f"{start:%Y-%m-%d %H:%M:%S} UTC",
        "usage_end_time": f"{start + timedelta(hours=1):%Y-%m-%d %H:%M:%S} UTC",
        "project": {"id": random.choice(("ai-prod", "ai-test")), "labels": _labels(random)},
        "labels": _labels(random),
        "location": {
            "location": random.choice(("us", "europe-west4", "")),
            "region": random.choice(("europe-west4", "")),
        },
        "resource": {
            "name": random.choice(("bot", "")),
            "global_name": random.choice(("//aiplatform.googleapis.com/bot", "")),
        },
        "seller_name": random.choice(("Google LLC", "")),
        "cost": _money(random),
        "currency": currency,
        "currency_conversion_rate": 1.0 if currency == "USD" else random.choice(RATES),
        "usage": {"amount": random.choice((0.0, 59328000.0, 0.5, 123.0)), "unit": "count"},
        "credits": [
            {"name": "c", "amount": -random.choice((0.05, 1e-7, random.uniform(0, 2)))}
            for _ in range(random.choice((0, 0, 1, 2)))
        ],
        "cost_type": cost_type,
        "adjustment_info": {
            "type": random.choice(ADJUSTMENTS) if cost_type == "adjustment" else ""
        },
    }
    if random.random() < 0.5:
        row["cost_at_list"] = _money(random)
    return row
