"""What the ledger says of a bill in several currencies.

An Azure billing account may have billing profiles of different currencies, each of which bills in
one: https://learn.microsoft.com/azure/cost-management-billing/manage/mca-overview
"""

import json
from dataclasses import replace
from decimal import Decimal

import duckdb

from handlers.ledger import LedgerRow

_TOTALS = """
SELECT
    currency,
    COALESCE(sum(cost) FILTER (part = 'ai'), 0) AS ai,
    COALESCE(sum(cost) FILTER (part = 'platform'), 0) AS platform,
    COALESCE(sum(cost) FILTER (part = 'other'), 0) AS other
FROM (
    SELECT
        currency,
        cost,
        CASE WHEN is_ai THEN 'ai' WHEN is_platform THEN 'platform' ELSE 'other' END AS part
    FROM staged_lines
    UNION ALL
    SELECT currency, cost, 'other' FROM left_out
)
GROUP BY currency
ORDER BY currency
"""


def with_like_totals(connection: duckdb.DuckDBPyConnection, row: LedgerRow) -> LedgerRow:
    """``row`` without sums of unlike units.

    Where the lines of ``staged_lines`` and ``left_out`` are in several currencies, its totals in
    the bill's currency become NULL and ``currency_totals`` has those of each; else it stays.
    """
    totals = connection.execute(_TOTALS).fetchall()
    if len([currency for currency, *_ in totals if currency is not None]) < 2:
        return row
    content = {
        str(currency or ""): {
            part: format(Decimal(cost), "f")
            for part, cost in zip(("ai", "platform", "other"), costs, strict=True)
        }
        for currency, *costs in totals
    }
    return replace(
        row,
        currency_totals=json.dumps(content),
        source_total=None,
        ai_total=None,
        platform_total=None,
        other_total=None,
        loaded_total=None,
        quarantined_total=None,
    )
