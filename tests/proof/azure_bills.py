"""Random Azure bills (cost details, actual cost) that a plain reading can follow.

See ``random_bills``, whose customers, rates and ways of writing amounts are used.
"""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from handlers.periods import next_period
from tests.proof.random_bills import (
    AZURE_CORPUS,
    NAMES,
    PLATFORM,
    RATES,
    TOKENS,
    Labelled,
    RandomBill,
    labelled_in,
    random_amount,
    random_month,
)

CHARGE_TYPES: Mapping[str, str] = {
    "Usage": "usage",
    "Purchase": "purchase",
    "Refund": "refund",
    "Credit": "credit",
    "Tax": "tax",
    "UnusedReservation": "idle",
    "UnusedSavingsPlan": "idle",
    "RoundingAdjustment": "adjustment",
}
"""Azure's words and the kinds they mean, by hand from the reference of the fields."""

COLUMNS: tuple[str, ...] = (
    "BillingAccountId",
    "SubscriptionId",
    "ResourceGroup",
    "ResourceLocation",
    "Date",
    "MeterCategory",
    "MeterSubCategory",
    "MeterName",
    "MeterId",
    "UnitOfMeasure",
    "Quantity",
    "CostInBillingCurrency",
    "CostInUsd",
    "PaygCostInBillingCurrency",
    "PaygCostInUsd",
    "BillingCurrencyCode",
    "ConsumedService",
    "ResourceId",
    "Tags",
    "PublisherType",
    "PublisherName",
    "ChargeType",
    "InvoiceId",
)
OTHERS = (
    ("Virtual Machines", "Dv3 Series", "D2 v3", "1 Hour"),
    ("Storage", "Blob Storage", "Hot LRS Data Stored", "1 GB/Month"),
    ("Bandwidth", "Rtn Preference: MGN", "Standard Data Transfer Out, Cognitive", "1 GB"),
)
TAG_KEYS = ("customer_id", "Customer", "Tenant", "cost_center")


def labelled() -> tuple[Labelled, ...]:
    """The labelled meters of Azure OpenAI that are billed by thousands of tokens."""
    return tuple(
        Labelled(row["sku_or_usage_type"], row["expected_model"], row["expected_token_type"])
        for row in labelled_in(AZURE_CORPUS)
        if row["service"] == "Cognitive Services"
        and row["unit"] == "1K"
        and row["description"] == "Azure OpenAI"
        and row["sku_or_usage_type"].endswith(" Tokens")
        and row["expected_token_type"] in TOKENS
    )


def draw_bill(number: int, names: Sequence[Labelled]) -> RandomBill:
    """The bill of that number: another billing account for each."""
    random = Random(number)
    period = random_month(random)
    currency = random.choice(("USD", "USD", *RATES))
    scope = f"{10_000_000 + number}"
    chosen = random.sample(names, 4)
    rows = [
        _row(random, scope, period, currency, random.choice(chosen))
        for _ in range(random.randrange(1, 25))
    ]
    return RandomBill(scope, period, currency, rows)


def write_bill(folder: Path, bill: RandomBill) -> None:
    """Write it as an export does: a manifest and CSV parts, plain or gzip."""
    last = next_period(bill.period) - timedelta(days=1)
    place = f"acme/e{bill.scope}/{bill.period:%Y%m%d}-{last:%Y%m%d}/{bill.scope}"
    (folder / place).mkdir(parents=True)
    parts = 1 + len(bill.rows) % 3
    ending = ".csv.gz" if len(bill.rows) % 2 else ".csv"
    names = [f"part_{number}_0001{ending}" for number in range(parts)]
    for number, name in enumerate(names):
        path = folder / place / name
        opened = gzip.open if ending == ".csv.gz" else open
        with opened(path, "wt", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(bill.rows[number::parts])
    account = f"/providers/Microsoft.Billing/billingAccounts/{bill.scope}"
    content = {
        "manifestVersion": "2024-04-01",
        "blobCount": len(names),
        "dataRowCount": len(bill.rows),
        "exportConfig": {
            "exportName": f"e{bill.scope}",
            "resourceId": f"{account}/providers/Microsoft.CostManagement/exports/e{bill.scope}",
            "type": "ActualCost",
            "timeFrame": "MonthToDate",
        },
        "runInfo": {"submittedTime": "2026-11-01T05:00:00Z", "runId": bill.scope},
        "blobs": [{"blobName": f"{place}/{name}"} for name in names],
    }
    (folder / place / "manifest.json").write_text(json.dumps(content), encoding="utf-8")


def _tags(random: Random) -> str:
    """JSON; the Enterprise Agreement's files leave the braces out."""
    tags = {key: random.choice(NAMES) for key in TAG_KEYS if random.random() < 0.4}
    if random.random() < 0.3:
        tags["project"] = random.choice(("alpha", " beta", ""))
    if random.random() < 0.04:
        tags["managed-by"] = PLATFORM
    text = json.dumps(tags, ensure_ascii=random.random() < 0.5) if tags else ""
    return text[1:-1] if random.random() < 0.5 else text


def _row(random: Random, scope: str, period: date, currency: str, name: Labelled) -> dict[str, str]:
    category, group, meter, unit = ("Cognitive Services", "Azure OpenAI", name.usage_type, "1K")
    if random.random() < 0.4:
        category, group, meter, unit = random.choice(OTHERS)
    day = period + timedelta(days=random.randrange(4))
    in_usd = currency == "USD" or random.random() < 0.4
    listed = random.random() < 0.5
    cost = random_amount(random)
    # What costs nothing costs no dollars either.
    dollars = cost if currency == "USD" or not Decimal(cost) else random_amount(random)
    return {
        "BillingAccountId": scope,
        "SubscriptionId": f"11D0C4A8-6F21-4A7E-9B35-{scope:0>11}{random.randrange(2)}",
        "ResourceGroup": random.choice(("", "rg-ai", "rg-customer-cust001-prod")),
        "ResourceLocation": random.choice(("swedencentral", "EU West", "")),
        "Date": random.choice((f"{day:%m/%d/%Y}", f"{day:%Y-%m-%d}")),
        "MeterCategory": category,
        "MeterSubCategory": group,
        "MeterName": meter,
        "MeterId": random.choice(("", "0e2f4c61")),
        "UnitOfMeasure": unit,
        "Quantity": random.choice(("0", "1", "0.001", "12345.678", "3.5e-4")),
        "CostInBillingCurrency": cost,
        "CostInUsd": dollars if in_usd else "",
        "PaygCostInBillingCurrency": random_amount(random) if listed else "",
        "PaygCostInUsd": random_amount(random) if listed and in_usd else "",
        "BillingCurrencyCode": currency,
        "ConsumedService": "Microsoft.CognitiveServices",
        "ResourceId": random.choice(("", "/subscriptions/x/resourceGroups/y/accounts/Bot")),
        "Tags": _tags(random),
        "PublisherType": random.choice(("Azure", "Microsoft", "")),
        "PublisherName": random.choice(("Microsoft", "Microsoft Corporation", "")),
        "ChargeType": random.choice(("Usage", "Usage", *CHARGE_TYPES)),
        "InvoiceId": random.choice(("", "G1", "G2")),
    }
