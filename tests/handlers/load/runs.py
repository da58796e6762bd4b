"""Collecting in this process, and looking at what became of it."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from handlers.archive import FolderArchive
from handlers.catalog import Catalog, load_catalog
from handlers.ledger import LedgerRow, ledger_row
from handlers.load.load import Bill, Loaded, Loader, Policy
from handlers.load.stage import Rules
from handlers.record import Cloud
from handlers.site import Site, load_site
from handlers.sources.archive import ArchiveSource
from handlers.sources.folder import FolderSource
from handlers.tables import LEDGER, LOADED
from handlers.warehouses.duckdb import DuckDbWarehouse, open_reader

NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)
"""The first of November is open then, October too late to be; see ``periods.is_open``."""

TIMES = ("started_at", "finished_at")

Row = tuple[Any, ...]
Tables = Mapping[str, list[Row]]


@contextmanager
def loader(
    warehouse: Path, site: Path | None = None, policy: Policy | None = None
) -> Generator[Loader, None, None]:
    """A loader into ``warehouse``, which is published when it ends."""
    store = DuckDbWarehouse(warehouse, wait_seconds=5)
    known = load_site(site)
    with store.open() as connection:
        archive = FolderArchive(store.folder / "archive")
        yield Loader(store, connection, archive, rules_of(known), policy or Policy(lambda: NOW))


def rules_of(site: Site) -> Callable[[Cloud], Rules]:
    return lambda cloud: Rules(_catalog(cloud, site.catalog.get(cloud)), site)


@cache
def _catalog(cloud: Cloud, site: str | None) -> Catalog:
    return load_catalog(cloud, site)


def collect(
    folder: Path, warehouse: Path, site: Path | None = None, policy: Policy | None = None
) -> list[Loaded]:
    """Load everything in ``folder``."""
    with loader(warehouse, site, policy) as ours:
        return [ours.load(bill) for bill in FolderSource(folder).snapshots([])]


def collect_archive(
    warehouse: Path, site: Path | None = None, policy: Policy | None = None
) -> list[Loaded]:
    """Load everything that the archive of ``warehouse`` holds."""
    store = DuckDbWarehouse(warehouse, wait_seconds=5)
    known = load_site(site)
    with store.open() as connection:
        archive = FolderArchive(store.folder / "archive")
        ours = Loader(store, connection, archive, rules_of(known), policy or Policy(lambda: NOW))
        return [
            ours.load(bill) for bill in ArchiveSource(store, archive, tuple(Cloud)).snapshots([])
        ]


def bill_in(folder: Path, period: date | None = None) -> Bill:
    """The one bill of that month in ``folder``."""
    (bill,) = FolderSource(folder).snapshots([period] if period else [])
    return bill


def query(warehouse: Path, statement: str, *values: object) -> list[Row]:
    """Rows of the published copy."""
    with open_reader(warehouse) as connection:
        return connection.execute(statement, list(values)).fetchall()


def ledger(warehouse: Path) -> list[LedgerRow]:
    """The ledger, oldest row first."""
    names = ", ".join(LEDGER.names)
    rows = query(warehouse, f"SELECT {names} FROM ledger ORDER BY rowid")
    return [ledger_row(LEDGER.names, row) for row in rows]


def timeless(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Ledger rows without the times of their run, in the order of their bills."""
    never = datetime(1, 1, 1)  # noqa: DTZ001
    plain = [replace(row, started_at=never, finished_at=never, origin=None) for row in rows]
    return sorted(plain, key=lambda row: (row.cloud_provider, row.scope, row.billing_period))


def tables(warehouse: Path) -> Tables:
    """Every row of every table that loads fill, sorted; of the digests those of current loads."""
    current = "WHERE load_id IN (SELECT load_id FROM llm_costs)"
    with open_reader(warehouse) as connection:
        return {
            table.name: connection.execute(
                f"SELECT {', '.join(table.names)} FROM {table.name}"
                f" {current if table.name == 'load_digests' else ''} ORDER BY ALL"
            ).fetchall()
            for table in LOADED
        }
