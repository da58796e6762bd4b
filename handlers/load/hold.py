"""Which loads wait for a person: those that would shrink a period by more than a share."""

from decimal import Decimal

from handlers.ledger import LedgerRow

_ZERO = Decimal(0)


def shrinkage(row: LedgerRow, before: LedgerRow, share: Decimal) -> str | None:
    """What shrinks by more than ``share``, for the person who has to decide; None when nothing."""
    if before.stands_in and not row.stands_in:
        return None
    keep = 1 - share
    parts: list[str] = []
    gross, gross_before = row.gross_cost_usd or _ZERO, before.gross_cost_usd or _ZERO
    if gross_before > 0 and gross < gross_before * keep:
        parts.append(f"gross cost from {gross_before:.2f} to {gross:.2f} USD")
    if (row.source_lines or 0) < (before.source_lines or 0) * keep:
        parts.append(f"lines from {before.source_lines} to {row.source_lines}")
    if not parts:
        return None
    return (
        f"The new version shrinks {' and '.join(parts)}, more than {share:.0%}. Look at the bill,"
        f" then: collect --accept {row.load_id} (or --reject) --by NAME --reason TEXT."
    )
