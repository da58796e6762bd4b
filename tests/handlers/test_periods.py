from collections import Counter
from datetime import date

import pytest

from handlers.errors import UsageError
from handlers.periods import (
    due_periods,
    is_open,
    last_day,
    next_period,
    parse_period,
    parse_periods,
    period_of,
)


@pytest.mark.parametrize(
    ("text", "first"),
    [("2026-10", date(2026, 10, 1)), ("2028-02", date(2028, 2, 1)), ("0001-01", date(1, 1, 1))],
)
def test_a_month_is_named_by_year_and_month(text: str, first: date) -> None:
    assert parse_period(text) == first


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-13",
        "2026-00",
        "2026-1",
        "26-10",
        "2026-10-01",
        "0000-01",
        "\uff12\uff10\uff12\uff16-10",
    ],
)
def test_what_is_no_month_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="YYYY-MM, like 2026-10"):
        parse_period(text)


@pytest.mark.parametrize(
    ("period", "last", "following"),
    [
        ("2026-02", date(2026, 2, 28), date(2026, 3, 1)),
        ("2028-02", date(2028, 2, 29), date(2028, 3, 1)),
        ("2026-12", date(2026, 12, 31), date(2027, 1, 1)),
        ("2026-04", date(2026, 4, 30), date(2026, 5, 1)),
    ],
)
def test_a_month_ends_on_its_last_day(period: str, last: date, following: date) -> None:
    first = parse_period(period)
    assert (last_day(first), next_period(first)) == (last, following)
    assert period_of(last) == period_of(first) == first


@pytest.mark.parametrize(
    ("today", "answer"),
    [
        (date(2026, 10, 20), True),
        (date(2026, 11, 1), True),
        (date(2026, 11, 15), True),
        (date(2026, 11, 16), False),
        (date(2026, 9, 30), True),
    ],
)
def test_a_month_is_open_until_the_fifteenth_of_the_next(today: date, answer: bool) -> None:
    assert is_open(date(2026, 10, 1), today) is answer


def test_every_day_looks_at_the_open_months() -> None:
    for day in range(1, 16):
        assert {date(2026, 10, 1), date(2026, 11, 1)} <= set(due_periods(date(2026, 11, day)))
    assert date(2026, 11, 1) in due_periods(date(2026, 11, 30))


def test_each_of_the_twelve_months_before_is_looked_at_once_a_week_when_it_is_closed() -> None:
    week = [due_periods(date(2026, 11, day)) for day in range(16, 23)]
    looks = Counter(period for due in week for period in due)
    closed = [date(2025, month, 1) for month in (11, 12)]
    closed += [date(2026, month, 1) for month in range(1, 11)]
    assert looks == {**dict.fromkeys(closed, 1), date(2026, 11, 1): 7}
    assert max(len(due) for due in week) <= 3


def test_due_months_come_oldest_first_also_over_a_years_end() -> None:
    due = due_periods(date(2027, 1, 4))
    assert list(due) == sorted(due)
    assert due[-2:] == (date(2026, 12, 1), date(2027, 1, 1))


def test_a_range_is_every_month_from_its_first_to_its_last() -> None:
    assert parse_periods("2026-11..2027-02") == [
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2027, 1, 1),
        date(2027, 2, 1),
    ]
    assert parse_periods("2026-11") == [date(2026, 11, 1)]


@pytest.mark.parametrize("text", ["2026-11..2026-10", "2026-11..", "..2026-11", "1900-01..2026-11"])
def test_what_is_no_range_of_months_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_periods(text)


def test_a_range_holds_ten_years_and_not_a_month_more() -> None:
    assert len(parse_periods("2016-12..2026-11")) == 120
    with pytest.raises(UsageError, match="names 121 months: allowed are 120"):
        parse_periods("2016-11..2026-11")
