"""The hub's clients: BigQuery and Cloud Storage, as the account at hand."""

import os
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import google.auth
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import bigquery, storage

from handlers.alerts.bigquery import BigQueryRunner
from handlers.alerts.hub import Hub as HubNames
from handlers.archive import Archive
from handlers.archive.bucket import BucketArchive
from handlers.buckets import Address, Bucket
from handlers.errors import CostError
from handlers.load.collecting import Bills, Task
from handlers.load.inside import tasks_inside
from handlers.load.load import Loader
from handlers.reconcile.asked import Answers
from handlers.record import Cloud
from handlers.runtimes.clients import Login, Reader, Scratch, bills_of
from handlers.runtimes.clients import statements_of as said_by_cloud
from handlers.runtimes.google_bills import statements_of as stated_by_export
from handlers.scopes import Scope
from handlers.settings import Hub, RuntimeSettings
from handlers.site import Site, load_site
from handlers.site.bucket import fetch_site, put_site_in_bucket
from handlers.sources.archive import ArchiveSource
from handlers.sources.refusals import Refuse
from handlers.warehouses.bigquery.jobs import Jobs
from handlers.warehouses.bigquery.warehouse import BigQueryWarehouse, telling

MAX_BYTES_BILLED = 256 * 1024**3
"""Of one job of BigQuery: about 1.60 USD. A large company's billing export has less in a month."""

QUARANTINE = "quarantine"
"""The prefix of the archive below which set-aside lines are kept."""

_EMULATORS = {"bigquery": "BIGQUERY_EMULATOR_HOST", "storage": "STORAGE_EMULATOR_HOST"}
"""What Google's own clients read to find an emulator; nobody is asked who he is there."""


def clients_of(settings: RuntimeSettings, scratch: Scratch) -> "RuntimeClients":
    """The clients of one run of a job."""
    return RuntimeClients(settings, scratch)


@dataclass(frozen=True)
class RuntimeClients:
    """The concrete ``Clients``, from a job's settings."""

    settings: RuntimeSettings
    scratch: Scratch

    def warehouse(self) -> BigQueryWarehouse:
        """See ``Clients``: the hub's dataset."""
        return self._hub

    @cached_property
    def _hub(self) -> BigQueryWarehouse:
        return hub_warehouse(self.settings.hub, self.scratch)

    def bills(self) -> Bills:
        """See ``Clients``."""
        loaded = self._hub.loaded()
        reader = Reader(Login.FEDERATED, self.scratch, self.settings.azure, loaded)
        return bills_of(self.settings.scopes, reader)

    def google_tasks(
        self, periods: Sequence[date], loader: Loader, refuse: Refuse
    ) -> Sequence[Task]:
        """See ``Clients``."""
        return google_tasks(self._hub, self.settings.scopes, periods, loader, refuse)

    def statements(self, periods: Sequence[date]) -> Answers:
        """See ``Clients``; none for the hub's own job, which has no scopes."""
        scopes = self.settings.scopes
        if not scopes:
            return Answers()
        if self.settings.cloud is Cloud.GCP:
            return statements_of(self._hub, scopes, periods)
        reader = Reader(Login.FEDERATED, self.scratch, self.settings.azure)
        return said_by_cloud(scopes, periods, reader)

    def runner(self, connection: duckdb.DuckDBPyConnection) -> BigQueryRunner:
        """See ``Clients``."""
        del connection
        return runner(self._hub, self.settings.hub)

    def archive(self) -> Archive:
        """See ``Clients``."""
        return archive_at(self.settings.archive, "archive", self.scratch)

    def history(self) -> Sequence[ArchiveSource]:
        """See ``Clients``: the hub was there first."""
        return ()

    def quarantine(self) -> Archive:
        """See ``Clients``: below the archive."""
        place = quarantine_place(self.settings.archive)
        return archive_at(place, QUARANTINE, self.scratch)

    def site(self) -> Site:
        """See ``Clients``."""
        return site_at(self.settings.site, self.scratch.below("site"))


def hub_warehouse(hub: Hub, scratch: Scratch) -> BigQueryWarehouse:
    """The hub's dataset; what its jobs are billed is logged.

    Raises:
        CostError: nobody is logged in to Google Cloud.
    """
    client: Any = bigquery.Client(
        project=hub.project, location=hub.location, credentials=_credentials("bigquery")
    )
    scratch.opened.enter_context(closing(client))
    jobs = Jobs(
        client=client,
        location=hub.location,
        max_bytes_billed=MAX_BYTES_BILLED,
        remaining=scratch.remaining,
        finished=telling(scratch.tell),
    )
    folder = scratch.below("warehouse")
    return BigQueryWarehouse(jobs, hub.project, hub.dataset, hub.staging_dataset, folder)


@contextmanager
def bucket_at(place: str) -> Generator[Bucket]:
    """What lies at ``gs://bucket/prefix``, until the end of the ``with``.

    Raises:
        UsageError: it is no such address.
        CostError: nobody is logged in to Google Cloud.
    """
    address = Address.parse(place)
    # No request of ours names a project, but the client wants one.
    client = storage.Client(project="unused", credentials=_credentials("storage"))
    with closing(client):
        yield Bucket(client, address)


def archive_at(place: str, name: str, scratch: Scratch) -> Archive:
    """The archive at ``gs://bucket/prefix``; what is on its way lies below ``name``."""
    bucket = scratch.opened.enter_context(bucket_at(place))
    return BucketArchive(bucket, scratch.below(name))


def quarantine_place(archive: str) -> str:
    """Where the lines are kept that were set aside, beside what is archived."""
    return f"{archive.rstrip('/')}/{QUARANTINE}"


def google_tasks(
    hub: BigQueryWarehouse,
    scopes: Sequence[Scope],
    periods: Sequence[date],
    loader: Loader,
    refuse: Refuse,
) -> Sequence[Task]:
    """Google's bills of ``periods``, each loaded inside BigQuery."""
    return tasks_inside(hub, scopes, periods, loader, refuse)


def runner(warehouse: BigQueryWarehouse, hub: Hub) -> BigQueryRunner:
    """What answers SQL over the hub's tables."""
    names = HubNames(project=hub.project, dataset=hub.dataset, location=hub.location)
    return BigQueryRunner(warehouse.jobs, names, "reconcile")


def statements_of(
    hub: BigQueryWarehouse, scopes: Sequence[Scope], periods: Sequence[date]
) -> Answers:
    """What Google's billing export adds up to per invoice month."""
    return stated_by_export(hub.jobs, scopes, periods)


def site_at(place: str, folder: Path) -> Site:
    """The site data at ``gs://bucket/prefix``, fetched into ``folder``."""
    with bucket_at(place) as bucket:
        fetch_site(bucket, folder)
    return load_site(folder)


def put_site_at(source: Path, place: str, folder: Path) -> Sequence[str]:
    """Check ``source`` with the site at ``place``, then write what changed; the files' names."""
    with bucket_at(place) as bucket:
        return put_site_in_bucket(source, bucket, folder)


def _credentials(service: str) -> Credentials:
    if os.environ.get(_EMULATORS[service]):
        return AnonymousCredentials()
    login: Any = google.auth
    try:
        credentials, _ = login.default()
    except DefaultCredentialsError as error:
        raise CostError(
            "Nobody is logged in to Google Cloud here: run 'gcloud auth application-default login'"
            f" or run as a service account. ({str(error).splitlines()[0]})"
        ) from None
    return credentials
