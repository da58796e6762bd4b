"""The tables of a warehouse beside the facts, and how each is replaced; columns as in the record.

Every schema is derived from here and from ``record.COLUMNS``. Amounts are ``DECIMAL(38, 9)``;
USD unless the name says otherwise.
"""

from dataclasses import dataclass
from enum import StrEnum

from handlers.record import COLUMNS, Kind


class Replaced(StrEnum):
    """What a load of (cloud, scope, billing period) deletes from a table before it inserts."""

    PERIOD = "period"
    """The rows of that cloud, scope and period."""
    LOAD = "load"
    """The rows of the same load, so that older loads stay for comparison."""
    NEVER = "never"
    """Nothing: rows are only added."""


@dataclass(frozen=True)
class Field:
    """A column: its name, its type in DuckDB's words, and whether it may be NULL."""

    name: str
    type: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """A table, what a row of it is, and its columns in order."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    replaced: Replaced

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(field.name for field in self.fields)


_AMOUNT = "DECIMAL(38, 9)"
_DUCKDB_TYPES = {Kind.DATE: "DATE", Kind.TEXT: "VARCHAR", Kind.DECIMAL: _AMOUNT}


def _fields(text: str) -> tuple[Field, ...]:
    """``name type`` pairs, one to a line; a trailing ``?`` marks what may be NULL."""
    fields: list[Field] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, kind = line.split(maxsplit=1)
        nullable = kind.endswith("?")
        kind = kind.removesuffix("?").replace("amount", _AMOUNT).replace("text", "VARCHAR")
        fields.append(Field(name, kind, nullable))
    return tuple(fields)


FACTS = Table(
    "llm_costs",
    "One day of one SKU of one model for one customer and project.",
    tuple(Field(column.name, _DUCKDB_TYPES[column.kind], column.nullable) for column in COLUMNS),
    Replaced.PERIOD,
)

LEDGER = Table(
    "ledger",
    "A row per load, success or failure, and per decision about a load that was held. Totals "
    "are in `billing_currency` unless named USD.",
    _fields(
        """
        load_id text
        cloud_provider text
        scope text
        billing_period DATE
        source_version text
        exported_at TIMESTAMP?
        rule_digest text
        site_digest text
        billing_currency text?
        source_total amount?
        ai_total amount?
        platform_total amount?
        other_total amount?
        loaded_total amount?
        cost_usd amount?
        gross_cost_usd amount?
        source_lines BIGINT?
        ai_lines BIGINT?
        rows BIGINT?
        quarantined_rows BIGINT?
        quarantined_total amount?
        rates_used text?
        restated_usd amount?
        data_through DATE?
        archive text?
        origin text?
        started_at TIMESTAMP
        finished_at TIMESTAMP
        status text
        error text?
        decided_by text?
        reason text?
        """
    ),
    Replaced.NEVER,
)

DIGESTS = Table(
    "load_digests",
    "What each load wrote, per model, token type, customer and month; kept for every load, so "
    "that two warehouses can be compared on the same version.",
    _fields(
        """
        load_id text
        cloud_provider text
        scope text
        billing_period DATE
        model text
        token_type text
        customer_key text
        rows BIGINT
        usage_amount amount
        cost_usd amount
        gross_cost_usd amount
        billing_cost amount
        """
    ),
    Replaced.LOAD,
)

DAILY = Table(
    "daily_costs",
    "The facts added up to what dashboards ask for, in USD.",
    _fields(
        """
        warehouse text
        scope text
        billing_period DATE
        date DATE
        cloud_provider text
        model text
        token_type text
        customer_key text
        charge_type text
        service_tier text
        usage_unit text
        usage amount
        cost amount
        effective amount?
        gross amount
        list amount?
        """
    ),
    Replaced.PERIOD,
)

HOURLY = Table(
    "hourly_costs",
    "Usage by hour, in USD, where a bill says it: Google's always, AWS's when the export is "
    "hourly.",
    _fields(
        """
        scope text
        billing_period DATE
        date DATE
        hour SMALLINT
        cloud_provider text
        model text
        customer_key text
        charge_type text
        usage amount
        unit text
        cost amount
        """
    ),
    Replaced.PERIOD,
)

DIMENSIONS = Table(
    "dimensions",
    "What a filter offers: `customer` and `project` by key and name, `model`, `account`.",
    _fields(
        """
        cloud_provider text
        scope text
        billing_period DATE
        dimension text
        key text
        name text
        """
    ),
    Replaced.PERIOD,
)

PLATFORM = Table(
    "platform_costs",
    "Bill lines labelled `managed-by=ai-cost-monitoring`: what this product itself costs, "
    "outside the AI totals.",
    _fields(
        """
        cloud_provider text
        scope text
        billing_period DATE
        date DATE
        service text
        sku_description text
        account_id text
        charge_type text
        cost_usd amount
        billing_currency text
        billing_cost amount
        load_id text
        """
    ),
    Replaced.PERIOD,
)

LEFT_OUT = Table(
    "left_out_costs",
    "What a bill holds beside AI, per service; lines of AI products that no rule takes in, "
    "per SKU. `cost_usd` is at the load's rate: good for a ranking, not part of any total.",
    _fields(
        """
        cloud_provider text
        scope text
        billing_period DATE
        service_id text?
        service text?
        sku_description text?
        lines BIGINT
        billing_currency text
        billing_cost amount
        cost_usd amount
        load_id text
        """
    ),
    Replaced.PERIOD,
)

SCHEMA_VERSION = Table(
    "schema_version",
    "The versions of these tables that were applied.",
    _fields(
        """
        version INTEGER
        applied_at TIMESTAMP
        """
    ),
    Replaced.NEVER,
)

TABLES = (FACTS, LEDGER, DIGESTS, DAILY, HOURLY, DIMENSIONS, PLATFORM, LEFT_OUT, SCHEMA_VERSION)
LOADED = (FACTS, DIGESTS, DAILY, HOURLY, DIMENSIONS, PLATFORM, LEFT_OUT)
"""The tables a load fills, each from the temporary table ``new_<name>``."""
