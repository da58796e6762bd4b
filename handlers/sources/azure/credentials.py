"""How the collector proves to Azure who it is; nothing here is a secret or keeps one.

On Google Cloud the metadata server's identity token is traded for a token of a managed identity
that trusts it (a federated credential with issuer ``https://accounts.google.com``, the service
account's numeric id as subject): https://learn.microsoft.com/entra/workload-id/workload-identity-federation.
In Azure it is the managed identity itself.
"""

import urllib.error
import urllib.request
from functools import partial
from typing import Protocol, TypedDict, Unpack
from urllib.parse import quote

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientAssertionCredential, ManagedIdentityCredential

from handlers.settings import AZURE_AUDIENCE, Azure

METADATA_HOST = "metadata.google.internal"
_IDENTITY = "/computeMetadata/v1/instance/service-accounts/default/identity"
_TIMEOUT = 10
_LONGEST_TOKEN = 8 * 1024


class Credential(TokenCredential, Protocol):
    """Gives tokens; whoever makes it closes its connections."""

    def close(self) -> None:
        """Close them."""
        ...


class Options(TypedDict, total=False):
    """What else Microsoft's client is told."""

    authority: str
    """The host of another national cloud's Microsoft Entra."""
    disable_instance_discovery: bool
    """Whether the authority is believed without asking the public cloud about it."""
    connection_verify: str
    """The file of certificates to believe."""


def identity_token(host: str = METADATA_HOST) -> str:
    """The function's own token for Azure, from Google's metadata server; it holds for an hour.

    Asked for anew with each token of Azure's, so that a run may last longer.

    Raises:
        ClientAuthenticationError: there is no metadata server, or it gives none.
    """
    url = f"http://{host}{_IDENTITY}?audience={quote(AZURE_AUDIENCE, safe='')}"
    request = urllib.request.Request(url, headers={"Metadata-Flavor": "Google"})
    # No proxy: the server answers this machine only.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT) as answer:
            token = answer.read(_LONGEST_TOKEN + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise ClientAuthenticationError(
            f"Google's metadata server answered {error.code}: is a service account attached?"
        ) from None
    except OSError as error:
        raise ClientAuthenticationError(
            f"Google's metadata server at {host} can't be reached ({type(error).__name__})."
        ) from None
    if len(token) > _LONGEST_TOKEN or token.count(b".") != 2 or not token.isascii():
        raise ClientAuthenticationError("Google's metadata server gave what is no token.")
    return token.decode("ascii").strip()


def from_google(
    azure: Azure, metadata_host: str = METADATA_HOST, **options: Unpack[Options]
) -> Credential:
    """The identity ``azure``, for a function that runs on Google Cloud."""
    return ClientAssertionCredential(
        azure.tenant, azure.client_id, partial(identity_token, metadata_host), **options
    )


def in_azure(client_id: str | None) -> Credential:
    """The managed identity ``client_id`` of a function in Azure; its own one when None."""
    if client_id is None:
        return ManagedIdentityCredential()
    return ManagedIdentityCredential(client_id=client_id)
