"""Random AWS bills (CUR 2.0) that a plain reading can follow, and that use what bills can hold.

A bill is drawn from a number, so that a bill which goes wrong can be made again. Names of models
come from the labelled strings that the catalog is judged by, never from the catalog.
"""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from handlers.periods import next_period

_CORPORA = Path(__file__).parents[1] / "handlers" / "catalog" / "corpus"
CORPUS = _CORPORA / "corpus_aws.csv"
AZURE_CORPUS = _CORPORA / "corpus_azure.csv"
GOOGLE_CORPUS = _CORPORA / "corpus_gcp.csv"
TOKENS = ("input", "output", "cache_read", "cache_write")
PER_THOUSAND = "1K tokens"

RATES: Mapping[str, str] = {"EUR": "0.8611", "JPY": "151.237", "INR": "88.123456789"}
"""Units of the currency per USD, of the site's own file; every month the same."""

ALIASES: Mapping[str, str] = {"ACME Corp": "acme", "acme-old": "acme", "Globex": "globex"}
"""Names by which customers.csv knows a customer, in any case."""

LINE_TYPES: Mapping[str, str] = {
    "Usage": "usage",
    "DiscountedUsage": "usage",
    "SavingsPlanCoveredUsage": "usage",
    "SavingsPlanNegation": "discount",
    "EdpDiscount": "discount",
    "BundledDiscount": "discount",
    "Credit": "credit",
    "Refund": "refund",
    "Tax": "tax",
    "Fee": "fee",
    "SomethingNew": "adjustment",
}
"""AWS's words and the kinds they mean, by hand from the user guide of the report."""

COLUMNS: tuple[str, ...] = (
    "bill_payer_account_id",
    "bill_billing_entity",
    "bill_invoice_id",
    "identity_line_item_id",
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
    "line_item_net_unblended_cost",
    "line_item_unblended_cost",
    "pricing_public_on_demand_cost",
    "pricing_unit",
    "product_region_code",
    "product_sku",
    "product",
    "resource_tags",
)

TAG_KEYS = ("user_customer_id", "user_customer", "user_Tenant", "user_cost_center")
NAMES = (
    "acme",
    " acme ",
    "ACME Corp",
    "acme corp",
    "acme-old",
    "Globex",
    "ünïcode 株",
    "o'brien\"",
    "",
)
PLATFORM = "ai-cost-monitoring"
OTHERS = (
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "BoxUsage:m5.large", "Hrs"),
    ("AmazonS3", "Amazon Simple Storage Service", "TimedStorage-ByteHrs", "GB-Mo"),
    ("AWSLambda", "AWS Lambda", "Lambda-GB-Second, Bedrock", "Second"),
)


@dataclass(frozen=True)
class Labelled:
    """A usage type with what people said it is."""

    usage_type: str
    model: str
    token_type: str


@dataclass(frozen=True)
class RandomBill:
    """One payer's month: the currency it is paid in and the cells of each line."""

    scope: str
    period: date
    currency: str
    rows: Sequence[Mapping[str, str]]


def labelled() -> tuple[Labelled, ...]:
    """The labelled usage types of Bedrock that are billed by thousands of tokens."""
    return tuple(
        Labelled(row["sku_or_usage_type"], row["expected_model"], row["expected_token_type"])
        for row in labelled_in(CORPUS)
        if row["service"] == "Amazon Bedrock"
        and row["unit"] == PER_THOUSAND
        and not row["description"]
        and row["expected_token_type"] in TOKENS
    )


def labelled_in(corpus: Path) -> list[dict[str, str]]:
    """The labelled strings of one cloud."""
    with corpus.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def random_month(random: Random) -> date:
    """The first day of a month that the site has rates for."""
    year, month = divmod(random.randrange(12 * 2024, 12 * 2026 + 10), 12)
    return date(year, month + 1, 1)


def draw_bill(number: int, names: Sequence[Labelled]) -> RandomBill:
    """The bill of that number: another payer for each, so that all fit into one folder."""
    random = Random(number)
    period = random_month(random)
    currency = random.choice(("USD", "USD", *RATES))
    scope = f"{100_000_000_000 + number}"
    chosen = random.sample(names, 4)
    rows = [
        _row(random, scope, period, currency, random.choice(chosen), line)
        for line in range(random.randrange(1, 25))
    ]
    return RandomBill(scope, period, currency, rows)


def write_bill(folder: Path, bill: RandomBill) -> None:
    """Write it as Data Exports does: a manifest and gzip parts, the lines in any number of them."""
    export = folder / bill.scope / "cur2"
    run = f"BILLING_PERIOD={bill.period:%Y-%m}/20261101T000000Z-run"
    parts = 1 + len(bill.rows) % 3
    names = [f"cur2-{number:05}.csv.gz" for number in range(1, parts + 1)]
    (export / "data" / run).mkdir(parents=True)
    for number, name in enumerate(names):
        with gzip.open(export / "data" / run / name, "wt", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(bill.rows[number::parts])
    manifest = export / "metadata" / run / "cur2-Manifest.json"
    manifest.parent.mkdir(parents=True)
    files = [f"s3://bills/cur2/data/{run}/{name}" for name in names]
    content = {"createdAt": "2026-11-01T00:00:00Z", "dataFiles": files}
    manifest.write_text(json.dumps(content), encoding="utf-8")


def write_site(folder: Path) -> None:
    """The customers and rates that ``opinion`` goes by, in the site's own files."""
    folder.mkdir(parents=True)
    months = [f"{year}-{month:02}" for year in (2024, 2025, 2026) for month in range(1, 13)]
    rates = [f"{currency},{month},{rate}" for currency, rate in RATES.items() for month in months]
    (folder / "rates.csv").write_text("\n".join(["currency,month,rate", *rates, ""]), "utf-8")
    customers = [
        f"{customer},{'|'.join(name for name, known in ALIASES.items() if known == customer)}"
        for customer in sorted(set(ALIASES.values()))
    ]
    (folder / "customers.csv").write_text("\n".join(["id,aliases", *customers, ""]), "utf-8")


def random_amount(random: Random) -> str:
    """An amount in one of the ways that bills write it."""
    places = random.choice((0, 2, 6, 10, 12))
    value = Decimal(random.randrange(-(10**4), 10**6)).scaleb(-min(places, 4))
    text = f"{value + Decimal(random.randrange(10**6)).scaleb(-places - 1):f}"
    return random.choice((text, text, text, "0", f"{random.randrange(1, 99)}.5E-7"))


def _tags(random: Random) -> str:
    tags = {key: random.choice(NAMES) for key in TAG_KEYS if random.random() < 0.4}
    if random.random() < 0.3:
        tags["user_project"] = random.choice(("alpha", " beta", ""))
    if random.random() < 0.04:
        tags["user_managed_by"] = PLATFORM
    return json.dumps(tags, ensure_ascii=random.random() < 0.5) if tags else ""


def _row(
    random: Random, scope: str, period: date, currency: str, name: Labelled, line: int
) -> dict[str, str]:
    code, product, usage_type, unit = (
        "AmazonBedrock",
        "Amazon Bedrock",
        name.usage_type,
        "1K tokens",
    )
    if random.random() < 0.4:
        code, product, usage_type, unit = random.choice(OTHERS)
    days = (next_period(period) - period).days
    start = datetime(period.year, period.month, random.randrange(1, min(days, 4) + 1), tzinfo=UTC)
    hours = random.choice((1, 24))
    start += timedelta(hours=random.randrange(24) if hours == 1 else 0)
    end = start + timedelta(hours=hours)
    return {
        "bill_payer_account_id": scope,
        "bill_billing_entity": random.choice(("AWS", "AWS", "")),
        "bill_invoice_id": random.choice(("", "2026001", "2026002")),
        "identity_line_item_id": f"line-{line}",
        "line_item_usage_account_id": random.choice(("210987654321", "210987654322")),
        "line_item_line_item_type": random.choice(("Usage", "Usage", *LINE_TYPES)),
        "line_item_usage_start_date": f"{start:%Y-%m-%dT%H:%M:%S}.000Z",
        "line_item_usage_end_date": f"{end:%Y-%m-%dT%H:%M:%S}.000Z",
        "line_item_product_code": code,
        "line_item_usage_type": usage_type,
        "line_item_line_item_description": random.choice(("", 'line\nbreak, "quoted"')),
        "line_item_resource_id": random.choice(("", "arn:aws:bedrock:::profile/a")),
        "line_item_usage_amount": random.choice(("0", "1", "0.001", "12345.678", "3.5e-4")),
        "line_item_currency_code": currency,
        "line_item_net_unblended_cost": random.choice(("", random_amount(random))),
        "line_item_unblended_cost": random_amount(random),
        "pricing_public_on_demand_cost": random.choice(("", random_amount(random))),
        "pricing_unit": unit,
        "product_region_code": random.choice(("us-east-1", "eu-west-3", "")),
        "product_sku": random.choice(("", "ABCDEFGH")),
        "product": json.dumps({"product_name": product}),
        "resource_tags": _tags(random),
    }
