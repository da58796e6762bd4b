"""AWS STS as far as a web identity is concerned: strict about the token, the role and the request.

It refuses what the real one refuses: a signed request, a token that Google did not sign, one that
has expired, is for another audience or another account than the role's trust policy names
(https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html). The keys
it gives end after ``lifetime``.
"""

import base64
import json
import re
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.fakes.metadata import FakeGoogle

SECRET = "a-secret-that-nobody-may-write-down"
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


@dataclass
class FakeSts:
    """A role that trusts one Google service account; ``given`` are the access keys, in order."""

    address: str
    google: FakeGoogle
    role: str
    audience: str
    lifetime: timedelta = timedelta(hours=1)
    given: list[str] = field(default_factory=list[str])
    tokens: list[str] = field(default_factory=list[str])


@contextmanager
def fake_sts(google: FakeGoogle, role: str, audience: str) -> Generator[FakeSts]:
    """STS on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    fake = FakeSts(f"http://127.0.0.1:{server.server_port}", google, role, audience)
    _Handler.served[server.server_port] = fake
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del _Handler.served[server.server_port]


class _Handler(BaseHTTPRequestHandler):
    served: dict[int, FakeSts] = {}  # noqa: RUF012 - by port: the server makes a handler itself

    def do_POST(self) -> None:
        fake = self.served[int(self.connection.getsockname()[1])]
        length = int(self.headers.get("Content-Length") or 0)
        form = {
            name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()
        }
        refusal = _refusal(fake, form, signed="Authorization" in self.headers)
        status, text = (400, _error(refusal)) if refusal else (200, _keys(fake, form))
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on standard error."""


def _refusal(fake: FakeSts, form: Mapping[str, str], signed: bool) -> str:
    if form.get("Action") != "AssumeRoleWithWebIdentity" or signed:
        return "InvalidAction"
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", form.get("RoleSessionName", "")):
        return "ValidationError"
    claims = _claims(fake.google, form.get("WebIdentityToken", ""))
    if claims is None:
        return "InvalidIdentityToken"
    if int(claims["exp"]) < time.time():
        return "ExpiredTokenException"
    trusted = (
        claims["aud"] == fake.audience
        and claims.get("azp") == claims["sub"] == fake.google.unique_id
    )
    return "" if trusted and form.get("RoleArn") == fake.role else "AccessDenied"


def _claims(google: FakeGoogle, token: str) -> Mapping[str, Any] | None:
    text, _, signature = token.rpartition(".")
    try:
        google.key.public_key().verify(
            _decoded(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        return cast("Mapping[str, Any]", json.loads(_decoded(text.partition(".")[2])))
    except (InvalidSignature, ValueError):
        return None


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _error(code: str) -> str:
    return (
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
        "<Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error>"
        "<RequestId>1</RequestId></ErrorResponse>"
    )


def _keys(fake: FakeSts, form: Mapping[str, str]) -> str:
    key = f"ASIA{len(fake.given):016d}"
    fake.given.append(key)
    fake.tokens.append(form["WebIdentityToken"])
    ends = (datetime.now(UTC) + fake.lifetime).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f'<AssumeRoleWithWebIdentityResponse xmlns="{NAMESPACE}">'
        "<AssumeRoleWithWebIdentityResult>"
        f"<AssumedRoleUser><Arn>{fake.role}/session</Arn>"
        f"<AssumedRoleId>AROA:session</AssumedRoleId></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
        f"<SessionToken>{SECRET}-session</SessionToken><Expiration>{ends}</Expiration>"
        "</Credentials></AssumeRoleWithWebIdentityResult>"
        "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        "</AssumeRoleWithWebIdentityResponse>"
    )
