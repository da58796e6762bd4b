"""Billing periods: a period is the first day of an invoice month."""

import re
from datetime import date, timedelta

from handlers.errors import UsageError

RESTATEMENT_DAYS = 15
"""For about two weeks after a month closes clouds still restate it (AWS says so in
https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html)."""

MOST_PERIODS = 120
"""Billing periods that one message or range may name: ten years."""

LOOKED_BACK = 12
"""Months before the current one that are looked at every week: late credits come for a year."""


def parse_period(text: str) -> date:
    """``2026-10`` as the first day of October 2026; UsageError when it is not a month."""
    match = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
    if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1:
        raise UsageError(f"'{text}' is not a billing period: write it as YYYY-MM, like 2026-10.")
    return date(int(match[1]), int(match[2]), 1)


def parse_periods(text: str) -> list[date]:
    """``2026-10`` as one period, ``2026-01..2026-09`` as nine, in order.

    Raises:
        UsageError: it is neither.
    """
    first, dots, last = text.partition("..")
    period, end = parse_period(first), parse_period(last if dots else first)
    if end < period:
        raise UsageError(f"'{text}' ends before it begins: write the first month first.")
    months = 12 * (end.year - period.year) + end.month - period.month
    if months >= MOST_PERIODS:
        raise UsageError(f"'{text}' names {months + 1} months: allowed are {MOST_PERIODS}.")
    found = [period]
    while found[-1] < end:
        found.append(next_period(found[-1]))
    return found


def period_of(day: date) -> date:
    """The period that ``day`` lies in."""
    return day.replace(day=1)


def next_period(period: date) -> date:
    """The period after ``period``."""
    return (period.replace(day=28) + timedelta(days=4)).replace(day=1)


def last_day(period: date) -> date:
    """The last day of ``period``."""
    return next_period(period) - timedelta(days=1)


def is_open(period: date, today: date) -> bool:
    """Whether clouds still restate ``period`` as a matter of course."""
    return today <= last_day(period) + timedelta(days=RESTATEMENT_DAYS)


def due_periods(today: date) -> tuple[date, ...]:
    """The periods that a daily run looks at, oldest first.

    Every open one, and of the twelve months before the current one those whose weekday it is:
    each is looked at once a week, and no day's run has to look at all of them.
    """
    current = period_of(today)
    months = [current]
    for _ in range(LOOKED_BACK):
        months.insert(0, period_of(months[0] - timedelta(days=1)))
    return tuple(
        month
        for month in months
        if is_open(month, today) or (12 * month.year + month.month) % 7 == today.weekday()
    )
