"""The collector and a plain reading of the same bills agree, row by row."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from handlers.record import Cloud
from tests.handlers.load.runs import collect, query
from tests.proof import (
    azure_bills,
    azure_opinion,
    google_bills,
    google_opinion,
    opinion,
    random_bills,
)
from tests.proof.conftest import Tried
from tests.proof.random_bills import Labelled, write_site
from tests.proof.rows import Key, Sums

pytestmark = pytest.mark.proof

BILLS = int(os.environ.get("PROOF_BILLS", "1000"))
"""How many bills of AWS are drawn; the long run takes ten thousand. Of the others a tenth."""

TOGETHER = 100
"""So many are collected in one run."""


@dataclass(frozen=True)
class Reading:
    """How bills of a cloud are drawn and written, and what a plain reading makes of them."""

    labelled: Callable[[], Sequence[Labelled]]
    draw: Callable[[int, Sequence[Labelled]], Any]
    write: Callable[[Path, Any], None]
    opinion: Callable[[Path, Any, Sequence[Labelled]], Mapping[Key, Sums]]
    bills: int = BILLS // 10


READINGS: Mapping[Cloud, Reading] = {
    Cloud.AWS: Reading(
        random_bills.labelled,
        random_bills.draw_bill,
        random_bills.write_bill,
        opinion.opinion,
        BILLS,
    ),
    Cloud.AZURE: Reading(
        azure_bills.labelled,
        azure_bills.draw_bill,
        azure_bills.write_bill,
        azure_opinion.opinion,
    ),
    Cloud.GCP: Reading(
        google_bills.labelled,
        google_bills.draw_bill,
        google_bills.write_bill,
        google_opinion.opinion,
    ),
}


def runs() -> Iterator[tuple[Cloud, int]]:
    """The number of the first bill of each run."""
    for cloud, reading in READINGS.items():
        for first in range(0, reading.bills, TOGETHER):
            yield cloud, first


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("cloud", "first"), tuple(runs()))
def test_random_bills_become_the_rows_of_a_plain_reading(
    cloud: Cloud, first: int, tmp_path: Path, tried: Tried
) -> None:
    reading = READINGS[cloud]
    names = reading.labelled()
    last = min(first + TOGETHER, reading.bills)
    drawn = [reading.draw(number, names) for number in range(first, last)]
    for bill in drawn:
        reading.write(tmp_path / "bills", bill)
    write_site(tmp_path / "site")
    warehouse = tmp_path / "costs.duckdb"
    outcomes = collect(tmp_path / "bills", warehouse, tmp_path / "site")
    assert len(outcomes) == len(drawn)
    found = _rows_by_scope(warehouse)
    for bill in drawn:
        expected = reading.opinion(tmp_path / "bills", bill, names)
        assert found.pop(bill.scope, {}) == expected, f"bill {bill.scope}"
    assert not found, "rows of a bill that nobody wrote"
    tried(f"random bills of {cloud}, row by row", len(drawn))


def _rows_by_scope(warehouse: Path) -> dict[str, dict[Key, Sums]]:
    columns = ", ".join((*Key._fields, *Sums._fields))
    keys = len(Key._fields)
    found: dict[str, dict[Key, Sums]] = defaultdict(dict)
    for scope, *row in query(warehouse, f"SELECT scope, {columns} FROM llm_costs"):
        key = Key(*row[:keys])
        assert key not in found[scope], "two rows of one key"
        found[scope][key] = Sums(*row[keys:])
    return found
