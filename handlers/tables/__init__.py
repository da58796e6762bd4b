"""The tables of a warehouse beside the facts, and how each is replaced; columns as in the record.

Every schema is derived from here and from ``record.COLUMNS``.
"""

from handlers.tables.findings import ALERTS, ANOMALIES, BUDGETS, PARITY, RECONCILIATION
from handlers.tables.hub import LOAD_LOCK, PROMOTIONS, SERVING_CUT
from handlers.tables.loads import (
    BILL_TOTALS,
    DAILY,
    DIGESTS,
    DIMENSIONS,
    FACTS,
    HOURLY,
    LEDGER,
    LEFT_OUT,
    PLATFORM,
    UNNAMED,
)
from handlers.tables.shape import AMOUNT, Field, Replaced, Table, fields_of

__all__ = [
    "ALERTS",
    "AMOUNT",
    "ANOMALIES",
    "BILL_TOTALS",
    "BUDGETS",
    "DAILY",
    "DIGESTS",
    "DIMENSIONS",
    "FACTS",
    "HOURLY",
    "HUB_TABLES",
    "LEDGER",
    "LEFT_OUT",
    "LOADED",
    "LOAD_LOCK",
    "PARITY",
    "PLATFORM",
    "PROMOTIONS",
    "PUBLISHED_TO_HUB",
    "RECONCILIATION",
    "SCHEMA_VERSION",
    "SERVING_CUT",
    "TABLES",
    "UNNAMED",
    "VERSION",
    "Field",
    "Replaced",
    "Table",
]

VERSION = 6
"""Of these tables: 2 added budgets, anomalies, alerts, reconciliation and parity; 3 added
unnamed_costs; 4 added compared_load_id to parity, and promotions; 5 added bill_totals, and service
and date to reconciliation; 6 added the view focus_costs, which is made anew with each version."""

SCHEMA_VERSION = Table(
    "schema_version",
    "The versions of these tables that were applied.",
    fields_of(
        """
        version INTEGER: The version.
        applied_at TIMESTAMP: UTC.
        """
    ),
    Replaced.NEVER,
)

TABLES = (
    FACTS,
    LEDGER,
    DIGESTS,
    DAILY,
    HOURLY,
    DIMENSIONS,
    UNNAMED,
    PLATFORM,
    LEFT_OUT,
    BILL_TOTALS,
    BUDGETS,
    ANOMALIES,
    ALERTS,
    RECONCILIATION,
    PARITY,
    SCHEMA_VERSION,
)
"""What every warehouse has."""

HUB_TABLES = (SERVING_CUT, LOAD_LOCK, PROMOTIONS)
"""What only the hub has."""

PUBLISHED_TO_HUB = (LEDGER, DIGESTS, DAILY, HOURLY, DIMENSIONS, UNNAMED, PLATFORM)
"""What a cloud's own warehouse copies to the hub, beside what the hub's own loads write there."""

LOADED = (FACTS, DIGESTS, DAILY, HOURLY, DIMENSIONS, UNNAMED, PLATFORM, LEFT_OUT, BILL_TOTALS)
"""The tables a load fills, each from the temporary table ``new_<name>``."""
