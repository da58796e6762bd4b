"""Bills as the archive keeps them: what the tables hold now, without the cloud."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial

from handlers.archive import Archive, ArchivedBill, archived_bill
from handlers.errors import BillError, UsageError
from handlers.record import Cloud
from handlers.sources.refusals import Refusal, Refuse, attempt, raise_refusal
from handlers.warehouses import Warehouse


class ArchiveSource:
    """The archived bill of every period that the ledger says is loaded."""

    def __init__(self, warehouse: Warehouse, archive: Archive, clouds: Sequence[Cloud]) -> None:
        self._warehouse = warehouse
        self._archive = archive
        self._clouds = clouds

    def snapshots(
        self, periods: Sequence[date], refuse: Refuse = raise_refusal
    ) -> Iterator[ArchivedBill]:
        """The archived bills, oldest period first.

        ``refuse`` is told of each whose file is missing or was changed.

        Raises:
            UsageError: nothing is archived.
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
            name = row.archive or ""
            path = self._archive.folder / name
            found = attempt(partial(archived_bill, self._archive, name), path)
            if isinstance(found, BillError):
                cloud, scope, period = row.cloud_provider, row.scope, row.billing_period
                refuse(Refusal(cloud, path.parent, row.origin or name, found, scope, period))
            else:
                yield found
