"""What a person decides about a load that is held."""

from datetime import datetime

from handlers.errors import UsageError
from handlers.ledger import LedgerRow, Status
from handlers.warehouses import Warehouse


def decide(
    warehouse: Warehouse, load: str, status: Status, at: datetime, by: str, reason: str
) -> LedgerRow:
    """Write the decision about the held load ``load`` into the ledger; gives its row.

    Raises:
        UsageError: no load of that id is held.
    """
    held = warehouse.held()
    row = next((row for row in held if row.load_id == load), None)
    if row is None:
        known = ", ".join(f"{row.load_id} ({row.scope} {row.billing_period:%Y-%m})" for row in held)
        raise UsageError(f"No load {load} is held. Held are: {known or 'none'}.")
    decided = row.decided(status, at.replace(tzinfo=None), by, reason)
    warehouse.record(decided)
    return decided
