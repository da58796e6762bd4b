"""How far a bill's days are complete, and which days belong in it."""

from datetime import UTC, date, datetime

import pytest

from handlers.load.completeness import data_through


@pytest.mark.parametrize(
    ("period", "exported", "latest", "through"),
    [
        # The 20th at six: the 18th ended thirty hours ago, the 19th six.
        ("2026-11-01", "2026-11-20T06:00", "2026-11-20", "2026-11-18"),
        # A day is complete twenty-four hours after its end, not a minute before.
        ("2026-11-01", "2026-11-20T00:00", "2026-11-20", "2026-11-18"),
        ("2026-11-01", "2026-11-19T23:59", "2026-11-20", "2026-11-17"),
        # Nothing was billed yet for a day that should be complete.
        ("2026-11-01", "2026-11-20T06:00", "2026-11-15", "2026-11-15"),
        ("2026-11-01", "2026-11-20T06:00", None, None),
        # The first two days of a month have no complete day.
        ("2026-11-01", "2026-11-02T23:59", "2026-11-02", None),
        ("2026-11-01", "2026-11-03T00:00", "2026-11-02", "2026-11-01"),
        # A closed month is complete even if its last days cost nothing.
        ("2026-11-01", "2026-12-02T00:00", "2026-11-20", "2026-11-30"),
        ("2026-11-01", "2026-12-01T23:59", "2026-11-30", "2026-11-29"),
        ("2026-11-01", "2026-12-02T00:00", None, "2026-11-30"),
        # Leap day and the turn of the year.
        ("2028-02-01", "2028-03-02T00:00", "2028-02-29", "2028-02-29"),
        ("2028-02-01", "2028-03-01T23:59", "2028-02-29", "2028-02-28"),
        ("2026-02-01", "2026-03-02T00:00", "2026-02-28", "2026-02-28"),
        ("2026-12-01", "2027-01-02T00:00", "2026-12-31", "2026-12-31"),
        ("2026-12-01", "2027-01-01T12:00", "2026-12-31", "2026-12-30"),
    ],
)
def test_the_last_complete_day(
    period: str, exported: str, latest: str | None, through: str | None
) -> None:
    found = data_through(
        date.fromisoformat(period),
        datetime.fromisoformat(exported).replace(tzinfo=UTC),
        date.fromisoformat(latest) if latest else None,
    )
    assert found == (date.fromisoformat(through) if through else None)
