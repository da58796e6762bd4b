"""The record: one row is one day of one SKU of one model for one customer and project.

Single source of truth for the fact table's columns. Every schema, DDL and data dictionary is
derived from ``COLUMNS``; nothing else lists them.
"""

from dataclasses import dataclass
from enum import StrEnum


class Cloud(StrEnum):
    """Whose bill it is, as written in ``cloud_provider``."""

    AWS = "AWS"
    AZURE = "Azure"
    GCP = "GCP"


class TokenType(StrEnum):
    """What was consumed. Audio, image and text *tokens* keep their direction."""

    INPUT = "input"
    OUTPUT = "output"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    CACHE_STORAGE = "cache_storage"
    EMBEDDING = "embedding"
    IMAGE = "image"
    VIDEO = "video"
    SPEECH = "speech"
    PAGE = "page"
    RERANK = "rerank"
    TOOL = "tool"
    GUARDRAIL = "guardrail"
    TRAINING = "training"
    HOSTING = "hosting"
    PROVISIONED = "provisioned"
    OTHER = "other"
    UNKNOWN = "unknown"


class UsageUnit(StrEnum):
    """The unit of ``usage_amount``; tokens are single tokens, never thousands or millions."""

    TOKENS = "tokens"
    CHARACTERS = "characters"
    IMAGES = "images"
    SECONDS = "seconds"
    PAGES = "pages"
    REQUESTS = "requests"
    HOURS = "hours"
    TOKEN_HOURS = "token_hours"
    UNITS = "units"


class ServiceTier(StrEnum):
    """How the capacity was bought."""

    STANDARD = "standard"
    BATCH = "batch"
    FLEX = "flex"
    PRIORITY = "priority"
    PROVISIONED = "provisioned"


class ChargeType(StrEnum):
    """What kind of line it is. Unit prices, anomalies and trends use ``usage`` + ``discount``."""

    USAGE = "usage"
    DISCOUNT = "discount"
    CREDIT = "credit"
    REFUND = "refund"
    PURCHASE = "purchase"
    TAX = "tax"
    FEE = "fee"
    ADJUSTMENT = "adjustment"
    IDLE = "idle"


UNKNOWN = "unknown"
"""The bill does not say which (model, developer)."""

NO_MODEL = "none"
"""The charge is not for a model (a tool, a guardrail)."""

UNTAGGED = "untagged"
"""Nothing names a customer or project."""

MONEY_SCALE = 9
"""Decimal places of every stored amount: a nano-dollar."""


class Kind(StrEnum):
    """The type of a column, independent of a warehouse's dialect."""

    DATE = "date"
    TEXT = "text"
    DECIMAL = "decimal"


@dataclass(frozen=True)
class Column:
    """A column of the fact table.

    ``limit`` is the longest text in characters; ``measure`` is True for amounts that are summed
    when bill lines fall into one row, False for what identifies the row.
    """

    name: str
    kind: Kind
    meaning: str
    limit: int = 0
    nullable: bool = False
    measure: bool = False


def _text(name: str, limit: int, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, Kind.TEXT, meaning, limit=limit, nullable=nullable)


def _sum(name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name, Kind.DECIMAL, meaning, nullable=nullable, measure=True)


COLUMNS: tuple[Column, ...] = (
    Column("date", Kind.DATE, "Day of usage, UTC."),
    _text("cloud_provider", 10, "AWS, Azure or GCP."),
    _text("service", 200, "Product name as billed."),
    _text("sku_description", 500, "Usage type, meter or SKU as billed."),
    _text(
        "model",
        100,
        "Canonical model name; the family when the bill says no more; unknown when the bill does"
        " not say which; none when the charge is not for a model.",
    ),
    _text("token_type", 20, "What was consumed: " + ", ".join(TokenType) + "."),
    _sum("usage_amount", "Quantity in usage_unit; tokens are single tokens."),
    _text("usage_unit", 20, "Unit of usage_amount: " + ", ".join(UsageUnit) + "."),
    _sum("cost_usd", "What is paid, in USD, per charge_type."),
    _text("customer_id", 256, "Canonical customer after aliases; untagged when nothing names one."),
    _text("project_id", 256, "Project as tagged, trimmed; untagged when nothing names one."),
    _text("customer_tag", 256, "The value as found in the bill.", nullable=True),
    _text("customer_key", 16, "First 16 hex digits of SHA-256 of customer_id; what filters carry."),
    _text("model_developer", 40, "Who made the model: anthropic, openai, google, ...; unknown."),
    _text("service_tier", 20, "How capacity was bought: " + ", ".join(ServiceTier) + "."),
    _text("region", 40, "As billed; global where the charge has no region."),
    _text("account_id", 60, "AWS usage account, Azure subscription, GCP project."),
    _text(
        "scope",
        120,
        "Whose bill: AWS payer account, Azure billing scope or subscription, Google billing"
        " account.",
    ),
    _text("charge_type", 20, "Kind of line: " + ", ".join(ChargeType) + "."),
    _sum("gross_cost_usd", "Before credits, in USD."),
    _sum(
        "effective_cost_usd",
        "Amortised, in USD: a commitment's cost on the days it covers, its unused part as idle;"
        " null where the bill does not have it.",
        nullable=True,
    ),
    _sum("list_cost_usd", "At public list price, in USD, where the bill says.", nullable=True),
    _text("billing_currency", 3, "Currency of the bill, ISO 4217."),
    _sum("billing_cost", "What is paid, in billing_currency."),
    Column("billing_period", Kind.DATE, "First day of the invoice month."),
    _text("sku_id", 100, "SKU or meter id as billed.", nullable=True),
    _sum("pricing_quantity", "Quantity as billed, in pricing_unit.", nullable=True),
    _text("pricing_unit", 40, "Unit of pricing_quantity as billed.", nullable=True),
    _text("resource_id", 400, "Inference profile, deployment or endpoint.", nullable=True),
    _text("invoice_id", 100, "The document the line belongs to.", nullable=True),
    _text("billing_entity", 100, "Who bills: AWS, AWS Marketplace, ...", nullable=True),
    _text("rule_id", 60, "The catalog rule that named it; null when none matched.", nullable=True),
    _text("load_id", 40, "The load that wrote the row."),
)

PUBLISHED = tuple(column.name for column in COLUMNS[:11])
"""The published interface: people write SQL against these; name and meaning never change."""

KEYS = tuple(column for column in COLUMNS if not column.measure)
MEASURES = tuple(column for column in COLUMNS if column.measure)
