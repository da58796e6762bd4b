"""What is kept of a reconciliation: all of it, or nothing."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

import pytest

from handlers.alerts.runner import Cell, Runner
from handlers.errors import WarehouseError
from handlers.reconcile.books import Books
from handlers.reconcile.compare import Compared, Part, Reason
from handlers.record import ChargeType
from handlers.site import Rates
from handlers.tables import RECONCILIATION, Table
from tests.handlers.reconcile.test_compare import LOAD, NOW, SAID

PART = Part(ChargeType.TAX, Reason.TAX, Decimal(190))


class Failing:
    """Takes ``left`` statements and then no more; remembers the rows of those it took."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.rows: list[Sequence[Cell]] = []

    def insert(self, table: Table, rows: Sequence[Sequence[Cell]]) -> None:
        assert table is RECONCILIATION
        if self.left == 0:
            raise WarehouseError("away")
        self.left -= 1
        self.rows += rows


def comparisons(count: int) -> list[Compared]:
    return [
        Compared(replace(SAID, scope=f"{number:012}"), LOAD, Decimal(1000), [PART])
        for number in range(count)
    ]


def test_a_thousand_rows_are_kept_by_one_statement_that_adds_all_or_none() -> None:
    runner = Failing(1)
    books = Books(cast("Runner", runner), "hub", Rates(()))
    books.keep(comparisons(500), NOW)
    assert len(runner.rows) == 2 * 500
    with pytest.raises(WarehouseError, match="away"):
        books.keep(comparisons(500), NOW)
    assert len(runner.rows) == 2 * 500
