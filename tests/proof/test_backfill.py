"""Three years of months are collected in one run, each exactly, in the memory that a few take."""

import os
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.periods import next_period
from tests.handlers.load.bills import NOVA, SONNET, SONNET_OUT, AwsBill, Line, write_bill
from tests.handlers.load.runs import query
from tests.proof.conftest import Tried
from tools.bench.measure import Measured, measure

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]

FIRST = date(2023, 11, 1)
MONTHS, FEW = 36, 6
CUSTOMERS = 20
MODELS = (SONNET, SONNET_OUT, NOVA)
MORE_MEBIBYTES = 60
"""Of the process's peak: what its engine and allocator keep between months, and no more."""


def months(number: int) -> list[date]:
    found = [FIRST]
    while len(found) < number:
        found.append(next_period(found[-1]))
    return found


def cost_of(number: int) -> Decimal:
    """Of each line of the month of that number: another for each, and none a round one."""
    return Decimal(number + 1) + Decimal("0.000000001")


def write(folder: Path, number: int) -> None:
    for place, month in enumerate(months(number)):
        lines = [
            Line(month, f"{cost_of(place):f}", model, tags={"customer": f"c{customer}"})
            for customer in range(CUSTOMERS)
            for model in MODELS
        ]
        written = datetime(month.year, month.month, 1, 4, tzinfo=UTC) + timedelta(days=33)
        write_bill(folder, AwsBill("111122223333", month, lines, written))


def collected(folder: Path, number: int) -> Measured:
    """A run of its own over so many months."""
    write(folder / "bills", number)
    command = [sys.executable, "-m", "handlers", "collect", str(folder / "bills")]
    command += ["--warehouse", f"duckdb:{folder / 'costs.duckdb'}", "--now", "2026-11-21T06:00:00"]
    done = measure(command, folder / "said.log", 1200, {**os.environ, "NO_COLOR": "1"})
    assert done.exit_code == 0, (folder / "said.log").read_text("utf-8")[-3000:]
    return done


def test_a_backfill_of_36_months(tmp_path: Path, tried: Tried) -> None:
    few, every = collected(tmp_path / "few", FEW), collected(tmp_path / "every", MONTHS)
    found = query(
        tmp_path / "every" / "costs.duckdb",
        "SELECT billing_period, count(*), sum(cost_usd) FROM llm_costs GROUP BY 1 ORDER BY 1",
    )
    lines = CUSTOMERS * len(MODELS)
    assert found == [
        (month, lines, lines * cost_of(place)) for place, month in enumerate(months(MONTHS))
    ]
    assert every.peak < few.peak + MORE_MEBIBYTES
    said = (
        f"{(every.cpu_seconds - few.cpu_seconds) / (MONTHS - FEW):.2f} seconds of CPU a month,"
        f" peak {few.peak:.0f} MiB with {FEW}, {every.peak:.0f} MiB with {MONTHS}"
    )
    tried("months of one run", MONTHS, [said])
