"""Amazon S3 by moto's server, behind a proxy on which things go wrong as a test plans them.

moto keeps the objects and answers as S3 does; the proxy cuts connections, answers in its place,
changes bytes, or lets something happen just before a request arrives. What was asked is kept.
"""

import http.client
import logging
import socket
import struct
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import boto3
from moto.server import ThreadedMotoServer

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing sends RST."""


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests for objects whose key has ``key`` in it.

    ``cut`` is after how many bytes of the body the connection is reset. ``status`` and ``code``
    are S3's refusal. ``flip`` is the place of a byte that arrives as another. ``before`` runs
    before the request is handed on, once. ``without`` are headers that S3 does not send, as of an
    object of which it has no such checksum: what their names begin with, in small letters.
    """

    key: str
    times: int = 1
    cut: int | None = None
    status: int = 0
    code: str = ""
    flip: int | None = None
    before: Callable[[], object] | None = None
    without: str = ""


@dataclass(frozen=True)
class Asked:
    """A request for an object: its key, the range, and who asked (access key id)."""

    key: str
    range: str
    access_key: str


@dataclass(frozen=True)
class FakeS3:
    """``address`` is where a collector finds it; ``client`` fills it, past the proxy."""

    address: str
    client: Any
    faults: list[Fault] = field(default_factory=list[Fault])
    asked: list[Asked] = field(default_factory=list[Asked])
    lists: list[str] = field(default_factory=list[str])

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Store an object, in a bucket that is made where it is not there."""
        names = {each["Name"] for each in self.client.list_buckets()["Buckets"]}
        if bucket not in names:
            where = {"LocationConstraint": "eu-central-1"}
            self.client.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object."""
        self.client.delete_object(Bucket=bucket, Key=key)

    def asked_keys(self) -> list[str]:
        """The keys that were asked for, in order."""
        return [each.key for each in self.asked]


@contextmanager
def fake_s3() -> Generator[FakeS3]:
    """S3 on free ports of this machine, empty."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    _reset_moto(host, port)
    client = cast("Any", boto3).client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="eu-central-1",
        aws_access_key_id="filler",
        aws_secret_access_key="filler",
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    fake = FakeS3(f"http://127.0.0.1:{server.server_port}", client)
    _Proxy.served[server.server_port] = (fake, f"{host}:{port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del _Proxy.served[server.server_port]
        client.close()
        moto.stop()


def _reset_moto(host: str, port: int) -> None:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    connection.request("POST", "/moto-api/reset")
    connection.getresponse().read()
    connection.close()


class _Proxy(BaseHTTPRequestHandler):
    served: dict[int, tuple[FakeS3, str]] = {}  # noqa: RUF012 - by port: the server makes handlers
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        fake, moto = self.served[int(self.connection.getsockname()[1])]
        url = urlsplit(self.path)
        key = unquote(url.path).lstrip("/").partition("/")[2]
        if key:
            fake.asked.append(
                Asked(key, self.headers.get("Range", ""), _access_key(dict(self.headers.items())))
            )
        else:
            fake.lists.append(url.query)
        fault = _next_fault(fake, key)
        if fault is not None and fault.before is not None:
            fault.before()
        if fault is not None and fault.status:
            self._refuse(fault.status, fault.code)
            return
        self._forward(moto, fault)

    def _forward(self, moto: str, fault: Fault | None) -> None:
        connection = http.client.HTTPConnection(moto, timeout=30)
        connection.request("GET", self.path, headers=dict(self.headers.items()))
        answer = connection.getresponse()
        body = bytearray(answer.read())
        connection.close()
        if fault is not None and fault.flip is not None:
            body[fault.flip] ^= 1
        kept = {
            name: value
            for name, value in answer.getheaders()
            if name.lower() not in ("connection", "content-length", "transfer-encoding")
            and not (fault and fault.without and name.lower().startswith(fault.without))
        }
        self._send(answer.status, kept, bytes(body), fault.cut if fault else None)

    def _refuse(self, status: int, code: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>As planned.</Message></Error>"
        self._send(status, {"Content-Type": "application/xml"}, text.encode())

    def _send(
        self, status: int, headers: Mapping[str, str], body: bytes, cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.close_connection = True
            self.connection.close()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on standard error."""


def _next_fault(fake: FakeS3, key: str) -> Fault | None:
    for fault in fake.faults:
        if fault.times and key and fault.key in key:
            fault.times -= 1
            return fault
    return None


def _access_key(headers: Mapping[str, str]) -> str:
    _, _, rest = headers.get("Authorization", "").partition("Credential=")
    return rest.partition("/")[0]
