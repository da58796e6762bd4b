"""The identity token that comes with a push: who sent it, and was it meant for this function.

https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions. Cloud Run checks the
token itself where only a named account may invoke, and passes it on with its signature replaced
(https://cloud.google.com/run/docs/troubleshooting#signature-removed). Such a token says who came,
and is believed only where the settings say that Cloud Run is in front; any other must be signed.
"""

import base64
import binascii
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast

from handlers.errors import CostError
from handlers.settings import Push, PushSignature

REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
ISSUERS = ("https://accounts.google.com", "accounts.google.com")
GOOGLE_CERTS = "https://www.googleapis.com/oauth2/v1/certs"
SKEW_SECONDS = 30
"""How far two clocks may be apart."""
LONGEST = 8 * 1024
"""Characters of a token; Google's have about a thousand."""
_NO_TOKEN = "What the request has for a token can't be one."


class TokenRefused(CostError):
    """The token proves nothing; the reason never holds the token."""


class NotAllowed(CostError):
    """The token is genuine and belongs to somebody else."""


class CertificatesUnreachable(CostError):
    """Nobody can say now whether the token is genuine; a retry may."""


class Verifier(Protocol):
    """Checks a token's signature, issuer, audience and time."""

    def claims(self, token: str, audience: str) -> Mapping[str, object]:
        """What the token says.

        Raises:
            TokenRefused: it is not genuine, expired, or for another audience.
            CertificatesUnreachable: the certificates can't be read.
        """
        ...


@dataclass(frozen=True)
class GoogleCerts:
    """Checks a signed token against Google's certificates, by Google's own library."""

    certs_url: str = GOOGLE_CERTS

    def claims(self, token: str, audience: str) -> Mapping[str, object]:
        """See ``Verifier``. The library is imported here: behind Cloud Run nobody needs it.

        What the token says of itself is looked at first, so that garbage costs no look-up.
        """
        claims = _said(token, audience)
        id_token: Any = importlib.import_module("google.oauth2.id_token")
        transport: Any = importlib.import_module("google.auth.transport.requests")
        errors: Any = importlib.import_module("google.auth.exceptions")
        try:
            id_token.verify_token(
                token,
                transport.Request(),
                audience=audience,
                certs_url=self.certs_url,
                clock_skew_in_seconds=SKEW_SECONDS,
            )
        except errors.TransportError as error:
            raise CertificatesUnreachable(f"{self.certs_url} can't be read.") from error
        except (ValueError, errors.GoogleAuthError):
            # The library's text quotes parts of the token.
            raise TokenRefused("The token is not signed by Google, or not for here.") from None
        return claims


@dataclass(frozen=True)
class CloudRun:
    """Believes a token whose signature Cloud Run has checked and removed; others must be signed."""

    clock: Callable[[], datetime]
    signed: Verifier

    def claims(self, token: str, audience: str) -> Mapping[str, object]:
        """See ``Verifier``."""
        if not token.endswith(f".{REMOVED}"):
            return self.signed.claims(token, audience)
        claims = _said(token, audience)
        now = self.clock().timestamp()
        expires, issued = claims.get("exp"), claims.get("iat")
        if not isinstance(expires, int) or not isinstance(issued, int):
            raise TokenRefused("The token does not say how long it holds.")
        if not issued - SKEW_SECONDS <= now <= expires + SKEW_SECONDS:
            raise TokenRefused("The token has expired, or is from the future.")
        return claims


def verifier_for(push: Push, clock: Callable[[], datetime]) -> Verifier:
    """The verifier that ``push`` asks for."""
    if push.signature is PushSignature.CLOUD_RUN:
        return CloudRun(clock, GoogleCerts())
    return GoogleCerts()


def check_sender(header: str, push: Push, verifier: Verifier) -> None:
    """Let through only the account that may push; ``header`` is the request's Authorization.

    Raises:
        TokenRefused: there is no token, or it proves nothing.
        NotAllowed: it is somebody else's.
        CertificatesUnreachable: a signed token can't be checked now.
    """
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused("The request has no bearer token.")
    if len(token) > LONGEST or not token.isascii():
        raise TokenRefused(_NO_TOKEN)
    claims = verifier.claims(token.strip(), push.audience)
    if claims.get("email_verified") is not True or claims.get("email") != push.account:
        raise NotAllowed(f"The token is not that of {push.account}.")


def _said(token: str, audience: str) -> Mapping[str, object]:
    """What the token says, when it says that Google issued it for ``audience``; not yet proved."""
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise TokenRefused(_NO_TOKEN)
    payload = parts[1]
    try:
        text = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True)
        said: object = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        raise TokenRefused(_NO_TOKEN) from None
    if not isinstance(said, dict):
        raise TokenRefused(_NO_TOKEN)
    claims = cast(Mapping[str, object], said)
    if claims.get("iss") not in ISSUERS:
        raise TokenRefused("The token's issuer is not Google.")
    if claims.get("aud") != audience:
        raise TokenRefused("The token is for another audience.")
    return claims
