"""Reads one row's cells by kind and notes every cell that is not what it may be."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from handlers.site.csv_rows import Row
from handlers.site.problems import Problem, at_row, shown
from handlers.site.text import NAME_LIMIT
from handlers.site.values import (
    CURRENCY_FORM,
    DAY_FORM,
    MONTH_FORM,
    amount_from,
    day_from,
    is_currency,
    month_from,
)

Choice = TypeVar("Choice", bound=StrEnum)

_NO_VALUE = "nothing"


class Cells:
    """The cells of one row. A reader that finds a fault notes it and returns None or ``""``.

    Read every cell first, then ask ``valid``: so one row can report several problems at once.
    """

    def __init__(self, row: Row, problems: list[Problem]) -> None:
        self.number = row.number
        self._row = row
        self._problems = problems
        self._known = len(problems)

    @property
    def valid(self) -> bool:
        """True while nothing wrong was noted in this row."""
        return len(self._problems) == self._known

    def refuse(self, column: str, found: str, allowed: str, remedy: str) -> None:
        """Note that a cell is wrong."""
        place = at_row(self._row.file, self._row.number, column)
        self._problems.append(Problem(place, found, allowed, remedy))

    def raw(self, column: str) -> str:
        """The cell, trimmed; blank when the file does not have the column."""
        return self._row.cells.get(column, "")

    def text(self, column: str) -> str:
        """Any text up to 256 characters, or blank."""
        cell = self.raw(column)
        if len(cell) > NAME_LIMIT:
            allowed = f"at most {NAME_LIMIT} characters"
            self.refuse(column, shown(cell), allowed, "shorten it.")
        return cell

    def name(self, column: str) -> str:
        """Text that must not be blank."""
        cell = self.text(column)
        if not cell:
            allowed = f"1 to {NAME_LIMIT} characters"
            self.refuse(column, _NO_VALUE, allowed, "fill the cell or delete the row.")
        return cell

    def day(self, column: str) -> date | None:
        """A day; None when blank."""
        cell = self.raw(column)
        day = day_from(cell)
        if cell and day is None:
            remedy = "write it like 2026-09-01; leave it blank when it is open."
            self.refuse(column, shown(cell), f"{DAY_FORM}; blank for open", remedy)
        return day

    def month(self, column: str) -> date | None:
        """The first day of a month; a blank cell is refused."""
        cell = self.raw(column)
        month = month_from(cell)
        if month is None:
            found = shown(cell) if cell else _NO_VALUE
            self.refuse(column, found, MONTH_FORM, "write it like 2026-09.")
        return month

    def amount(self, column: str) -> Decimal | None:
        """An exact amount, of either sign; a blank cell is refused."""
        cell = self.raw(column)
        amount = amount_from(cell)
        if amount is None:
            self.refuse(
                column,
                shown(cell) if cell else _NO_VALUE,
                "a decimal number with at most 12 digits before the point and 9 after it",
                "write it like 1234.56, without thousands separators, currency or exponent.",
            )
        return amount

    def positive_amount(self, column: str) -> Decimal | None:
        """An exact amount above zero."""
        amount = self.amount(column)
        if amount is not None and amount <= 0:
            allowed = "a number above 0"
            self.refuse(column, shown(self.raw(column)), allowed, "correct it or delete the row.")
            return None
        return amount

    def currency(self, column: str) -> str:
        """A currency code; a blank cell is refused."""
        cell = self.raw(column)
        if not is_currency(cell):
            found = shown(cell) if cell else _NO_VALUE
            self.refuse(column, found, CURRENCY_FORM, "write it like EUR.")
        return cell

    def choice(self, column: str, choices: type[Choice]) -> Choice | None:
        """One of a closed set, exactly as written there; None when blank."""
        cell = self.raw(column)
        if not cell:
            return None
        for choice in choices:
            if choice.value == cell:
                return choice
        close = [choice.value for choice in choices if choice.value.lower() == cell.lower()]
        remedy = f"write '{close[0]}'." if close else "use one of these."
        self.refuse(column, shown(cell), " | ".join(choices), remedy)
        return None

    def required_choice(self, column: str, choices: type[Choice]) -> Choice | None:
        """As ``choice``, and a blank cell is refused."""
        if not self.raw(column):
            self.refuse(column, _NO_VALUE, " | ".join(choices), "use one of these.")
        return self.choice(column, choices)
