"""Fill the table ``anomalies``: after the day's loads, in the hub or on a laptop."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import cast

from handlers.alerts.hub import key_of
from handlers.alerts.runner import Runner
from handlers.anomalies.definition import Definition, definition
from handlers.site.events import Event
from handlers.tables import ANOMALIES

RESTATED_DAYS = 62
"""Days before today that are computed anew each time: clouds restate the month before."""

_AT_ONCE_DAYS = 92
"""Days that one statement computes, so that years of history do not have to fit into memory."""


@dataclass(frozen=True)
class Refreshed:
    """The days that were computed, both included; None where no bill was loaded."""

    first: date | None
    last: date


def refresh(
    runner: Runner,
    now: datetime,
    events: Sequence[Event] = (),
    rule: Definition | None = None,
) -> Refreshed:
    """Compute anomalies and replace those of the same days; twice is the same as once.

    The days are the last ``RESTATED_DAYS``, and all when bills older than what is known have come.
    Days after a cloud's ``data_through`` are not complete and get no row. ``events`` are the site's
    expected spikes; ``rule`` stands for the numbers in force.

    Raises:
        WarehouseError: BigQuery refused or failed.
    """
    last = now.date()
    first = _first_day(runner, last)
    if first is None:
        return Refreshed(None, last)
    for start, end in _parts(first, last):
        sql = question(runner, (start, end), now, events, rule)
        condition = f"date >= {_day(start)} AND date <= {_day(end)}"
        runner.replace(ANOMALIES, condition, sql)
    return Refreshed(first, last)


def question(
    runner: Runner,
    days: tuple[date, date],
    now: datetime,
    events: Sequence[Event] = (),
    rule: Definition | None = None,
) -> str:
    """The SQL that gives the anomalies of ``days``, both included, in the table's columns."""
    numbers = rule or definition()
    first, last = days
    return (
        _text("anomalies.sql")
        .strip()
        .format(
            **runner.words(),
            **numbers.words(),
            since=_day(first - timedelta(days=numbers.reach_days)),
            first=_day(first),
            last=_day(last),
            events=_events(runner, events, first, last),
            now=f"TIMESTAMP '{now.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00'",
        )
    )


def _first_day(runner: Runner, today: date) -> date | None:
    """From which day on to compute; None when there is no cost at all."""
    usual = today - timedelta(days=RESTATED_DAYS)
    rows = runner.rows(_text("window.sql").format(**runner.words()))
    firsts = [cast("date", row["first_cost"]) for row in rows]
    if not firsts:
        return None
    for row in rows:
        computed, until = row["first_computed"], row["last_computed"]
        if computed is None or cast("date", computed) > cast("date", row["first_cost"]):
            return min(*firsts, usual)
        usual = min(usual, cast("date", until) + timedelta(days=1))
    return usual


def _parts(first: date, last: date) -> Iterator[tuple[date, date]]:
    start = first
    while start <= last:
        end = min(start + timedelta(days=_AT_ONCE_DAYS - 1), last)
        yield start, end
        start = end + timedelta(days=1)


def _events(runner: Runner, events: Sequence[Event], first: date, last: date) -> str:
    """The events that matter to days from ``first`` on, as a relation; any is an empty text.

    One more is in the past of everything, so that the relation is never empty.
    """
    before = first - timedelta(days=RESTATED_DAYS)
    none = Event(date.min, date.min, None, "", "", "")
    rows: list[str] = []
    for event in (none, *(e for e in events if e.last_day >= before and e.first_day <= last)):
        cells = {
            "first_day": _day(event.first_day),
            "last_day": _day(event.last_day),
            "cloud_provider": runner.literal(event.cloud or ""),
            "model": runner.literal(event.model),
            "customer_key": runner.literal(key_of(event.customer) if event.customer else ""),
            "note": runner.literal(event.note),
        }
        rows.append("SELECT " + ", ".join(f"{cell} AS {name}" for name, cell in cells.items()))
    return "(" + " UNION ALL ".join(rows) + ")"


def _day(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def _text(name: str) -> str:
    return files("handlers.anomalies").joinpath(name).read_text("utf-8")
