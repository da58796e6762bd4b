"""A job whose bills lie in a folder and whose tables are in a DuckDB file: no cloud, no clock."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from handlers.alerts.laptop import DuckDbRunner
from handlers.alerts.runner import Runner
from handlers.archive import Archive, FolderArchive
from handlers.errors import UsageError
from handlers.load.collecting import Bills, Task
from handlers.load.load import Bill, Loader
from handlers.messages import parse
from handlers.reconcile import Statement
from handlers.reconcile.asked import Answers
from handlers.record import Cloud
from handlers.runtimes.clients import Scratch
from handlers.runtimes.jobs import Report, RuntimeJobs
from handlers.runtimes.log import Log
from handlers.settings import RuntimeSettings
from handlers.site import Site, load_site
from handlers.sources.archive import ArchiveSource
from handlers.sources.folder import FolderSource
from handlers.sources.refusals import Refuse
from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.handlers.environments import of_job

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@dataclass(frozen=True)
class BillsInFolder:
    """As a cloud's source: no bill is no error."""

    folder: Path
    asked: list[tuple[date, ...]]

    def snapshots(self, periods: Sequence[date], refuse: Refuse) -> Iterable[Bill]:
        self.asked.append(tuple(periods))
        try:
            return list(FolderSource(self.folder, (Cloud.AWS,)).snapshots(periods, refuse))
        except UsageError:
            return []


@dataclass(frozen=True)
class LocalClients:
    """Everything below one folder: bills/, w/costs.duckdb, w/archive, w/quarantine, site/."""

    folder: Path
    asked: list[tuple[date, ...]] = field(default_factory=list[tuple[date, ...]])
    said: list[Statement] = field(default_factory=list[Statement])
    refusals: list[str] = field(default_factory=list[str])

    def warehouse(self) -> DuckDbWarehouse:
        return DuckDbWarehouse(self.folder / "w" / "costs.duckdb", wait_seconds=5)

    def bills(self) -> Bills:
        return BillsInFolder(self.folder / "bills", self.asked)

    def google_tasks(
        self, periods: Sequence[date], loader: Loader, refuse: Refuse
    ) -> Sequence[Task]:
        raise NotImplementedError

    def archive(self) -> Archive:
        return FolderArchive(self.folder / "w" / "archive")

    def history(self) -> Sequence[ArchiveSource]:
        return ()

    def quarantine(self) -> Archive:
        return FolderArchive(self.folder / "w" / "quarantine")

    def statements(self, periods: Sequence[date]) -> Answers:
        said = tuple(each for each in self.said if each.period in periods)
        return Answers(said, tuple(self.refusals))

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        return DuckDbRunner(connection)

    def site(self) -> Site:
        folder = self.folder / "site"
        return load_site(folder if folder.is_dir() else None)


@dataclass
class LocalJob:
    """One AWS job; ``moments`` are what its clock says next, the last one from then on."""

    folder: Path
    cloud: Cloud = Cloud.AWS
    moments: list[datetime] = field(default_factory=lambda: [NOW])
    lines: list[str] = field(default_factory=list[str])
    scopes: list[dict[str, str]] | None = None
    tick: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.clients: LocalClients = LocalClients(self.folder)

    @property
    def warehouse(self) -> Path:
        return self.folder / "w" / "costs.duckdb"

    def clock(self) -> datetime:
        return self.moments.pop(0) if len(self.moments) > 1 else self.moments[0]

    def jobs(self) -> RuntimeJobs:
        settings = RuntimeSettings.from_environment(of_job(self.cloud, self.scopes))

        def clients(_settings: RuntimeSettings, _scratch: Scratch) -> LocalClients:
            return self.clients

        return RuntimeJobs(settings, clock=self.clock, clients=clients)

    def run(self, **message: object) -> Report:
        return self.jobs().run(parse(message), Log(self.lines.append, lambda: NOW))

    def logged(self, step: str) -> list[dict[str, object]]:
        """The log's lines of that step."""
        return [line for line in map(json.loads, self.lines) if line.get("step") == step]
