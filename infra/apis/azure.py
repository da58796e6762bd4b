"""Azure's login of this machine: the one of ``az``, or a service principal's in the environment."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AzureCliCredential,
    ChainedTokenCredential,
    CredentialUnavailableError,
    EnvironmentCredential,
)

from infra.apis.addresses import Addresses
from infra.apis.login import LoginExpired, LoginMissing
from infra.apis.web import SECONDS, Api

LOGIN = "az login"
SCOPE = "https://management.azure.com/.default"
STORAGE = "https://storage.azure.com/.default"


@dataclass(frozen=True)
class AzureLogin:
    """Whoever is logged in, in the tenant of the configuration."""

    credential: ChainedTokenCredential = field(repr=False)
    addresses: Addresses

    @classmethod
    def find(cls, addresses: Addresses, tenant: str) -> "AzureLogin":
        """The login; whether there is one shows with the first token."""
        cli = AzureCliCredential(tenant_id=tenant, process_timeout=int(SECONDS))
        return cls(ChainedTokenCredential(EnvironmentCredential(), cli), addresses)

    def token(self) -> str:
        """A token for one call.

        Raises:
            LoginMissing: there is no login.
            LoginExpired: Microsoft Entra takes it no longer.
        """
        return self._access

    @cached_property
    def _access(self) -> str:
        """Asked for once: az starts a process for each."""
        return self._token_for(SCOPE)

    def _token_for(self, scope: str) -> str:
        try:
            return self.credential.get_token(scope).token
        except CredentialUnavailableError as error:
            raise LoginMissing(_last_line(error), LOGIN) from None
        except ClientAuthenticationError as error:
            text = _last_line(error)
            kind = LoginExpired if "AADSTS" in text else LoginMissing
            raise kind(text, LOGIN) from None

    def storage_token(self) -> str:
        """A token for queues and blobs, as ``token``."""
        return self._token_for(STORAGE)

    def claims(self) -> Mapping[str, Any]:
        """What the token says of whoever holds it: ``oid``, ``tid``, ``upn`` or ``appid``.

        Only shown and asked with; the API itself checks the token.
        """
        part = self.token().split(".")[1]
        text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        return cast("Mapping[str, Any]", json.loads(text))

    def api(self) -> Api:
        """Azure's resource manager, asked by this login."""
        return Api(self.addresses["azure"], self.token)


def _last_line(error: ClientAuthenticationError) -> str:
    """The sentence that says why: of a chain's message, what the last credential said."""
    lines = [line.strip() for line in str(error.message).splitlines() if line.strip()]
    told = next((line for line in lines if "AADSTS" in line), None)
    if told is None:
        told = next((line for line in lines if line.startswith("AzureCliCredential")), lines[0])
    return told.removeprefix("AzureCliCredential: ").removeprefix("ERROR: ")[:300]
