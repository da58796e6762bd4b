"""A TLS server on this machine that can fail as networks and clouds do, for Azure's fakes.

Azure's clients send a token over TLS only; tests let them believe the server's certificate by
``REQUESTS_CA_BUNDLE``, so that nothing in the program has to know of a test.
"""

import ipaddress
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Seen:
    """A request; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Fault:
    """What a request gets instead of its answer.

    A ``status`` of 0 is a connection that breaks, after ``sent`` bytes of the answer's body.
    ``only`` is a piece of the path of the requests that are meant.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    sent: int = 0
    only: str = ""


@dataclass
class Faults:
    """Faults to come, in order, and the requests that were made."""

    coming: list[Fault] = field(default_factory=list[Fault])
    requests: list[Seen] = field(default_factory=list[Seen])
    before: Callable[[Seen], None] | None = None
    """Is called before each answer: what somebody else does meanwhile."""

    def take(self, request: Seen) -> Fault | None:
        self.requests.append(request)
        for number, fault in enumerate(self.coming):
            if fault.only in request.path:
                return self.coming.pop(number)
        return None


Answers = Callable[[Seen], Reply]


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate of 127.0.0.1 and its key, in files."""

    certificate: Path
    key: Path


@cache
def certificate() -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = Path(tempfile.mkdtemp(prefix="fake-azure-"))
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return Certificate(folder / "certificate.pem", folder / "key.pem")


@contextmanager
def tls_server(answers: Answers, faults: Faults) -> Generator[str]:
    """A server on a free port; its address, like ``https://127.0.0.1:12345``."""
    server = _Server(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate().certificate, certificate().key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    _Handler.served[server.server_port] = (answers, faults)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del _Handler.served[server.server_port]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a connection that was broken on purpose is no error of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: dict[int, tuple[Answers, Faults]] = {}  # noqa: RUF012 - by port: the server makes it

    def do_GET(self) -> None:
        self._reply()

    def do_HEAD(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def _reply(self) -> None:
        answers, faults = self.served[int(self.connection.getsockname()[1])]
        request = self._request()
        fault = faults.take(request)
        if faults.before is not None:
            faults.before(request)
        if fault is not None and fault.status:
            self._send(Reply(fault.status, b"", fault.headers), None)
        else:
            self._send(answers(request), fault)

    def _request(self) -> Seen:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        return Seen(
            method=self.command,
            path=unquote(url.path),
            query=dict(parse_qsl(url.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )

    def _send(self, reply: Reply, broken: Fault | None) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in reply.headers and reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        body = b"" if self.command == "HEAD" else reply.body
        self.wfile.write(body if broken is None else body[: broken.sent])
        if broken is not None:
            self.wfile.flush()
            self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on standard error."""
