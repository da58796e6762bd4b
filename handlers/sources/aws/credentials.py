"""How the collector proves to AWS who it is; nothing here is a secret or keeps one.

On Google Cloud the metadata server's identity token is traded for a role's temporary credentials
(https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html), which
botocore renews before they end, each time with a new token: a run may last longer than they do.
A function of AWS takes the role on with its own (AssumeRole). Elsewhere botocore's usual chain is
asked: a function's own role, a profile.
"""

import contextlib
import http.client
import os
from collections.abc import Callable, Generator
from typing import Any, cast
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    AssumeRoleWithWebIdentityCredentialFetcher,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import CredentialRetrievalError
from botocore.session import Session as CoreSession

from handlers.settings import AWS_AUDIENCE

SESSION_NAME = "ai-cost-monitoring"
"""How the collector's calls are called in the account's CloudTrail."""

CONFIG = Config(
    connect_timeout=10,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": 6},
    response_checksum_validation="when_supported",
)
"""Of every client: a connection that gives nothing for a minute is dead, the rest is retried."""

_METADATA_HOST = "GCE_METADATA_HOST"
"""Google's own clients read it too; it names another metadata server, for tests."""

_IDENTITY = "/computeMetadata/v1/instance/service-accounts/default/identity"
_ATTEMPTS = 3
_TIMEOUT = 10
_LONGEST_TOKEN = 8 * 1024

IdentityToken = Callable[[], str]


def google_token() -> str:
    """The function's own token for AWS, from Google's metadata server; it holds for an hour.

    Raises:
        CredentialRetrievalError: there is no metadata server, or it gives none.
    """
    host = os.environ.get(_METADATA_HOST) or "metadata.google.internal"
    path = f"{_IDENTITY}?audience={quote(AWS_AUDIENCE, safe='')}&format=full"
    problem = ""
    for _ in range(_ATTEMPTS):
        try:
            status, body = _metadata(host, path)
        except (OSError, http.client.HTTPException) as error:
            problem = f"{host} can't be reached ({type(error).__name__})"
            continue
        if status == http.client.OK and body.count(b".") == 2 and body.isascii():
            return body.decode("ascii").strip()
        problem = f"{host} answered {status}: is a service account attached?"
    raise CredentialRetrievalError(provider="Google's metadata server", error_msg=problem)


def _metadata(host: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers={"Metadata-Flavor": "Google"})
        answer = connection.getresponse()
        return answer.status, answer.read(_LONGEST_TOKEN)
    finally:
        connection.close()


@contextlib.contextmanager
def _clients(session: CoreSession, region: str) -> Generator[Callable[..., object]]:
    """What makes a client for botocore, which asks for one and does not close it."""
    with contextlib.ExitStack() as opened:

        def client(service: str, config: Config | None = None, **credentials: object) -> object:
            made = cast("Any", session).create_client(
                service,
                region_name=region,
                config=cast("Any", CONFIG).merge(config) if config else CONFIG,
                **credentials,
            )
            return opened.enter_context(contextlib.closing(made))

        yield client


class _WebIdentity:
    """A credential provider of botocore's: the role, for the bearer of the identity token."""

    METHOD = "google-identity"
    CANONICAL_NAME = "google-identity"

    def __init__(self, session: CoreSession, role: str, region: str, token: IdentityToken) -> None:
        self._session = session
        self._role = role
        self._region = region
        self._token = token

    def load(self) -> DeferredRefreshableCredentials:
        """Credentials that are fetched when they are first needed."""
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)

    def _fetch(self) -> object:
        with _clients(self._session, self._region) as sts:
            fetcher = AssumeRoleWithWebIdentityCredentialFetcher(
                client_creator=sts,
                web_identity_token_loader=self._token,
                role_arn=self._role,
                extra_args={"RoleSessionName": SESSION_NAME},
            )
            return cast("Any", fetcher).fetch_credentials()


class _OwnIdentity:
    """A credential provider of botocore's: the role, for whoever runs here."""

    METHOD = "own-identity"
    CANONICAL_NAME = "own-identity"

    def __init__(self, role: str, region: str) -> None:
        self._role = role
        self._region = region

    def load(self) -> DeferredRefreshableCredentials:
        """Credentials that are fetched when they are first needed."""
        return DeferredRefreshableCredentials(refresh_using=self._fetch, method=self.METHOD)

    def _fetch(self) -> object:
        own = CoreSession()
        with _clients(own, self._region) as sts:
            fetcher = AssumeRoleCredentialFetcher(
                client_creator=sts,
                source_credentials=cast("Any", own).get_credentials(),
                role_arn=self._role,
                extra_args={"RoleSessionName": SESSION_NAME},
            )
            return cast("Any", fetcher).fetch_credentials()


def role_session(role: str, region: str, token: IdentityToken = google_token) -> boto3.Session:
    """A session with the credentials of ``role`` (an ARN), for the bearer of ``token``.

    Nothing is asked before a client needs it.
    """
    core = CoreSession()
    return _session(core, _WebIdentity(core, role, region, token), region)


def assumed_session(role: str, region: str) -> boto3.Session:
    """A session with the credentials of ``role`` (an ARN), taken on by the runtime's own role.

    Nothing is asked before a client needs it.
    """
    return _session(CoreSession(), _OwnIdentity(role, region), region)


def own_session(_role: str, region: str) -> boto3.Session:
    """A session with the runtime's own credentials; the role is the one it already has."""
    return boto3.Session(region_name=region)


def _session(core: CoreSession, provider: object, region: str) -> boto3.Session:
    """A session whose credentials come from ``provider`` alone."""
    resolver = cast("Any", CredentialResolver)([provider])
    cast("Any", core).register_component("credential_provider", resolver)
    return boto3.Session(botocore_session=core, region_name=region)
