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
    """A table and its columns, in order."""

    name: str
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
    tuple(Field(column.name, _DUCKDB_TYPES[column.kind], column.nullable) for column in COLUMNS),
    Replaced.PERIOD,
)

LEDGER = Table(
    "ledger",
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
"""A row per load, success or failure. Totals are in ``billing_currency`` unless named USD."""

DIGESTS = Table(
    "load_digests",
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
"""What a filter offers: ``customer`` (key to name), ``model``, ``project``, ``account``."""

PLATFORM = Table(
    "platform_costs",
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
"""What the bill holds beside AI, per service; lines of AI products that no rule takes in, per SKU.
``cost_usd`` is at the load's rate: good for a ranking, not part of any total."""

SCHEMA_VERSION = Table(
    "schema_version",
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
