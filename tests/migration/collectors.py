"""The collectors of the demo: the product's own jobs, over folders and the stand-in warehouses."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Protocol

import duckdb

from handlers.alerts.runner import Runner
from handlers.archive import Archive, FolderArchive
from handlers.errors import UsageError
from handlers.load.collecting import Bills, Task
from handlers.load.load import Bill, Loader
from handlers.messages import parse
from handlers.outbox import Hub as TakesPublications
from handlers.outbox import NativeWarehouse
from handlers.reconcile.asked import Answers
from handlers.record import Cloud
from handlers.runtimes.clients import Scratch
from handlers.runtimes.jobs import RuntimeJobs
from handlers.runtimes.log import Log
from handlers.runtimes.publishing import native_runners
from handlers.serving import Path as ServingPath
from handlers.settings import RuntimeSettings
from handlers.site import Site
from handlers.sources.archive import ArchiveSource
from handlers.sources.folder import FolderSource
from handlers.sources.refusals import Refuse
from handlers.warehouses.bigquery.warehouse import BigQueryWarehouse
from infra.promotion.collectors import NotTaken
from tests.handlers.environments import of_job
from tests.migration.clock import Clock
from tests.migration.warehouses import Warehouses

Job = tuple[ServingPath, Cloud]
"""A collector: of which path, and of which cloud's bills."""

_SECONDS = 540.0


class Deployed(Protocol):
    """Whoever knows which collectors there are."""

    def jobs(self) -> frozenset[Job]:
        """Those that the environment has now."""
        ...


@dataclass(frozen=True)
class _Exports:
    """A cloud's exports; that none is there yet is no error."""

    folder: Path
    cloud: Cloud

    def snapshots(self, periods: Sequence[date], refuse: Refuse) -> Iterable[Bill]:
        try:
            return list(FolderSource(self.folder, (self.cloud,)).snapshots(periods, refuse))
        except UsageError:
            return []


@dataclass(frozen=True)
class Place:
    """What the collectors share: exports and archives below ``folder``, and the shipped rules."""

    folder: Path
    warehouses: Warehouses
    site: Site

    def exports(self, cloud: Cloud) -> Bills:
        """Where the bills of ``cloud`` are delivered."""
        return _Exports(self.exports_folder(cloud), cloud)

    def exports_folder(self, cloud: Cloud) -> Path:
        """The folder that the cloud writes to."""
        return self.folder / "exports" / cloud.lower()

    def archive(self, name: str) -> Archive:
        """The archive of that name."""
        return FolderArchive(self.folder / f"archive-{name}")


@dataclass(frozen=True)
class _Clients:
    """What the clients of every job are alike in."""

    place: Place
    cloud: Cloud | None
    scratch: Scratch

    def bills(self) -> Bills:
        assert self.cloud is not None
        return self.place.exports(self.cloud)

    def google_tasks(
        self, periods: Sequence[date], loader: Loader, refuse: Refuse
    ) -> Sequence[Task]:
        raise NotImplementedError

    def quarantine(self) -> Archive:
        return self.place.archive("quarantine")

    def statements(self, periods: Sequence[date]) -> Answers:
        del periods
        return Answers()

    def site(self) -> Site:
        return self.place.site


@dataclass(frozen=True)
class _HubClients(_Clients):
    def warehouse(self) -> BigQueryWarehouse:
        return self._warehouse

    @cached_property
    def _warehouse(self) -> BigQueryWarehouse:
        return self.place.warehouses.hub.warehouse(self.scratch.below("hub"))

    def archive(self) -> Archive:
        return self.place.archive("hub")

    def history(self) -> Sequence[ArchiveSource]:
        return ()

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        del connection
        return self.place.warehouses.hub.runner()


@dataclass(frozen=True)
class _NativeClients(_Clients):
    def warehouse(self) -> NativeWarehouse:
        return self._warehouse

    @cached_property
    def _warehouse(self) -> NativeWarehouse:
        assert self.cloud is not None
        return self.place.warehouses.native(self.cloud, self.scratch.below("warehouse"))

    def hub(self) -> TakesPublications:
        return self.place.warehouses.hub.publications(self.scratch.below("publishing"))

    def archive(self) -> Archive:
        return self.place.archive(str(self.cloud))

    def history(self) -> Sequence[ArchiveSource]:
        assert self.cloud is not None
        hub = self.place.warehouses.hub.warehouse(self.scratch.below("history"))
        return (ArchiveSource(hub, self.place.archive("hub"), (self.cloud,)),)

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        del connection
        raise UsageError("The hub's own job answers this.")


@dataclass(frozen=True)
class Collectors:
    """Every collector; a message goes to one that is deployed, and is done when it is taken."""

    place: Place
    deployed: Deployed
    clock: Clock
    loaded: Callable[[ServingPath, Cloud, Mapping[str, object]], object]
    """Is told of each message by which a path of a cloud has loaded bills."""

    def ask_hub(self, cloud: Cloud | None, message: Mapping[str, object]) -> None:
        """See ``infra.promotion.environment.Collectors``."""
        if cloud is not None:
            self._need((ServingPath.HUB, cloud))
        place = self.place

        def clients(_settings: RuntimeSettings, scratch: Scratch) -> _HubClients:
            return _HubClients(place, cloud, scratch)

        settings = RuntimeSettings.from_environment(of_job(cloud))
        jobs = RuntimeJobs(settings, clock=self.clock, clients=clients, seconds=_SECONDS)
        self._run(jobs, message, ServingPath.HUB, cloud)

    def ask_native(self, cloud: Cloud, message: Mapping[str, object]) -> None:
        """See ``infra.promotion.environment.Collectors``."""
        self._need((ServingPath.NATIVE, cloud))
        place = self.place

        def clients(_settings: RuntimeSettings, scratch: Scratch) -> _NativeClients:
            return _NativeClients(place, cloud, scratch)

        settings = RuntimeSettings.from_environment(of_job(cloud))
        jobs = RuntimeJobs(
            settings,
            runners=native_runners(clients),
            clock=self.clock,
            clients=clients,
            seconds=_SECONDS,
        )
        self._run(jobs, message, ServingPath.NATIVE, cloud)

    def _need(self, job: Job) -> None:
        if job not in self.deployed.jobs():
            raise NotTaken(f"There is no collector of {job[1]}'s bills on the path '{job[0]}'.")

    def _run(
        self,
        jobs: RuntimeJobs,
        message: Mapping[str, object],
        path: ServingPath,
        cloud: Cloud | None,
    ) -> None:
        # As it comes over a wire.
        jobs.run(parse(json.dumps(message).encode()), Log(_nowhere, self.clock))
        if cloud is not None and message["run"] in ("daily", "collect"):
            self.loaded(path, cloud, message)


def _nowhere(_line: str) -> None:
    """Keep no log: what went wrong is raised."""
