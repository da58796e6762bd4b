"""The written forms of days, months and amounts in site files; anything else is refused."""

import re
from datetime import date
from decimal import Decimal

DAY_FORM = "a day written YYYY-MM-DD, from 2000-01-01 to 2099-12-31"
MONTH_FORM = "a month written YYYY-MM, from 2000-01 to 2099-12"
CURRENCY_FORM = "a currency of three capital letters (ISO 4217), as the bill writes it"

_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"20[0-9]{2}-[0-9]{2}")
_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,9})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def day_from(text: str) -> date | None:
    """The day that ``text`` writes, or None when it does not write one."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def month_from(text: str) -> date | None:
    """The first day of the month that ``text`` writes, or None when it does not write one."""
    return day_from(f"{text}-01") if _MONTH.fullmatch(text) else None


def amount_from(text: str) -> Decimal | None:
    """The exact amount that ``text`` writes: up to 12 digits, a point, up to 9 decimals."""
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def is_currency(text: str) -> bool:
    """True for three capital letters."""
    return _CURRENCY.fullmatch(text) is not None


def month_text(month: date) -> str:
    """``month`` as site files write it: YYYY-MM."""
    return f"{month.year:04d}-{month.month:02d}"


def months_after(month: date, count: int) -> date:
    """The first day of the month ``count`` months after the month of ``month``."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)
