"""A warehouse that is new gets what another had loaded before it was there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from handlers.archive import FolderArchive
from handlers.ledger import LedgerRow
from handlers.record import Cloud
from handlers.sources.archive import ArchiveSource, NothingArchived
from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import query
from tests.handlers.runtimes.local import LocalClients, LocalJob

pytestmark = pytest.mark.slow

PAYER = "111122223333"
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


@dataclass(frozen=True)
class Ledger:
    """The hub's ledger, as a collector elsewhere reads it."""

    path: Path

    def loaded(self) -> Sequence[LedgerRow]:
        warehouse = DuckDbWarehouse(self.path, wait_seconds=5)
        with warehouse.open():
            return warehouse.loaded()


@dataclass(frozen=True)
class WithHistory(LocalClients):
    """Clients of a warehouse of its own that may read the archive of the one in ``before``."""

    before: Path = field(kw_only=True)

    def history(self) -> Sequence[ArchiveSource]:
        ledger = Ledger(self.before / "w" / "costs.duckdb")
        archive = FolderArchive(self.before / "w" / "archive")
        return (ArchiveSource(ledger, archive, (Cloud.AWS,)),)


def write(folder: Path, period: date, cost: str) -> None:
    written = datetime(2026, 11, 20, tzinfo=UTC)
    bill = AwsBill(PAYER, period, [Line(period, cost)], written)
    write_bill(folder / "bills", bill)


@pytest.fixture
def jobs(tmp_path: Path) -> tuple[LocalJob, LocalJob]:
    """A job that has loaded two months, and a new one beside it that has loaded none."""
    hub, native = LocalJob(tmp_path / "hub"), LocalJob(tmp_path / "native")
    for job in (hub, native):
        job.folder.mkdir()
    write(hub.folder, SEPTEMBER, "1")
    write(hub.folder, OCTOBER, "2")
    hub.run(run="collect", period="2026-09..2026-10")
    native.clients = WithHistory(native.folder, before=hub.folder)
    return hub, native


LOADS = "SELECT billing_period, load_id, cost_usd FROM ledger WHERE status = 'loaded' ORDER BY ALL"


def test_the_history_is_loaded_from_the_other_archive_under_the_same_ids(
    jobs: tuple[LocalJob, LocalJob],
) -> None:
    hub, native = jobs
    report = native.run(run="collect", from_archive=True, period=["2026-09", "2026-10"])
    assert report.details == {"loaded": 2}
    assert query(native.warehouse, LOADS) == query(hub.warehouse, LOADS)
    again = native.run(run="collect", from_archive=True, period=["2026-09", "2026-10"])
    assert again.details == {"unchanged": 2}


def test_what_it_has_loaded_itself_is_not_replaced_by_the_others(
    jobs: tuple[LocalJob, LocalJob],
) -> None:
    _, native = jobs
    write(native.folder, OCTOBER, "7")
    native.run(run="collect", period="2026-10")
    native.run(run="collect", from_archive=True)
    costs = query(
        native.warehouse,
        "SELECT billing_period, sum(cost_usd) FROM llm_costs GROUP BY 1 ORDER BY 1",
    )
    assert [(period, int(cost)) for period, cost in costs] == [(SEPTEMBER, 1), (OCTOBER, 7)]


def test_where_no_archive_has_a_period_that_is_told(jobs: tuple[LocalJob, LocalJob]) -> None:
    _, native = jobs
    with pytest.raises(NothingArchived, match="Nothing is archived"):
        native.run(run="collect", from_archive=True, period="2020-01")
