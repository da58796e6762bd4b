"""The hub's clients for a collector that runs in another cloud: no key, a token for a token.

Workload identity federation: the own cloud's token is traded for one of the hub's account
(https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds).
"""

import os
from collections.abc import Callable
from contextlib import closing
from typing import Any

from google.auth import exceptions, identity_pool
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from handlers.archive.bucket import BucketArchive
from handlers.buckets import Address, Bucket
from handlers.native import Federation
from handlers.record import Cloud
from handlers.runtimes.clients import Scratch
from handlers.runtimes.google_clients import MAX_BYTES_BILLED
from handlers.settings import Hub
from handlers.sources.archive import ArchiveSource
from handlers.warehouses.bigquery.jobs import Jobs
from handlers.warehouses.bigquery.publications import HubPublications
from handlers.warehouses.bigquery.warehouse import BigQueryWarehouse, telling

TOKEN_URL = "https://sts.googleapis.com/v1/token"
ACCOUNTS_URL = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
_JWT = "urn:ietf:params:oauth:token-type:jwt"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_EMULATORS = {"bigquery": "BIGQUERY_EMULATOR_HOST", "storage": "STORAGE_EMULATOR_HOST"}
"""What Google's own clients read to find an emulator; nobody is asked who he is there."""

Token = Callable[[], str]
"""Gives the own cloud's token for Google, an OpenID token in writing; raises OSError."""


class _Supplier(identity_pool.SubjectTokenSupplier):
    """Google's library asks it for the token that it trades."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def get_subject_token(self, context: object, request: object) -> str:
        """See the base class."""
        del context, request
        try:
            return self._token()
        except OSError as error:
            raise exceptions.RefreshError(str(error)) from error


def federated(
    google: Federation, token: Token, token_url: str = TOKEN_URL, accounts_url: str = ACCOUNTS_URL
) -> Any:  # noqa: ANN401 - Google's own, which has no types
    """The hub's account, for whoever ``token`` is of."""
    pool: Any = identity_pool
    return pool.Credentials(
        audience=google.audience,
        subject_token_type=_JWT,
        token_url=token_url,
        subject_token_supplier=_Supplier(token),
        service_account_impersonation_url=f"{accounts_url}/{google.account}:generateAccessToken",
        scopes=[_SCOPE],
    )


class FederatedHub:
    """The hub's datasets and buckets as that account; ``credentials`` are asked for when needed."""

    def __init__(self, hub: Hub, credentials: Callable[[], Any], scratch: Scratch) -> None:
        self._hub = hub
        self._credentials = credentials
        self._scratch = scratch

    def publications(self) -> HubPublications:
        """The tables that other warehouses publish to."""
        hub = self._hub
        folder = self._scratch.below("hub")
        return HubPublications(self._jobs(), hub.project, hub.dataset, hub.staging_dataset, folder)

    def archived(self, place: str, cloud: Cloud) -> ArchiveSource:
        """What the hub's own loads of ``cloud`` keep in the archive at ``place``."""
        hub = self._hub
        folder = self._scratch.below("history")
        warehouse = BigQueryWarehouse(
            self._jobs(), hub.project, hub.dataset, hub.staging_dataset, folder
        )
        return ArchiveSource(warehouse, BucketArchive(self.bucket(place), folder), (cloud,))

    def _jobs(self) -> Jobs:
        client: Any = bigquery.Client(
            project=self._hub.project,
            location=self._hub.location,
            credentials=self._for("bigquery"),
        )
        self._scratch.opened.enter_context(closing(client))
        return Jobs(
            client=client,
            location=self._hub.location,
            max_bytes_billed=MAX_BYTES_BILLED,
            remaining=self._scratch.remaining,
            finished=telling(self._scratch.tell),
        )

    def bucket(self, place: str) -> Bucket:
        """What lies at ``gs://bucket/prefix``.

        Raises:
            UsageError: it is no such address.
        """
        # No request of ours names a project, but the client wants one.
        client = storage.Client(project="unused", credentials=self._for("storage"))
        return Bucket(self._scratch.opened.enter_context(closing(client)), Address.parse(place))

    def _for(self, service: str) -> Any:  # noqa: ANN401 - Google's own, which has no types
        return (
            AnonymousCredentials() if os.environ.get(_EMULATORS[service]) else self._credentials()
        )
