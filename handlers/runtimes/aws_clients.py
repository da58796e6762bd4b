"""The Lambda's clients: exports, Redshift and S3 as its role, the hub by federation."""

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import boto3
import duckdb
from google.auth import aws, exceptions

from handlers.alerts.runner import Runner
from handlers.archive import Archive
from handlers.archive.bucket import BucketArchive
from handlers.archive.s3 import S3Archive
from handlers.errors import UsageError
from handlers.load.collecting import Bills, Task
from handlers.load.load import Loader
from handlers.native import AwsSettings, Federation, Redshift
from handlers.reconcile.asked import Answers
from handlers.record import Cloud
from handlers.runtimes.aws_bills import bills_of, statements_of
from handlers.runtimes.aws_site import S3Copy
from handlers.runtimes.clients import Login, Reader, Scratch
from handlers.runtimes.federated import ACCOUNTS_URL, TOKEN_URL, FederatedHub
from handlers.runtimes.kept_site import site_or_copy
from handlers.site import Site
from handlers.site.bucket import fetch_site
from handlers.sources.archive import ArchiveSource
from handlers.sources.aws.credentials import CONFIG
from handlers.sources.refusals import Refuse
from handlers.warehouses.bigquery.publications import HubPublications
from handlers.warehouses.redshift.jobs import Jobs
from handlers.warehouses.redshift.names import Place
from handlers.warehouses.redshift.staging import Staging
from handlers.warehouses.redshift.warehouse import RedshiftWarehouse, telling

QUARANTINE = "quarantine"
"""The prefix of the archive below which set-aside lines are kept."""

LOADS, SITE = "loads", "site"
"""What lies below the staging place: rows on their way, which expire, and the site's copy."""

REGION = "AWS_REGION"
"""Lambda says it: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
_AWS4 = "urn:ietf:params:aws:token-type:aws4_request"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class _Supplier(aws.AwsSecurityCredentialsSupplier):
    """Google's library asks it who runs here; boto3 keeps the answer and renews it."""

    def __init__(self, session: boto3.Session) -> None:
        self._session = session

    def get_aws_security_credentials(self, context: object, request: object) -> Any:  # noqa: ANN401
        """See the base class."""
        del context, request
        untyped: Any = self._session
        found = untyped.get_credentials()
        if found is None:
            raise exceptions.RefreshError("This runtime has no role of AWS.")
        frozen = found.get_frozen_credentials()
        known: Any = aws
        return known.AwsSecurityCredentials(frozen.access_key, frozen.secret_key, frozen.token)

    def get_aws_region(self, context: object, request: object) -> str:
        """See the base class."""
        del context, request
        untyped: Any = self._session
        return str(untyped.region_name)


def federated(
    google: Federation,
    session: boto3.Session,
    token_url: str = TOKEN_URL,
    accounts_url: str = ACCOUNTS_URL,
) -> Any:  # noqa: ANN401 - Google's own, which has no types
    """The hub's account, for the role that ``session`` has.

    The token that is traded is a signed request to ask who that is, which Google sends to AWS:
    https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds
    """
    untyped: Any = aws
    return untyped.Credentials(
        audience=google.audience,
        subject_token_type=_AWS4,
        token_url=token_url,
        aws_security_credentials_supplier=_Supplier(session),
        service_account_impersonation_url=f"{accounts_url}/{google.account}:generateAccessToken",
        scopes=[_SCOPE],
    )


def redshift_warehouse(
    redshift: Redshift, session: boto3.Session, scratch: Scratch
) -> RedshiftWarehouse:
    """The database, as the login of ``session``."""
    jobs = Jobs(
        client=client_of(session, "redshift-data", scratch),
        workgroup=redshift.workgroup,
        database=redshift.database,
        remaining=scratch.remaining,
        finished=telling(scratch.tell),
    )
    place = Place.parse(redshift.staging).below(LOADS)
    staging = Staging(client_of(session, "s3", scratch), place, scratch.below("warehouse"))
    return RedshiftWarehouse(jobs, staging, redshift.role)


def client_of(session: boto3.Session, service: str, scratch: Scratch) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """boto3's client of a service, until the run of ``scratch`` ends."""
    untyped: Any = session
    return scratch.opened.enter_context(closing(untyped.client(service, config=CONFIG)))


@dataclass(frozen=True)
class RuntimeClients:
    """The concrete ``NativeClients``, from the Lambda's settings."""

    settings: AwsSettings
    scratch: Scratch

    def warehouse(self) -> RedshiftWarehouse:
        """See ``NativeClients``: the database of the settings."""
        return self._warehouse

    def hub(self) -> HubPublications:
        """See ``NativeClients``."""
        return self._google.publications()

    def bills(self) -> Bills:
        """See ``Clients``: exports in S3."""
        return bills_of(self.settings.runtime.scopes, self._reader())

    def google_tasks(
        self, periods: Sequence[date], loader: Loader, refuse: Refuse
    ) -> Sequence[Task]:
        """See ``Clients``; Google's bills are the hub's."""
        del periods, loader, refuse
        raise UsageError("Google's bills are loaded by the hub's own job, not in AWS.")

    def archive(self) -> Archive:
        """See ``Clients``: in S3, or a bucket of the hub's."""
        return self._archive(self.settings.runtime.archive, "archive")

    def history(self) -> Sequence[ArchiveSource]:
        """See ``Clients``: what the hub's own loads kept."""
        return (self._google.archived(self.settings.history, Cloud.AWS),)

    def quarantine(self) -> Archive:
        """See ``Clients``: below the archive."""
        return self._archive(
            f"{self.settings.runtime.archive.rstrip('/')}/{QUARANTINE}", QUARANTINE
        )

    def statements(self, periods: Sequence[date]) -> Answers:
        """See ``Clients``: what Cost Explorer says."""
        return statements_of(self.settings.runtime.scopes, periods, self._reader())

    def runner(self, connection: duckdb.DuckDBPyConnection) -> Runner:
        """See ``Clients``; no SQL of the hub's runs over this database."""
        del connection
        raise UsageError("The hub's own job answers this, not AWS's.")

    def site(self) -> Site:
        """See ``Clients``: a bucket of the hub's, or the last that was read while it is away."""
        return site_or_copy(
            lambda folder: fetch_site(self._google.bucket(self.settings.runtime.site), folder),
            S3Copy(self._client("s3"), self._staging_place.below(SITE)),
            self.scratch,
        )

    @cached_property
    def _warehouse(self) -> RedshiftWarehouse:
        return redshift_warehouse(self.settings.redshift, self._session, self.scratch)

    @property
    def _staging_place(self) -> Place:
        return Place.parse(self.settings.redshift.staging)

    def _archive(self, place: str, name: str) -> Archive:
        folder = self.scratch.below(name)
        if place.startswith("s3://"):
            return S3Archive(self._client("s3"), place, folder)
        return BucketArchive(self._google.bucket(place), folder)

    def _reader(self) -> Reader:
        return Reader(Login.ASSUMED, self.scratch, None, self._warehouse.loaded())

    @cached_property
    def _google(self) -> FederatedHub:
        google, session = self.settings.google, self._session
        return FederatedHub(
            self.settings.runtime.hub, lambda: federated(google, session), self.scratch
        )

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(region_name=os.environ.get(REGION))

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        return client_of(self._session, service, self.scratch)
