"""Google Cloud Storage's JSON API, as much of it as Google's own client asks for here.

Strict where the real one is: generations and preconditions (412), objects that are not there
(404), checksums that do not fit (400), a bucket whose objects may not be overwritten or deleted
(403, as a retention policy answers). Any other request is 501, so that a test can't pass on an
answer that nobody gave. https://docs.cloud.google.com/storage/docs/json_api/v1
"""

import base64
import email
import email.policy
import json
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

PAGE = 3
"""Objects of one page of a listing; few, so that listings have pages."""


@dataclass
class Held:
    """One generation of an object."""

    content: bytes
    generation: int

    def crc32c(self) -> str:
        return base64.b64encode(google_crc32c.Checksum(self.content).digest()).decode()


@dataclass
class FakeStorage:
    """Buckets by name; ``faults`` are statuses that the next requests get instead of an answer."""

    url: str
    buckets: dict[str, dict[str, list[Held]]] = field(default_factory=dict[str, Any])
    retained: set[str] = field(default_factory=set[str])
    faults: list[int] = field(default_factory=list[int])
    lost_answers: int = 0
    """Uploads that are carried out and answered 503."""
    corrupt: bool = False
    """Whether content is changed on its way down."""
    requests: list[str] = field(default_factory=list[str])
    connections: set[int] = field(default_factory=set[int])
    """The client's port of each connection that was used."""
    sessions: dict[str, "Upload"] = field(default_factory=dict[str, Any])
    after_listing: Sequence[tuple[str, str, bytes]] = ()
    """What somebody writes just after the next listing: bucket, name, content."""
    clients: list[Any] = field(default_factory=list[Any])
    clock: int = 1_700_000_000_000_000

    def client(self) -> storage.Client:
        """A client of Google's; closed when the store is."""
        client = storage.Client(
            project="hub-project",
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": self.url},
        )
        self.clients.append(client)
        return client

    def put(self, bucket: str, name: str, content: bytes) -> int:
        self.clock += 1
        held = Held(content, self.clock)
        self.buckets.setdefault(bucket, {}).setdefault(name, []).append(held)
        return held.generation

    def content(self, bucket: str, name: str) -> bytes:
        return self.buckets[bucket][name][-1].content

    def names(self, bucket: str) -> list[str]:
        return sorted(self.buckets.get(bucket, {}))


@dataclass
class Upload:
    """A resumable upload that is under way."""

    bucket: str
    name: str
    query: dict[str, str]
    metadata: dict[str, Any]
    content: bytes = b""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def _json(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), tuple(headers.items()))


def _error(status: int, reason: str) -> Answer:
    return _json({"error": {"code": status, "message": reason}}, status)


@contextmanager
def fake_storage(*buckets: str) -> Generator[FakeStorage]:
    """A store with these buckets, empty, on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    fake = FakeStorage(f"http://127.0.0.1:{server.server_port}")
    for bucket in buckets:
        fake.buckets[bucket] = {}
    _Handler.served[server.server_port] = fake
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        for client in fake.clients:
            client.close()
        server.shutdown()
        thread.join()
        server.server_close()
        del _Handler.served[server.server_port]


class _Handler(BaseHTTPRequestHandler):
    served: dict[int, FakeStorage] = {}  # noqa: RUF012 - by port: the server makes a handler itself
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def _handle(self) -> None:
        fake = self.served[int(self.connection.getsockname()[1])]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        fake.requests.append(f"{self.command} {url.path}")
        fake.connections.add(int(self.client_address[1]))
        if fake.faults:
            answer = _error(fake.faults.pop(0), "as the test says")
        else:
            answer = self._answer(fake, url.path, query, body)
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def _answer(self, fake: FakeStorage, path: str, query: dict[str, str], body: bytes) -> Answer:
        words = [unquote(word) for word in path.strip("/").split("/")]
        match (self.command, words):
            case ("GET", ["storage", "v1", "b", bucket, "o"]):
                return _listing(fake, bucket, query)
            case ("GET", ["storage" | "download", *_, "b", bucket, "o", name]):
                return _read(fake, bucket, name, query)
            case ("POST", ["upload", "storage", "v1", "b", bucket, "o"]):
                if query.get("uploadType") == "multipart":
                    return _multipart(fake, bucket, query, self.headers["Content-Type"], body)
                if query.get("uploadType") == "resumable":
                    return _start(fake, bucket, query, json.loads(body or b"{}"))
            case ("PUT", ["upload", "session", session]):
                return _continue(fake, session, self.headers["Content-Range"], body)
            case _:
                pass
        return _error(501, f"the fake does not know {self.command} {path}?{query}")

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on standard error."""


def _metadata(bucket: str, name: str, held: Held) -> dict[str, str]:
    return {
        "kind": "storage#object",
        "name": name,
        "bucket": bucket,
        "generation": str(held.generation),
        "metageneration": "1",
        "size": str(len(held.content)),
        "crc32c": held.crc32c(),
        "md5Hash": base64.b64encode(md5(held.content).digest()).decode(),
    }


def _listing(fake: FakeStorage, bucket: str, query: dict[str, str]) -> Answer:
    if bucket not in fake.buckets:
        return _error(404, "The specified bucket does not exist.")
    names = [name for name in fake.names(bucket) if name.startswith(query.get("prefix", ""))]
    start = int(query.get("pageToken") or 0)
    page = names[start : start + PAGE]
    items = [_metadata(bucket, name, fake.buckets[bucket][name][-1]) for name in page]
    found: dict[str, object] = {"kind": "storage#objects", "items": items}
    if start + PAGE < len(names):
        found["nextPageToken"] = str(start + PAGE)
    else:
        written, fake.after_listing = fake.after_listing, ()
        for change in written:
            fake.put(*change)
    return _json(found)


def _read(fake: FakeStorage, bucket: str, name: str, query: dict[str, str]) -> Answer:
    generations = fake.buckets.get(bucket, {}).get(name, [])
    wanted = query.get("generation")
    found = [held for held in generations if wanted in (None, str(held.generation))]
    if not found:
        return _error(404, f"No such object: {bucket}/{name}")
    held = found[-1]
    if query.get("alt") != "media":
        return _json(_metadata(bucket, name, held))
    sent = held.content[:-1] + b"?" if fake.corrupt else held.content
    return Answer(
        200,
        sent,
        (
            ("Content-Type", "application/octet-stream"),
            ("X-Goog-Hash", f"crc32c={held.crc32c()}"),
            ("X-Goog-Generation", str(held.generation)),
        ),
    )


def _multipart(
    fake: FakeStorage, bucket: str, query: dict[str, str], content_type: str, body: bytes
) -> Answer:
    message = email.message_from_bytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=email.policy.HTTP
    )
    said, _ = message.iter_parts()
    metadata = json.loads(said.get_content())
    boundary = str(message.get_boundary()).encode()
    # The content itself is taken byte by byte: a mail parser would mend its line ends.
    content = body.split(b"--" + boundary)[2].split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
    return _create(fake, bucket, str(metadata["name"]), query, metadata, content)


def _start(
    fake: FakeStorage, bucket: str, query: dict[str, str], metadata: dict[str, Any]
) -> Answer:
    session = str(len(fake.sessions))
    fake.sessions[session] = Upload(bucket, str(metadata["name"]), query, metadata)
    return Answer(200, b"", (("Location", f"{fake.url}/upload/session/{session}"),))


def _continue(fake: FakeStorage, session: str, span: str, body: bytes) -> Answer:
    upload = fake.sessions[session]
    where, _, total = span.removeprefix("bytes ").partition("/")
    if where != "*":
        first = int(where.partition("-")[0])
        if first > len(upload.content):
            return _error(503, "a block is missing")
        upload.content = upload.content[:first] + body
    if total == "*" or len(upload.content) < int(total):
        return Answer(308, b"", (("Range", f"bytes=0-{len(upload.content) - 1}"),))
    return _create(fake, upload.bucket, upload.name, upload.query, upload.metadata, upload.content)


def _create(
    fake: FakeStorage,
    bucket: str,
    name: str,
    query: dict[str, str],
    metadata: dict[str, Any],
    content: bytes,
) -> Answer:
    if bucket not in fake.buckets:
        return _error(404, "The specified bucket does not exist.")
    there = fake.buckets[bucket].get(name)
    if "ifGenerationMatch" in query:
        if int(query["ifGenerationMatch"]) != (there[-1].generation if there else 0):
            return _error(412, "At least one of the pre-conditions you specified did not hold.")
    elif there and bucket in fake.retained:
        return _error(403, "Object is subject to bucket's retention policy.")
    checked = Held(content, 0).crc32c()
    if metadata.get("crc32c", checked) != checked:
        return _error(400, "Provided CRC32C does not match calculated CRC32C.")
    fake.put(bucket, name, content)
    if fake.lost_answers:
        fake.lost_answers -= 1
        return _error(503, "as the test says, after the work was done")
    return _json(_metadata(bucket, name, fake.buckets[bucket][name][-1]))
