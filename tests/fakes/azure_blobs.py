"""Azure's blob storage, as much of it as a reader of exports asks for; strict where it is.

It refuses a request without a token that holds (401, with the challenge the real one sends) or a
signature, one of no version, a read of a whole blob without a range, a condition that does not hold
(412) and a blob that is not there (404). Anything else is 501.
https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api
"""

import base64
import hashlib
import re
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from tests.fakes.azure_blobs_http import Faults, Reply, Seen, tls_server

ACCOUNT = "fakeaccount"
SIGNATURE = "c2lnbmF0dXJl"
PAGE = 3
"""Blobs of a page of a listing; few, so that listings have pages."""

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_CHALLENGE = (
    "Bearer authorization_uri=https://login.microsoftonline.com/"
    "11111111-1111-1111-1111-111111111111/oauth2/authorize resource_id=https://storage.azure.com"
)


@dataclass
class Held:
    """A blob; ``md5`` is what the store says of it, None where it says nothing."""

    content: bytes
    number: int
    md5: bytes | None = None

    @property
    def etag(self) -> str:
        return f"0x8DD{self.number:013X}"


@dataclass
class FakeBlobs:
    """Blobs by container and key; ``tokens`` are those that hold now.

    What a test's clients have ``opened`` is closed when the fake is.
    """

    url: str
    faults: Faults
    tokens: set[str] = field(default_factory=set[str])
    blobs: dict[str, dict[str, Held]] = field(default_factory=dict[str, dict[str, Held]])
    written: int = 0
    opened: ExitStack = field(default_factory=ExitStack)

    @property
    def account_url(self) -> str:
        return f"{self.url}/{ACCOUNT}"

    def put(self, container: str, key: str, content: bytes, md5: bytes | None = None) -> None:
        """Write a blob; ``md5`` replaces the true one, ``b""`` is none."""
        self.written += 1
        said = hashlib.md5(content).digest() if md5 is None else md5 or None
        self.blobs.setdefault(container, {})[key] = Held(content, self.written, said)

    def delete(self, container: str, key: str) -> None:
        del self.blobs[container][key]

    def link(self, container: str, key: str) -> str:
        """A signed address."""
        return f"{self.account_url}/{container}/{key}?sv=2026-10-06&sp=r&sig={SIGNATURE}"

    def answer(self, request: Seen) -> Reply:
        if not request.headers.get("x-ms-version"):
            return _error(400, "MissingRequiredHeader")
        if request.query.get("sig") != SIGNATURE:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if token not in self.tokens:
                return _error(401, "InvalidAuthenticationInfo", {"WWW-Authenticate": _CHALLENGE})
        _, account, container, *rest = request.path.split("/", 3)
        if account != ACCOUNT:
            return _error(400, "InvalidUri")
        if container not in self.blobs:
            return _error(404, "ContainerNotFound")
        if not rest and request.query.get("comp") == "list":
            return self._listed(container, request)
        if rest and request.method in ("GET", "HEAD"):
            return self._blob(container, rest[0], request)
        return Reply(501)

    def _listed(self, container: str, request: Seen) -> Reply:
        prefix, marker = request.query.get("prefix", ""), request.query.get("marker", "")
        keys = sorted(key for key in self.blobs[container] if key.startswith(prefix))
        left = [key for key in keys if key >= marker]
        page, following = left[:PAGE], left[PAGE : PAGE + 1]
        entries = "".join(_entry(key, self.blobs[container][key]) for key in page)
        text = (
            '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="'
            f'{self.account_url}" ContainerName="{container}"><Prefix>{escape(prefix)}</Prefix>'
            f"<Blobs>{entries}</Blobs><NextMarker>{escape(''.join(following))}</NextMarker>"
            "</EnumerationResults>"
        )
        return Reply(200, text.encode(), {"Content-Type": "application/xml"})

    def _blob(self, container: str, key: str, request: Seen) -> Reply:
        held = self.blobs[container].get(key)
        if held is None:
            return _error(404, "BlobNotFound")
        wanted = request.headers.get("if-match")
        if wanted is not None and wanted.strip('"') != held.etag:
            return _error(412, "ConditionNotMet")
        if request.method == "HEAD":
            md5 = {"Content-MD5": _text(held.md5)} if held.md5 else {}
            return Reply(200, b"", {**_headers(held), **md5, "Content-Length": _size(held)})
        match = _RANGE.fullmatch(request.headers.get("x-ms-range", ""))
        if match is None:
            return _error(400, "InvalidHeaderValue")
        begins, ends = int(match[1]), min(int(match[2]), len(held.content) - 1)
        if begins >= len(held.content):
            return _error(416, "InvalidRange")
        return Reply(
            206,
            held.content[begins : ends + 1],
            {**_headers(held), "Content-Range": f"bytes {begins}-{ends}/{len(held.content)}"},
        )


def _size(held: Held) -> str:
    return str(len(held.content))


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _headers(held: Held) -> dict[str, str]:
    return {
        "ETag": f'"{held.etag}"',
        "Last-Modified": "Fri, 20 Nov 2026 05:12:33 GMT",
        "x-ms-blob-type": "BlockBlob",
        "Content-Type": "application/octet-stream",
    }


def _entry(key: str, held: Held) -> str:
    md5 = f"<Content-MD5>{_text(held.md5)}</Content-MD5>" if held.md5 else "<Content-MD5 />"
    return (
        f"<Blob><Name>{escape(key)}</Name><Properties>"
        f"<Last-Modified>Fri, 20 Nov 2026 05:12:33 GMT</Last-Modified><Etag>{held.etag}</Etag>"
        f"<Content-Length>{len(held.content)}</Content-Length>{md5}"
        "<Content-Type>text/csv</Content-Type><BlobType>BlockBlob</BlobType>"
        "</Properties><OrMetadata /></Blob>"
    )


def _error(status: int, code: str, headers: dict[str, str] | None = None) -> Reply:
    words = f"<Code>{code}</Code><Message>{code}</Message>"
    text = f'<?xml version="1.0" encoding="utf-8"?><Error>{words}</Error>'
    kind = {"x-ms-error-code": code, "Content-Type": "application/xml"}
    return Reply(status, text.encode(), {**kind, **(headers or {})})


@contextmanager
def fake_blobs() -> Generator[FakeBlobs]:
    """An account on a free port of this machine, without containers."""
    fake = FakeBlobs("", Faults())
    with tls_server(fake.answer, fake.faults) as fake.url, fake.opened:
        yield fake
