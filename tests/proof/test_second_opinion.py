"""The collector and a plain reading of the same bills agree, row by row."""

import os
from pathlib import Path

import pytest

from tests.handlers.load.runs import collect, query
from tests.proof.opinion import Key, Sums, opinion
from tests.proof.random_bills import draw_bill, labelled, write_bill, write_site

pytestmark = pytest.mark.proof

BILLS = int(os.environ.get("PROOF_BILLS", "1000"))
"""How many bills are drawn; the long run takes ten thousand."""

TOGETHER = 100
"""So many are collected in one run."""

FIRST_NUMBERS = range(0, BILLS, TOGETHER)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", FIRST_NUMBERS)
def test_random_bills_become_the_rows_of_a_plain_reading(first: int, tmp_path: Path) -> None:
    names = labelled()
    drawn = [draw_bill(number, names) for number in range(first, first + TOGETHER)]
    for bill in drawn:
        write_bill(tmp_path / "bills", bill)
    write_site(tmp_path / "site")
    warehouse = tmp_path / "costs.duckdb"
    outcomes = collect(tmp_path / "bills", warehouse, tmp_path / "site")
    assert len(outcomes) == len(drawn)
    for bill in drawn:
        expected = opinion(tmp_path / "bills", bill, names)
        assert _rows(warehouse, bill.scope) == expected, f"bill {bill.scope}"


def _rows(warehouse: Path, scope: str) -> dict[Key, Sums]:
    columns = ", ".join((*Key._fields, *Sums._fields))
    rows = query(warehouse, f"SELECT {columns} FROM llm_costs WHERE scope = ?", scope)
    keys = len(Key._fields)
    found = {Key(*row[:keys]): Sums(*row[keys:]) for row in rows}
    assert len(found) == len(rows), "two rows of one key"
    return found
