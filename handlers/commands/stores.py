"""Where a command's tables, archive and bills are: beside a DuckDB file, or in the hub."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

import duckdb

from handlers.alerts.laptop import DuckDbRunner
from handlers.alerts.runner import Runner
from handlers.archive import Archive, FolderArchive, bill_folder
from handlers.commands.native_stores import KINDS, open_native
from handlers.commands.options import (
    DEFAULT_WAREHOUSE,
    chosen_clouds,
    google_clients,
    warehouse_path,
)
from handlers.errors import CostError, UsageError
from handlers.ledger import LedgerRow
from handlers.load.collecting import Bills, Task
from handlers.load.load import Loader
from handlers.reconcile.asked import Answers
from handlers.record import Cloud
from handlers.runtimes.clients import (
    Login,
    Reader,
    Scratch,
    bills_of,
    own_scratch,
    statements_of,
)
from handlers.settings import Hub, Name, read_hub, read_place, read_scopes_of
from handlers.sources.refusals import Refuse
from handlers.warehouses import Warehouse
from handlers.warehouses.duckdb import DuckDbWarehouse

HUB = "bigquery"
ALL_THE_TIME = 7 * 86_400.0
"""Seconds that a command of a person may take."""

_QUARANTINE = "quarantine"


class Store(Protocol):
    """A warehouse and what lies beside it; ``local`` where it is a file of this machine."""

    @property
    def clouds(self) -> tuple[Cloud, ...]:
        """Whose bills it has."""
        ...

    @property
    def warehouse(self) -> Warehouse:
        """The tables."""
        ...

    @property
    def local(self) -> bool:
        """Whether it is a file of this machine."""
        ...

    def archive(self) -> Archive:
        """Where loaded lines are kept."""
        ...

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        """What answers SQL over the tables, while ``connection`` has the warehouse open."""
        ...

    def quarantine(self) -> Archive:
        """Where lines that can't be parsed are kept."""
        ...

    def quarantine_of(self, row: LedgerRow) -> str:
        """Where those of this load are, for a person."""
        ...


@dataclass(frozen=True)
class FileStore:
    """A DuckDB file with its archive and quarantine beside it."""

    warehouse: DuckDbWarehouse
    local: bool = True
    clouds: tuple[Cloud, ...] = tuple(Cloud)

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        """See ``Store``."""
        return DuckDbRunner(connection)

    def archive(self) -> Archive:
        """See ``Store``."""
        return FolderArchive(self.warehouse.folder / "archive")

    def quarantine(self) -> Archive:
        """See ``Store``."""
        return FolderArchive(self.warehouse.folder / _QUARANTINE)

    def quarantine_of(self, row: LedgerRow) -> str:
        """See ``Store``."""
        folder = self.warehouse.folder / _QUARANTINE
        return str(bill_folder(folder, row.cloud_provider, row.scope, row.billing_period))


@dataclass(frozen=True)
class HubStore:
    """The hub's dataset, with the archive in the bucket that the environment names."""

    warehouse: Warehouse
    hub: Hub
    scratch: Scratch
    local: bool = False
    clouds: tuple[Cloud, ...] = tuple(Cloud)

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        """See ``Store``."""
        del connection
        return google_clients().runner(self.warehouse, self.hub)

    def archive(self) -> Archive:
        """See ``Store``."""
        return google_clients().archive_at(_archive_place(), "archive", self.scratch)

    def quarantine(self) -> Archive:
        """See ``Store``."""
        place = google_clients().quarantine_place(_archive_place())
        return google_clients().archive_at(place, _QUARANTINE, self.scratch)

    def quarantine_of(self, row: LedgerRow) -> str:
        """See ``Store``."""
        below = bill_folder(Path(), row.cloud_provider, row.scope, row.billing_period)
        return f"{google_clients().quarantine_place(_archive_place())}/{below.as_posix()}"


def open_store(words: str, wait_seconds: float, scratch: Scratch) -> Store:
    """The store that ``--warehouse`` names: a file, the hub, or a cloud's own database.

    Raises:
        UsageError: it is none of them.
        SettingsError: the environment does not say where the hub or the database is.
    """
    if words == HUB:
        hub = read_hub(os.environ)
        return HubStore(google_clients().hub_warehouse(hub, scratch), hub, scratch)
    if words.partition(":")[0] in KINDS:
        return open_native(words, scratch)
    if not words.startswith("duckdb:"):
        natives = " or ".join(f"{kind.word}[:{kind.shape}]" for kind in KINDS.values())
        raise UsageError(
            f"'{words}' is not a warehouse: write duckdb:PATH, like {DEFAULT_WAREHOUSE}, {HUB},"
            f" {natives}."
        )
    return FileStore(DuckDbWarehouse(warehouse_path(words), wait_seconds))


def clouds_of(store: Store, words: tuple[str, ...]) -> tuple[Cloud, ...]:
    """The clouds that are meant: those that were named, else all whose bills ``store`` has.

    Raises:
        UsageError: the store does not have the bills of one that was named.
    """
    clouds = chosen_clouds(words) if words else store.clouds
    foreign = [cloud for cloud in clouds if cloud not in store.clouds]
    if foreign:
        raise UsageError(
            f"{store.warehouse.name} has the bills of {', '.join(store.clouds)} alone: those of"
            f" {', '.join(foreign)} go into that cloud's own warehouse, or with --warehouse"
            f" {HUB} into the hub."
        )
    return clouds


def scoped_bills(cloud: Cloud, store: Store, scratch: Scratch) -> Bills:
    """The bills of the scopes of ``cloud`` that the environment names.

    Raises:
        UsageError: the cloud's bills are no files.
        SettingsError: the environment names no scopes, or mistaken ones.
    """
    if cloud is Cloud.GCP:
        raise UsageError(
            "Google's bill is loaded inside BigQuery: collect it with --warehouse bigquery, or"
            " from a FOLDER that holds the export's rows."
        )
    scopes, azure = read_scopes_of(cloud, os.environ)
    if not scopes:
        raise UsageError(f"COST_SCOPES names no scope of {cloud}: there is nothing to collect.")
    login = Login.OWN if azure is None else Login.FEDERATED
    return bills_of(scopes, Reader(login, scratch, azure, store.warehouse.loaded()))


def said_by_clouds(
    clouds: Sequence[Cloud], periods: Sequence[date], store: Store, scratch: Scratch
) -> Answers:
    """What ``clouds`` themselves say of the scopes that the environment names.

    One that can't be asked is a refusal, and keeps no other from being asked.
    """
    answers = Answers()
    for cloud in clouds:
        try:
            answers += _said_by_cloud(
                cloud, _scopes_variable(clouds, cloud), periods, store, scratch
            )
        except CostError as error:
            answers += Answers(refusals=(f"{cloud}: {' '.join(str(error).split())}",))
    return answers


def _scopes_variable(clouds: Sequence[Cloud], cloud: Cloud) -> str:
    """What names the scopes of ``cloud``: its own variable, or the one of a single cloud."""
    own = f"{Name.SCOPES}_{cloud.upper()}"
    return own if len(clouds) > 1 or own in os.environ else Name.SCOPES


def _said_by_cloud(
    cloud: Cloud, variable: str, periods: Sequence[date], store: Store, scratch: Scratch
) -> Answers:
    given = os.environ.get(variable, "")
    if not given:
        raise UsageError(f"It can't be asked: {variable} names no scope of {cloud}.")
    scopes, azure = read_scopes_of(cloud, {**os.environ, Name.SCOPES: given})
    if cloud is Cloud.GCP:
        return google_clients().statements_of(store.warehouse, scopes, periods)
    login = Login.OWN if azure is None else Login.FEDERATED
    return statements_of(scopes, periods, Reader(login, scratch, azure))


def command_scratch(clock: Callable[[], datetime]) -> AbstractContextManager[Scratch]:
    """What one command has for itself, with all the time it needs."""
    return own_scratch(clock, lambda: ALL_THE_TIME)


def google_tasks(
    store: Store, periods: Sequence[date], loader: Loader, refuse: Refuse
) -> Sequence[Task]:
    """The bills of the Google scopes that the environment names, loaded where they are."""
    scopes, _ = read_scopes_of(Cloud.GCP, os.environ)
    return google_clients().google_tasks(store.warehouse, scopes, periods, loader, refuse)


def _archive_place() -> str:
    return read_place(os.environ, Name.ARCHIVE)
