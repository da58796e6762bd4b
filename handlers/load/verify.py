"""Money in is money out: what must hold before a load may be committed."""

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from handlers.errors import ConservationError
from handlers.record import MONEY_SCALE
from handlers.scan.scan import Scanned

_HALF_NANO = Decimal(5).scaleb(-MONEY_SCALE - 1)
_NOTHING_CHANGED = "Nothing was changed. Fetch the bill again; if it stays, report it as a defect."


@dataclass(frozen=True)
class Split:
    """A bill's total, in its currency, by where it goes."""

    ai: Decimal
    platform: Decimal
    other: Decimal
    ai_lines: int


def verified_split(connection: duckdb.DuckDBPyConnection, scanned: Scanned) -> Split:
    """The split of the bill, after all checks.

    Raises:
        ConservationError: the two readers differ, the split does not add up to the second
            reader's total, or the rows to be written do not add up to the AI part.
    """
    if scanned.first != scanned.second:
        raise ConservationError(
            f"Two readers disagree: {scanned.first.lines} lines of {scanned.first.cost:f}"
            f" against {scanned.second.lines} lines of {scanned.second.cost:f}. {_NOTHING_CHANGED}"
        )
    split = _split(connection)
    if split.ai + split.platform + split.other != scanned.second.cost:
        raise ConservationError(
            f"AI {split.ai:f}, the platform's own {split.platform:f} and the rest {split.other:f}"
            f" do not add up to the bill's {scanned.second.cost:f}. {_NOTHING_CHANGED}"
        )
    _verify_rows(connection, split.ai)
    return split


def _split(connection: duckdb.DuckDBPyConnection) -> Split:
    row = connection.execute(
        """
        SELECT
            COALESCE(sum(cost) FILTER (is_ai), 0),
            COALESCE(sum(cost) FILTER (is_platform), 0),
            COALESCE(sum(cost) FILTER (NOT is_ai AND NOT is_platform), 0)
                + (SELECT COALESCE(sum(cost), 0) FROM left_out),
            count(*) FILTER (is_ai)
        FROM staged_lines
        """
    ).fetchone()
    if row is None:
        raise ConservationError(f"The bill could not be added up. {_NOTHING_CHANGED}")
    return Split(Decimal(row[0]), Decimal(row[1]), Decimal(row[2]), int(row[3]))


def _verify_rows(connection: duckdb.DuckDBPyConnection, ai: Decimal) -> None:
    row = connection.execute(
        "SELECT COALESCE(sum(billing_cost), 0), count(*) FROM new_llm_costs"
    ).fetchone()
    written, rows = (Decimal(row[0]), int(row[1])) if row else (Decimal(0), 0)
    if abs(written - ai) > rows * _HALF_NANO:
        raise ConservationError(
            f"The {rows} rows to be written cost {written:f}, the AI lines {ai:f}."
            f" {_NOTHING_CHANGED}"
        )
