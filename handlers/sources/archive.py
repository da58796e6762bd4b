"""Bills as the archive keeps them: what the tables hold now, without the cloud."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from handlers.archive import ArchivedBill, archived_bill
from handlers.errors import UsageError
from handlers.record import Cloud
from handlers.warehouses import Warehouse


class ArchiveSource:
    """The archived bill of every period that the ledger says is loaded."""

    def __init__(self, warehouse: Warehouse, folder: Path, clouds: Sequence[Cloud]) -> None:
        self._warehouse = warehouse
        self._folder = folder
        self._clouds = clouds

    def snapshots(self, periods: Sequence[date]) -> Iterator[ArchivedBill]:
        """The archived bills, oldest period first.

        Raises:
            UsageError: nothing is archived.
            BillError: a file of the archive is missing or was changed.
        """
        rows = [
            row
            for row in self._warehouse.loaded()
            if row.cloud_provider in self._clouds
            and row.archive is not None
            and (not periods or row.billing_period in periods)
        ]
        if not rows:
            raise UsageError("Nothing is archived yet. Collect from a folder first.")
        for row in sorted(
            rows, key=lambda row: (row.billing_period, row.cloud_provider, row.scope)
        ):
            yield archived_bill(self._folder, row.archive or "")
