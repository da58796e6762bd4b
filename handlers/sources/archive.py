"""Bills as the archive keeps them: what the tables hold now, without the cloud."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import Protocol

from handlers.archive import Archive, ArchivedBill, archived_bill
from handlers.errors import BillError, UsageError
from handlers.ledger import LedgerRow
from handlers.record import Cloud
from handlers.sources.refusals import Refusal, Refuse, attempt, raise_refusal


class Loads(Protocol):
    """Whose ledger says what is loaded: any warehouse."""

    def loaded(self) -> Sequence[LedgerRow]:
        """The ledger's row of every bill whose rows are in the tables."""
        ...


class NothingArchived(UsageError):
    """The ledger names no archived bill."""


class ArchiveSource:
    """The archived bill of every period that the ledger says is loaded."""

    def __init__(self, warehouse: Loads, archive: Archive, clouds: Sequence[Cloud]) -> None:
        self._warehouse = warehouse
        self._archive = archive
        self._clouds = clouds

    def snapshots(
        self, periods: Sequence[date], refuse: Refuse = raise_refusal
    ) -> Iterator[ArchivedBill]:
        """The archived bills, oldest period first.

        ``refuse`` is told of each whose file is missing or was changed.

        Raises:
            NothingArchived: the ledger names none of these periods.
        """
        rows = [
            row
            for row in self._warehouse.loaded()
            if row.cloud_provider in self._clouds
            and row.archive is not None
            and (not periods or row.billing_period in periods)
        ]
        if not rows:
            raise NothingArchived("Nothing is archived yet. Collect from a folder first.")
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


class SeveralArchives:
    """What one archive does not have, the next one may: a cloud's own, then the hub's.

    So a warehouse that is new gets the history that was loaded before it was there.
    """

    def __init__(self, sources: Sequence[ArchiveSource]) -> None:
        self._sources = sources

    def snapshots(
        self, periods: Sequence[date], refuse: Refuse = raise_refusal
    ) -> Iterator[ArchivedBill]:
        """Each bill from the first archive that has it, oldest period first.

        ``refuse`` is told of each whose file is missing or was changed.

        Raises:
            NothingArchived: no ledger names any of these periods.
        """
        found: dict[tuple[date, Cloud, str], ArchivedBill] = {}
        nothing: NothingArchived | None = None
        for source in self._sources:
            try:
                for bill in source.snapshots(periods, refuse):
                    found.setdefault((bill.period, bill.cloud, bill.scope), bill)
            except NothingArchived as error:
                nothing = error
        if not found and nothing is not None:
            raise nothing
        yield from (found[key] for key in sorted(found))
