"""Which days of a period are complete, and whether its lines lie in it."""

from datetime import date, datetime, timedelta

import duckdb

from handlers.errors import BillError, Place
from handlers.periods import last_day
from handlers.record import ChargeType, Cloud

COMPLETE_AFTER = timedelta(hours=24)
"""A day is complete when it ended this long before the export was written: AWS data is about a
day behind, Google's is 85 to 100 % complete at nine the next morning."""

_BILLING_DAY_SLACK = timedelta(days=1)
"""Google closes a month by Pacific time, eight hours after UTC."""


def data_through(period: date, exported_at: datetime, latest: date | None) -> date | None:
    """The last complete usage day of ``period`` in an export written at ``exported_at`` (UTC).

    ``latest`` is the last day on which anything was used. None when no day is complete.
    """
    complete = (exported_at - COMPLETE_AFTER).date() - timedelta(days=1)
    end = last_day(period)
    if complete >= end:
        return end
    if latest is None or complete < period:
        return None
    return min(complete, latest)


def refuse_foreign_days(connection: duckdb.DuckDBPyConnection, cloud: Cloud, period: date) -> None:
    """Refuse usage outside the period.

    Other charges (credits, refunds, fees) may be dated before or after it. A Google usage day may
    belong to an earlier month's usage billed late, never to a later month.

    Raises:
        BillError: names the first line's file, its day and the period.
    """
    first = date.min if cloud is Cloud.GCP else period
    last = last_day(period) + (_BILLING_DAY_SLACK if cloud is Cloud.GCP else timedelta())
    row = connection.execute(
        "SELECT line_file, usage_date, line_id FROM bill_lines"
        " WHERE charge_type = ? AND usage_date NOT BETWEEN ? AND ? ORDER BY usage_date LIMIT 1",
        [str(ChargeType.USAGE), first, last],
    ).fetchone()
    if row is not None:
        line = f" (line {row[2]})" if row[2] else ""
        raise BillError(
            Place(str(row[0]), column="usage date"),
            f"Usage of {row[1]}{line} is not in the billing period {period:%Y-%m}.",
            "A period's files hold that period only: check that the file lies in its own folder.",
        )
