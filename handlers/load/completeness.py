"""Which days of a period are complete."""

from datetime import date, datetime, timedelta

from handlers.periods import last_day

COMPLETE_AFTER = timedelta(hours=24)
"""A day is complete when it ended this long before the export was written: AWS data is about a
day behind, Google's is 85 to 100 % complete at nine the next morning."""


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
