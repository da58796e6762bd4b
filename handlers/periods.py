"""Billing periods: a period is the first day of an invoice month."""

import re
from datetime import date, timedelta

from handlers.errors import UsageError

RESTATEMENT_DAYS = 15
"""For about two weeks after a month closes clouds still restate it (AWS says so in
https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html)."""


def parse_period(text: str) -> date:
    """``2026-10`` as the first day of October 2026; UsageError when it is not a month."""
    match = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
    if not match or not 1 <= int(match[2]) <= 12 or int(match[1]) < 1:
        raise UsageError(f"'{text}' is not a billing period: write it as YYYY-MM, like 2026-10.")
    return date(int(match[1]), int(match[2]), 1)


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
