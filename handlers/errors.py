"""What can go wrong, one type for each kind a caller treats differently.

Every message is for the person who reads it: what was found, where, what is allowed, what to do
next. The doors print ``str(error)`` and exit with code 1; anything that is not a ``CostError`` is
a defect of ours and keeps its traceback.
"""

from dataclasses import dataclass


class CostError(Exception):
    """Base of every error that a user can cause and mend."""


@dataclass(frozen=True)
class Place:
    """Where in the input something was found; parts that are not known are left out.

    ``row`` counts from 1 and includes the header row of a CSV file, so that it is the number a
    text editor shows when no cell above it holds a line break.
    """

    file: str = ""
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        row = f"row {self.row}" if self.row is not None else ""
        column = f"column '{self.column}'" if self.column else ""
        return ", ".join(part for part in (self.file, row, column) if part)


class BillError(CostError):
    """A bill can't be read, so the load changes nothing."""

    def __init__(self, place: Place, found: str, remedy: str) -> None:
        super().__init__(f"{place}: {found} {remedy}" if str(place) else f"{found} {remedy}")
        self.place = place
        self.found = found
        self.remedy = remedy


class SiteError(CostError):
    """The site data (attribution, customers, rates, ...) or the rules are not valid."""


class RateMissing(CostError):
    """A bill is in a currency for which no rate may be used."""


class WarehouseError(CostError):
    """The warehouse refused: wrong schema, locked by another load, unreadable."""


class ConservationError(CostError):
    """Money in is not money out: the load is refused, nothing was written."""


class UsageError(CostError):
    """A command was called with words it does not take."""
