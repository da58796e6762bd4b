"""The Function App's clients: exports and database as its identity, the hub by federation."""

import importlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import duckdb
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError

from handlers.alerts.runner import Runner
from handlers.archive import Archive
from handlers.archive.blobs import BlobArchive, BlobPlace
from handlers.archive.bucket import BucketArchive
from handlers.errors import UsageError
from handlers.load.collecting import Bills, Task
from handlers.load.load import Loader
from handlers.native import AzureSettings
from handlers.reconcile.asked import Answers
from handlers.record import Cloud
from handlers.runtimes.azure_bills import stated_by
from handlers.runtimes.azure_site import BlobCopy
from handlers.runtimes.clients import Scratch
from handlers.runtimes.federated import FederatedHub, federated
from handlers.runtimes.kept_site import site_or_copy
from handlers.scopes import AzureScope
from handlers.site import Site, load_site
from handlers.site.bucket import fetch_site
from handlers.sources.archive import ArchiveSource
from handlers.sources.azure.credentials import Credential, in_azure
from handlers.sources.azure.management import CostManagement
from handlers.sources.azure.source import azure_source
from handlers.sources.azure.throttle import Patience
from handlers.sources.refusals import Refuse
from handlers.warehouses.azuresql.port import Connect, Database
from handlers.warehouses.azuresql.warehouse import Administration, AzureSqlWarehouse
from handlers.warehouses.bigquery.publications import HubPublications

QUARANTINE, SITE = "quarantine", "site"
"""The prefixes of the archive below which set-aside lines and the site's copies are kept."""

Connecting = Callable[[AzureSettings, str, Scratch], Connect]
"""Opens connections to the database as the identity of that client id, while the run has time."""
Identity = Callable[[str], Credential]
"""The managed identity of that client id."""
PlaceOf = Callable[[str, TokenCredential], BlobPlace]
"""The place of that address in blob storage."""


def by_driver(settings: AzureSettings, client_id: str, scratch: Scratch) -> Connect:
    """Connections by Microsoft's driver, which is imported when it is needed."""
    driver = importlib.import_module("handlers.warehouses.azuresql.driver")
    credential = scratch.opened.enter_context(closing(in_azure(client_id)))
    return driver.connecting(
        settings.sql.server, settings.sql.database, credential, scratch.remaining
    )


@dataclass(frozen=True)
class RuntimeClients:
    """The concrete ``NativeClients``, from the Function App's settings."""

    settings: AzureSettings
    scratch: Scratch
    connecting: Connecting = by_driver
    identity: Identity = in_azure
    place: PlaceOf = BlobPlace.parse

    def warehouse(self) -> AzureSqlWarehouse:
        """See ``NativeClients``: the database of the settings."""
        return self._warehouse

    def hub(self) -> HubPublications:
        """See ``NativeClients``."""
        return self._google.publications()

    def bills(self) -> Bills:
        """See ``Clients``: exports in blob storage."""
        return azure_source(self._scopes, self._own, self._patience, self.scratch.opened)

    def google_tasks(
        self, periods: Sequence[date], loader: Loader, refuse: Refuse
    ) -> Sequence[Task]:
        """See ``Clients``; Google's bills are the hub's."""
        del periods, loader, refuse
        raise UsageError("Google's bills are loaded by the hub's own job, not in Azure.")

    def archive(self) -> Archive:
        """See ``Clients``: in blob storage, or a bucket of the hub's."""
        return self._archive(self.settings.runtime.archive, "archive")

    def history(self) -> Sequence[ArchiveSource]:
        """See ``Clients``: what the hub's own loads kept."""
        return (self._google.archived(self.settings.history, Cloud.AZURE),)

    def quarantine(self) -> Archive:
        """See ``Clients``: below the archive."""
        place = f"{self.settings.runtime.archive.rstrip('/')}/{QUARANTINE}"
        return self._archive(place, QUARANTINE)

    def statements(self, periods: Sequence[date]) -> Answers:
        """See ``Clients``: what Cost Management says."""
        with CostManagement(self._own, self._patience) as management:
            today = self.scratch.clock().date()
            return stated_by(management, self._scopes, periods, today)

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        """See ``Clients``; no SQL of the hub's runs over this database."""
        del connection
        raise UsageError("The hub's own job answers this, not Azure's.")

    def site(self) -> Site:
        """See ``Clients``: a bucket of the hub's, or the last that was read while it is away.

        What was read is kept beside an archive in blob storage; without one there is no copy.
        """
        site, archive = self.settings.runtime.site, self.settings.runtime.archive
        if not _is_blobs(archive):
            folder = self.scratch.below("site")
            fetch_site(self._google.bucket(site), folder)
            return load_site(folder)
        copy = BlobCopy(self._place(archive).below(SITE), self.scratch.clock)
        return site_or_copy(
            lambda folder: fetch_site(self._google.bucket(site), folder), copy, self.scratch
        )

    @cached_property
    def _warehouse(self) -> AzureSqlWarehouse:
        administrator = self._database(str(self.settings.sql.admin))
        return AzureSqlWarehouse(
            self._database(self.settings.identity),
            self.scratch.below("warehouse"),
            Administration(administrator, self.settings.sql.principals),
            self.scratch.clock,
        )

    def _database(self, client_id: str) -> Database:
        return Database(
            connect=self.connecting(self.settings, client_id, self.scratch),
            remaining=self.scratch.remaining,
        )

    def _place(self, place: str) -> BlobPlace:
        found = self.place(place, self._own)
        self.scratch.opened.enter_context(closing(found.container))
        return found

    def _archive(self, place: str, name: str) -> Archive:
        folder = self.scratch.below(name)
        if _is_blobs(place):
            return BlobArchive(self._place(place), folder)
        return BucketArchive(self._google.bucket(place), folder)

    @cached_property
    def _google(self) -> FederatedHub:
        google = self.settings.google

        def token() -> str:
            try:
                return self._own.get_token(google.token_scope).token
            except ClientAuthenticationError as error:
                raise OSError(f"The managed identity gives no token for Google: {error}") from error

        return FederatedHub(
            self.settings.runtime.hub, lambda: federated(google, token), self.scratch
        )

    @cached_property
    def _own(self) -> Credential:
        return self.scratch.opened.enter_context(closing(self.identity(self.settings.identity)))

    @property
    def _scopes(self) -> Sequence[AzureScope]:
        scopes = self.settings.runtime.scopes
        return [scope for scope in scopes if isinstance(scope, AzureScope)]

    @property
    def _patience(self) -> Patience:
        return Patience(remaining=self.scratch.remaining, clock=self.scratch.clock)


def _is_blobs(place: str) -> bool:
    return place.startswith("https://")
