"""A time range means what it means in Grafana, in UTC."""

from datetime import UTC, date, datetime

import pytest

from dashboards.viewer.times import PRESETS, end_of, read_range, title

# A Friday.
NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        ("now-30d/d", "now", "2026-10-21T00:00:00", "2026-11-20T15:30:00"),
        ("now-6h", "now", "2026-11-20T09:30:00", "2026-11-20T15:30:00"),
        ("now/w", "now/w", "2026-11-16T00:00:00", "2026-11-22T23:59:59.999"),
        ("now-1M/M", "now-1M/M", "2026-10-01T00:00:00", "2026-10-31T23:59:59.999"),
        ("now/Q", "now", "2026-10-01T00:00:00", "2026-11-20T15:30:00"),
        ("now-1y/y", "now-1y/y", "2025-01-01T00:00:00", "2025-12-31T23:59:59.999"),
        ("2026-11-02", "2026-11-05", "2026-11-02T00:00:00", "2026-11-05T23:59:59.999"),
        ("2026-11-02T06:00Z", "2026-11-02T07:00Z", "2026-11-02T06:00:00", "2026-11-02T07:00:00"),
        ("1793577600000", "now", "2026-11-02T00:00:00", "2026-11-20T15:30:00"),
    ],
)
def test_a_range_is_read_as_grafana_reads_it(since: str, until: str, start: str, end: str) -> None:
    read = read_range(since, until, NOW)
    assert read.start == datetime.fromisoformat(f"{start}+00:00")
    assert read.end == datetime.fromisoformat(f"{end}+00:00")


def test_a_month_before_the_31st_ends_with_the_month() -> None:
    march = datetime(2026, 3, 31, tzinfo=UTC)
    assert read_range("now-1M", "now", march).start == datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("yesterday", "now", "'yesterday' is no time"),
        ("now-99999y", "now", "outside the calendar"),
        ("2026-02-30", "now", "'2026-02-30' is no time"),
        ("999999999999999", "now", "is no time"),
        ("now", "now-1d", "ends (now-1d) before it starts (now)"),
        ("'); DROP TABLE costs; --", "now", "is no time"),
    ],
)
def test_what_is_no_range_is_told(since: str, until: str, told: str) -> None:
    with pytest.raises(ValueError) as failed:  # noqa: PT011 - the text is looked at below
        read_range(since, until, NOW)
    assert told in str(failed.value)


def test_a_range_has_its_name_or_its_days() -> None:
    for preset in PRESETS:
        assert title(read_range(preset.since, preset.until, NOW)) == preset.title
    days = read_range("2026-11-02", "2026-11-05", NOW)
    assert title(days) == "02 Nov 2026 to 05 Nov 2026"


def test_the_last_seven_days_are_seven() -> None:
    (week,) = (each for each in PRESETS if each.title == "Last 7 days")
    read = read_range(week.since, week.until, end_of(date(2026, 11, 20)))
    assert (read.end.date() - read.start.date()).days + 1 == 7
