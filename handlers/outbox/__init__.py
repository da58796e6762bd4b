"""The outbox: what a cloud's own warehouse has committed and the hub has not been told yet.

A native load commits whether or not the hub answers, with a row in the outbox in the same
transaction. Publishing comes after it, and may fail: what is unpublished stays in the outbox and
goes with the next run.
"""

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from handlers.errors import CostError
from handlers.ledger import LedgerRow, Status
from handlers.record import Cloud
from handlers.warehouses import Superseded, Warehouse
from handlers.warehouses.attempts import Undecided


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


class Hub(Protocol):
    """Takes what other warehouses publish; doing the same twice leaves what doing it once does."""

    def replace(self, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
        """Replace that warehouse's rows of the bill of ``row`` by those in ``files``.

        Raises:
            Superseded: the hub has a later load of the bill; nothing was changed.
            Undecided: it did not answer.
            CostError: it refused; nothing was changed.
        """
        ...

    def add(self, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
        """Add ``row`` to the ledger with the digests of its load, and nothing else.

        Raises:
            Undecided: it did not answer.
            CostError: it refused; nothing was changed.
        """
        ...


@dataclass(frozen=True)
class Published:
    """What became of an outbox; ``left`` are rows that go with the next run, ``errors`` say why."""

    rows: Sequence[LedgerRow]
    left: Sequence[LedgerRow]
    errors: Sequence[CostError]


def publish(warehouse: NativeWarehouse, hub: Hub, clock: Callable[[], datetime]) -> Published:
    """Publish what ``warehouse`` has committed; never raises what a later run may mend.

    A bill's newest load goes first, with the bill's rows, so that the hub never shows the rows of
    one load under the totals of another for longer than one publication. Whoever went before it
    follows as a row of the ledger. When the hub does not answer, the rest is left.
    """
    try:
        rows = warehouse.unpublished()
    except CostError as error:
        return Published((), (), (error,))
    by_load: dict[str, list[LedgerRow]] = {}
    newest: dict[tuple[Cloud, str, date], LedgerRow] = {}
    for row in rows:
        by_load.setdefault(row.load_id, []).append(row)
        if row.status is Status.LOADED:
            newest[row.cloud_provider, row.scope, row.billing_period] = row
    whole = list(newest.values())
    first = [load_id for load_id in by_load if any(row in whole for row in by_load[load_id])]
    order = [*first, *(load_id for load_id in by_load if load_id not in first)]
    done: list[LedgerRow] = []
    errors: list[CostError] = []
    for load_id in order:
        try:
            for row in by_load[load_id]:
                _publish_row(warehouse, hub, row, whole)
            warehouse.published(load_id, clock())
        except Undecided as error:
            errors.append(error)
            break
        except CostError as error:
            errors.append(error)
        else:
            done += by_load[load_id]
    return Published(done, [row for row in rows if row not in done], errors)


def _publish_row(
    warehouse: NativeWarehouse, hub: Hub, row: LedgerRow, whole: Collection[LedgerRow]
) -> None:
    with tempfile.TemporaryDirectory(prefix="outbox-") as folder:
        files = warehouse.publication(row, Path(folder))
        try:
            (hub.replace if row in whole else hub.add)(warehouse.name, row, files)
        except Superseded:
            hub.add(warehouse.name, row, files)
