"""A panel's data as CSV."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

from dashboards.duckdb_source import Cell
from dashboards.viewer.frames import Field, number
from handlers.formulas import harmless


def as_csv(of: Sequence[Field]) -> str:
    """All columns under the names of the query, or of the series; whole amounts, one row each.

    A text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    written = io.StringIO(newline="")
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(harmless(field.name) for field in of)
    rows.writerows(map(_cell, row) for row in zip(*(field.cells for field in of), strict=True))
    return written.getvalue()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if number(value) is None:
        return harmless(str(value))
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
