"""A time range as Grafana writes it in an address: ``now-30d/d``, milliseconds, or a day.

Everything is UTC, as the dashboards are
(https://grafana.com/docs/grafana/latest/dashboards/use-dashboards/#time-units-and-relative-ranges).
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

RELATIVE = re.compile(
    r"now(?:(?P<sign>[+-])(?P<count>\d{1,5})(?P<unit>[smhdwMQy]))?(?:/(?P<to>[hdwMQy]))?"
)
MILLISECONDS = re.compile(r"\d{9,15}")
DAY = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+Z?)?")
SPANS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
MONTHS = {"M": 1, "Q": 3, "y": 12}
ALMOST = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Range:
    """A time range: how it is written, and the moments that it means."""

    since: str
    until: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Preset:
    """A time range that a reader can pick by name."""

    title: str
    since: str
    until: str


PRESETS = (
    Preset("Last 7 days", "now-6d/d", "now"),
    Preset("Last 30 days", "now-30d/d", "now"),
    Preset("Last 90 days", "now-90d/d", "now"),
    Preset("This month so far", "now/M", "now"),
    Preset("Previous month", "now-1M/M", "now-1M/M"),
    Preset("This quarter so far", "now/Q", "now"),
    Preset("Last 12 months", "now-12M/M", "now"),
    Preset("Last 3 years", "now-36M/M", "now"),
)


def read_range(since: str, until: str, now: datetime) -> Range:
    """The range between two written moments; the end of a unit counts whole.

    Raises:
        ValueError: a moment that can't be read, or an end before the start.
    """
    start, end = _moment(since, now, is_end=False), _moment(until, now, is_end=True)
    if end < start:
        raise ValueError(f"the time ends ({until}) before it starts ({since})")
    return Range(since, until, start, end)


def title(of: Range) -> str:
    """The range as a reader says it."""
    for preset in PRESETS:
        if (preset.since, preset.until) == (of.since, of.until):
            return preset.title
    return f"{of.start:%d %b %Y} to {of.end:%d %b %Y}"


def end_of(day: date) -> datetime:
    """The last moment of a day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) - ALMOST


def _moment(text: str, now: datetime, *, is_end: bool) -> datetime:
    if found := RELATIVE.fullmatch(text):
        moment = now
        if found["unit"]:
            count = int(found["sign"] + found["count"])
            moment = _moved(now, count, found["unit"])
        return _rounded(moment, found["to"], is_end=is_end) if found["to"] else moment
    try:
        if MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        if DAY.fullmatch(text):
            moment = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)
            return end_of(moment.date()) if is_end and "T" not in text else moment
    except (OverflowError, OSError, ValueError):
        pass
    raise ValueError(
        f"'{text}' is no time: write now, now-30d/d, 2026-11-01, or milliseconds since 1970"
    )


def _moved(moment: datetime, count: int, unit: str) -> datetime:
    try:
        if unit in SPANS:
            return moment + SPANS[unit] * count
        months = moment.year * 12 + moment.month - 1 + MONTHS[unit] * count
        year, month = months // 12, months % 12 + 1
        return moment.replace(
            year=year, month=month, day=min(moment.day, monthrange(year, month)[1])
        )
    except (OverflowError, ValueError):
        raise ValueError(f"{count}{unit} from now is outside the calendar") from None


def _rounded(moment: datetime, unit: str, *, is_end: bool) -> datetime:
    start = _start(moment, unit)
    return _moved(start, 1, unit) - ALMOST if is_end else start


def _start(moment: datetime, unit: str) -> datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    match unit:
        case "h":
            return hour
        case "d":
            return day
        case "w":
            return day - timedelta(days=day.weekday())
        case _:
            length = MONTHS[unit]
            return day.replace(day=1, month=(day.month - 1) // length * length + 1)
