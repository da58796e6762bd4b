"""Money in is money out: what must hold before a load may be committed."""

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from handlers.errors import ConservationError
from handlers.record import MONEY_SCALE
from handlers.scan.scan import Scanned
from handlers.scan.totals import Total

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
    split = _split(connection)
    verify_split(split, scanned.first, scanned.second, _written(connection))
    return split


def verify_split(split: Split, first: Total, second: Total, written: Total) -> None:
    """The checks: ``first`` and ``second`` as the readers have the bill, ``written`` the rows.

    Raises:
        ConservationError: see ``verified_split``.
    """
    if first != second:
        raise ConservationError(
            f"Two readers disagree: {first.lines} lines of {first.cost:f}"
            f" against {second.lines} lines of {second.cost:f}. {_NOTHING_CHANGED}"
        )
    if split.ai + split.platform + split.other != second.cost:
        raise ConservationError(
            f"AI {split.ai:f}, the platform's own {split.platform:f} and the rest {split.other:f}"
            f" do not add up to the bill's {second.cost:f}. {_NOTHING_CHANGED}"
        )
    if abs(written.cost - split.ai) > written.lines * _HALF_NANO:
        raise ConservationError(
            f"The {written.lines} rows to be written cost {written.cost:f}, the AI lines"
            f" {split.ai:f}. {_NOTHING_CHANGED}"
        )


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


def _written(connection: duckdb.DuckDBPyConnection) -> Total:
    row = connection.execute(
        "SELECT COALESCE(sum(billing_cost), 0), count(*) FROM new_llm_costs"
    ).fetchone()
    return Total(int(row[1]), Decimal(row[0])) if row else Total(0, Decimal(0))
