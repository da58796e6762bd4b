"""Google's metadata server, as a function sees it, and the certificates its tokens are signed by.

It gives identity tokens signed with a key that lives as long as the fake, and refuses what the real
one refuses: a request without the header Metadata-Flavor, a forwarded one, an unknown path
(https://docs.cloud.google.com/compute/docs/metadata/querying-metadata), a token for no audience.
"""

import base64
import json
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default"
CERTS = "/oauth2/v1/certs"
KEY_ID = "fake-key-1"
ISSUER = "https://accounts.google.com"
SIGNATURE_REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
FLAVOR = "Metadata-Flavor"


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class FakeGoogle:
    """One service account, its tokens, and the server that hands them out; ``host`` is host:port.

    ``requests`` are the paths asked for, in order.
    """

    email: str
    unique_id: str
    project: str
    host: str
    key: rsa.RSAPrivateKey
    requests: list[str] = field(default_factory=list[str])

    @property
    def certs_url(self) -> str:
        return f"http://{self.host}{CERTS}"

    def token(self, audience: str, **changed: object) -> str:
        """A signed identity token for ``audience``; ``changed`` replaces claims, None drops one."""
        return signed(self.key, {**self.claims(audience), **changed})

    def token_behind_cloud_run(self, audience: str, **changed: object) -> str:
        """The same token as a container gets it from Cloud Run."""
        return self.token(audience, **changed).rpartition(".")[0] + "." + SIGNATURE_REMOVED

    def claims(self, audience: str) -> dict[str, object]:
        now = int(time.time())
        return {
            "aud": audience,
            "azp": self.unique_id,
            "email": self.email,
            "email_verified": True,
            "exp": now + 3600,
            "iat": now,
            "iss": ISSUER,
            "sub": self.unique_id,
        }

    def certificate(self) -> str:
        """The public key as Google publishes it: in an X.509 certificate."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake.googleusercontent.com")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


def signed(key: rsa.RSAPrivateKey, claims: Mapping[str, object]) -> str:
    """A token by RS256; claims that are None are left out."""
    head = {"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}
    said = {name: value for name, value in claims.items() if value is not None}
    text = f"{_part(json.dumps(head).encode())}.{_part(json.dumps(said).encode())}"
    return f"{text}.{_part(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@contextmanager
def fake_google(
    email: str = "pusher@hub-project.iam.gserviceaccount.com",
    unique_id: str = "104857600123456789012",
    project: str = "hub-project",
) -> Generator[FakeGoogle]:
    """A metadata server of this account on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    google = FakeGoogle(email, unique_id, project, f"127.0.0.1:{server.server_port}", _key())
    _Handler.served[server.server_port] = google
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield google
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del _Handler.served[server.server_port]


@dataclass(frozen=True)
class _Answer:
    status: int
    text: str
    content_type: str = "application/text"


class _Handler(BaseHTTPRequestHandler):
    served: dict[int, FakeGoogle] = {}  # noqa: RUF012 - by port: the server makes a handler itself

    def do_GET(self) -> None:
        port = int(self.connection.getsockname()[1])
        google = self.served[port]
        google.requests.append(self.path)
        answer = self._answer(google)
        body = answer.text.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(FLAVOR, "Google")
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, google: FakeGoogle) -> _Answer:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == CERTS:
            certificates = json.dumps({KEY_ID: google.certificate()})
            return _Answer(200, certificates, "application/json")
        if self.headers.get(FLAVOR) != "Google":
            return _Answer(403, f"Missing {FLAVOR}:Google header.")
        if self.headers.get("X-Forwarded-For"):
            return _Answer(403, "Forwarded requests are refused.")
        return _of_account(google, url.path, query)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on standard error."""


def _of_account(google: FakeGoogle, path: str, query: Mapping[str, str]) -> _Answer:
    if path in {"/", "/computeMetadata/v1/"}:
        return _Answer(200, "computeMetadata/\n")
    if path == "/computeMetadata/v1/project/project-id":
        return _Answer(200, google.project)
    if path == f"{ACCOUNT}/email":
        return _Answer(200, google.email)
    if path == f"{ACCOUNT}/":
        known = {"aliases": ["default"], "email": google.email, "scopes": []}
        return _Answer(200, json.dumps(known), "application/json")
    if path == f"{ACCOUNT}/token":
        token = {"access_token": "fake-access", "expires_in": 3599, "token_type": "Bearer"}
        return _Answer(200, json.dumps(token), "application/json")
    if path == f"{ACCOUNT}/identity":
        if not query.get("audience"):
            return _Answer(400, "non-empty audience parameter required")
        full = {} if query.get("format") == "full" else {"email": None, "email_verified": None}
        return _Answer(200, google.token(query["audience"], **full))
    return _Answer(404, "Not Found")
