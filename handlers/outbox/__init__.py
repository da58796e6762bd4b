"""The outbox: what a cloud's own warehouse has committed and the hub has not been told yet.

A native load commits whether or not the hub answers, with a row in the outbox in the same
transaction. Publishing comes after it, and may fail: what is unpublished stays in the outbox and
goes with the next run.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from handlers.ledger import LedgerRow
from handlers.warehouses import Warehouse


class NativeWarehouse(Warehouse, Protocol):
    """A warehouse that publishes what it commits to the hub."""

    def unpublished(self) -> Sequence[LedgerRow]:
        """The ledger's rows that were committed and not yet published, oldest first.

        Rows of every status: the hub tells of loads that failed or wait for a person, too.

        Raises:
            WarehouseError: it can't be asked.
        """
        ...

    def publication(self, row: LedgerRow, folder: Path) -> Mapping[str, Path]:
        """What the hub is told of ``row``: a parquet file in ``folder`` for each table's name.

        The tables are those of ``handlers.tables.PUBLISHED_TO_HUB``, each with all its columns and
        all rows of the row's bill as they are now; of the ledger only ``row``, of the digests only
        those of its load. All are read in one transaction. A table without rows is a file too.

        Raises:
            WarehouseError: they can't be read.
        """
        ...

    def published(self, load_id: str, at: datetime) -> None:
        """Note that the hub has every row of that load that ``unpublished`` gave last.

        ``at`` is the time (UTC) of the publication. What was committed since stays unpublished.

        Raises:
            WarehouseError: it can't be noted.
        """
        ...
