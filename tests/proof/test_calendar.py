"""Days, hours and months are those of UTC, whatever the clocks and calendars of a place do."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from handlers.load.load import Outcome, Policy
from handlers.periods import due_periods
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import collect, query, tables
from tests.proof.conftest import Tried

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

JUMPS = int(os.environ.get("PROOF_JUMPS", "12"))
"""Runs whose clock is somewhere else each time."""

PAYER = "111122223333"
ODD_DAYS = {
    "leap day": date(2024, 2, 29),
    "the next leap day": date(2028, 2, 29),
    "the last of February": date(2026, 2, 28),
    "a year's last day": date(2026, 12, 31),
    "a year's first day": date(2027, 1, 1),
    "Europe's summer begins": date(2026, 3, 29),
    "Europe's summer ends": date(2026, 10, 25),
    "America's summer begins": date(2026, 3, 8),
    "America's summer ends": date(2026, 11, 1),
}
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Australia/Lord_Howe")


@pytest.fixture(params=ZONES)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_every_hour_of_an_odd_day_is_on_that_day_once(
    zone: str, tmp_path: Path, tried: Tried
) -> None:
    for day in ODD_DAYS.values():
        lines = [Line(day, f"{hour}.5", hour=hour) for hour in range(24)]
        written = datetime(day.year, day.month, 28, 4, tzinfo=UTC) + timedelta(days=10)
        write_bill(tmp_path / "bills", AwsBill(PAYER, day.replace(day=1), lines, written))
    # Two of the days lie in one month: its bill is that of the day written last.
    collect(tmp_path / "bills", tmp_path / "w" / "costs.duckdb")
    found = query(
        tmp_path / "w" / "costs.duckdb",
        "SELECT date, billing_period, sum(cost_usd) FROM llm_costs GROUP BY ALL ORDER BY ALL",
    )
    months = {day.replace(day=1): day for day in ODD_DAYS.values()}
    cost = sum((Decimal(hour) + Decimal("0.5") for hour in range(24)), Decimal(0))
    assert [(row[0].replace(day=1), row[2]) for row in found] == [
        (month, cost) for month in sorted(months)
    ]
    assert all(row[0] in ODD_DAYS.values() and row[1] == row[0].replace(day=1) for row in found)
    hours = query(
        tmp_path / "w" / "costs.duckdb",
        "SELECT date, hour, sum(cost) FROM hourly_costs GROUP BY ALL ORDER BY ALL",
    )
    assert [(row[1], row[2]) for row in hours] == [
        (hour, Decimal(hour) + Decimal("0.5")) for _ in months for hour in range(24)
    ]
    tried(f"hours of odd days, on a machine in {zone}", 24 * len(months))


def test_a_clock_that_jumps_changes_no_table(tmp_path: Path, tried: Tried) -> None:
    random = Random(20261121)
    month, jumped, steady = date(2026, 10, 1), tmp_path / "j", tmp_path / "s"
    bills = tmp_path / "bills"
    for number in range(JUMPS):
        written = datetime(2026, 11, 2, 4, tzinfo=UTC) + timedelta(hours=number)
        lines = [Line(month, "1.5", tags={"customer": f"c{each}"}) for each in range(number + 1)]
        write_bill(bills, AwsBill(PAYER, month, lines, written))
        now = datetime(2026, 11, 3, tzinfo=UTC) + timedelta(days=random.randrange(-1500, 1500))
        policy = Policy(lambda now=now: now)
        assert [
            each.outcome for each in collect(bills, jumped / "costs.duckdb", policy=policy)
        ] == [Outcome.LOADED]
        again = collect(bills, jumped / "costs.duckdb", policy=policy)
        assert [each.outcome for each in again] == [Outcome.UNCHANGED]
    collect(bills, steady / "costs.duckdb")
    assert tables(jumped / "costs.duckdb") == tables(steady / "costs.duckdb")
    tried("loads by a clock that jumps to and fro by years", JUMPS)


def test_a_month_that_closes_late_is_still_looked_at(tried: Tried) -> None:
    """Counted by hand: daily for fifteen days after its end, then weekly for a year."""
    first, last = date(2023, 1, 1), date(2029, 12, 31)
    looked: Counter[date] = Counter()
    gaps: dict[date, int] = {}
    seen: dict[date, date] = {}
    for number in range((last - first).days + 1):
        today = first + timedelta(days=number)
        for month in due_periods(today):
            assert month <= today
            gaps[month] = max(gaps.get(month, 0), (today - seen.get(month, today)).days)
            seen[month] = today
            looked[month] += 1
    months = [month for month in looked if date(2024, 1, 1) <= month <= date(2028, 6, 1)]
    for month in months:
        after = (month + timedelta(days=32)).replace(day=1)
        daily = (after - month).days + 15
        assert seen[month] >= after + timedelta(days=340), "a year of late credits"
        assert gaps[month] <= 7
        assert looked[month] >= daily + 45
    tried("days on which the months that are due were asked for", (last - first).days + 1)
