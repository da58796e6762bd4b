"""Google's login of this machine: Application Default Credentials, as the engine uses them.

https://docs.cloud.google.com/docs/authentication/application-default-credentials
"""

import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import google.auth
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from google.auth.transport.requests import Request

from infra.apis.addresses import Addresses
from infra.apis.login import LoginExpired, LoginMissing
from infra.apis.web import Api, Refused, Unreachable

SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/userinfo.email",
)

LOGIN = "gcloud auth application-default login"


class Kind(StrEnum):
    """What a login is made of, by the name of its class in Google's library."""

    USER = "a person's"
    KEY = "a service account's key"
    SERVICE = "a service account's, without a key"


@dataclass(frozen=True)
class GoogleLogin:
    """Whoever is logged in on this machine."""

    credentials: Any = field(repr=False)
    addresses: Addresses

    @classmethod
    def find(cls, addresses: Addresses) -> "GoogleLogin":
        """The login that this machine has.

        Raises:
            LoginMissing: There is none.
        """
        library: Any = google.auth
        # Of no project it warns, and none is asked of it.
        logging.getLogger("google.auth").setLevel(logging.ERROR)
        try:
            credentials, _ = library.default(scopes=SCOPES)
        except DefaultCredentialsError as error:
            raise LoginMissing(str(error).partition(". ")[0], LOGIN) from None
        return cls(credentials, addresses)

    @property
    def kind(self) -> Kind:
        """What the login is made of."""
        name = f"{type(self.credentials).__module__}"
        if name == "google.oauth2.service_account":
            return Kind.KEY
        people = {"google.oauth2.credentials", "google.auth.external_account_authorized_user"}
        return Kind.USER if name in people else Kind.SERVICE

    def token(self) -> str:
        """A token for one call.

        Raises:
            LoginExpired: Google gives none.
            Unreachable: Google does not answer.
        """
        if not self.credentials.valid:
            try:
                self.credentials.refresh(Request())
            except TransportError:
                raise Unreachable("Google's token service does not answer.") from None
            except GoogleAuthError as error:
                raise LoginExpired(
                    f"Google takes the login no longer: {_reason(error)}", LOGIN
                ) from None
        return str(self.credentials.token)

    def who(self) -> str:
        """The e-mail of the login; what kind it is where Google does not say.

        Raises:
            LoginExpired: The login is taken no longer.
            Unreachable: Google does not answer.
        """
        self.token()
        email = str(getattr(self.credentials, "service_account_email", "") or "")
        if "@" in email:
            return email
        try:
            said = self.api("userinfo").get("/v1/userinfo")
        except Refused as error:
            if error.status == 401:
                raise LoginExpired(str(error), LOGIN) from None
            return self.kind
        return str(said.get("email", self.kind))

    def api(self, name: str, project: str | None = None) -> Api:
        """An API, asked by this login. A person's calls are counted on ``project``."""
        counted = {"x-goog-user-project": project} if project and self.kind is Kind.USER else {}
        return Api(self.addresses[name], self.token, counted)


def _reason(error: GoogleAuthError) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())[:200]
