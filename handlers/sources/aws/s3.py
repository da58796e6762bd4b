"""A bucket of Amazon S3 as a store of exports (``handlers.sources.objects``).

What was listed is what is read: every request names the ETag (If-Match), so that an object that
was replaced meanwhile is refused instead of mixed with what it was.
"""

import contextlib
import io
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

from handlers.errors import BillError, Place
from handlers.sources.aws.faults import EXPIRED, LATER, altered, code_of, fault_of
from handlers.sources.aws.integrity import Integrity
from handlers.sources.objects import MAX_SMALL_BYTES, Object, SourceUnavailable, too_large

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

DEFAULT_BUDGET = 200 * 1024 * 1024
"""Bytes that a part may take that must be held whole. A function's files lie in its memory, of
which 512 MiB are for everything."""

RESUMES = 6
"""How often one object's stream is taken up again after its connection broke."""

_BLOCK = 1024 * 1024
_SCHEME = "s3://"

T = TypeVar("T")


class Body(Protocol):
    """What a GET gives to be read (botocore's StreamingBody)."""

    def read(self, amt: int | None = None) -> bytes:
        """At most ``amt`` bytes; none at the end."""
        ...

    def close(self) -> None:
        """Drop the connection."""
        ...


class S3Client(Protocol):
    """The two requests that are made of S3."""

    def get_object(self, **request: object) -> Mapping[str, Any]:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html."""
        ...

    def list_objects_v2(self, **request: object) -> Mapping[str, Any]:
        """https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html."""
        ...


class Connection:
    """A client, and another one in its place when its credentials have ended."""

    def __init__(
        self, connect: Callable[[], S3Client], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._connect = connect
        self._client = connect()
        self.sleep = sleep

    def ask(self, where: str, request: Callable[[S3Client], T]) -> T:
        """What ``request`` answers.

        Raises:
            BillError: S3 refused or could not be reached, after botocore's own retries.
        """
        try:
            return request(self._client)
        except (BotoCoreError, ClientError) as error:
            if not (isinstance(error, ClientError) and code_of(error) in EXPIRED):
                raise fault_of(where, error) from None
        self._client = self._connect()
        try:
            return request(self._client)
        except (BotoCoreError, ClientError) as error:
            raise fault_of(where, error) from None


class _Stream(io.RawIOBase):
    """The bytes of one object, whatever becomes of the connection.

    Reading raises BillError where the object can't be read to its end.
    """

    def __init__(self, part: "S3Part") -> None:
        super().__init__()
        self._part = part
        self._position = 0
        self._resumed = 0
        self._body: Body | None = None
        first = part.get(0)
        self._body = first["Body"]
        self._integrity = Integrity(first)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """The next bytes; none at the object's end."""
        target = memoryview(buffer).cast("B")
        while self._position < self._part.size:
            try:
                body = self._body = self._body or self._part.get(self._position)["Body"]
                block = body.read(len(target))
                if block:
                    self._integrity.take(block)
                    target[: len(block)] = block
                    self._position += len(block)
                    return len(block)
                self._take_up_again("the connection ended early")
            except FlexibleChecksumError as error:
                raise fault_of(str(self._part), error) from None
            except (BotoCoreError, OSError) as error:
                self._take_up_again(type(error).__name__)
        self._verify_end()
        if not self._integrity.holds:
            raise altered(str(self._part))
        return 0

    def _take_up_again(self, why: str) -> None:
        self._drop()
        self._resumed += 1
        if self._resumed > RESUMES:
            raise self._part.broken(f"The connection broke {self._resumed} times ({why}).")
        self._part.connection.sleep(min(0.1 * 2**self._resumed, 5.0))

    def _verify_end(self) -> None:
        """Let botocore compare the checksum, as it does when it meets the end of a whole object."""
        if self._body is None:
            return
        try:
            more = self._body.read(1)
        except FlexibleChecksumError as error:
            raise fault_of(str(self._part), error) from None
        except (BotoCoreError, OSError):
            more = b""
        self._drop()
        if more:
            raise self._part.broken("It is longer than it was listed.")

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        """Drop the connection."""
        self._drop()
        super().close()


@dataclass(frozen=True)
class S3Part:
    """An object as a part of a bill; parquet must be held whole, within ``budget`` bytes."""

    connection: Connection
    bucket: str
    key: str
    item: Object
    budget: int = DEFAULT_BUDGET

    @property
    def name(self) -> str:
        """See ``Part``."""
        return self.item.name

    @property
    def size(self) -> int:
        """See ``Part``."""
        return self.item.size

    def get(self, start: int) -> Mapping[str, Any]:
        """What S3 answers with the bytes from ``start`` on; BillError when it is not as it was."""
        wanted = {"Range": f"bytes={start}-"} if start else {"ChecksumMode": "ENABLED"}
        return self.connection.ask(
            str(self),
            lambda client: client.get_object(
                Bucket=self.bucket, Key=self.key, IfMatch=self.item.tag, **wanted
            ),
        )

    def open(self) -> io.BufferedReader:
        """See ``Part``; a connection that breaks is taken up where it was."""
        return io.BufferedReader(_Stream(self), buffer_size=_BLOCK)

    @contextlib.contextmanager
    def local(self) -> Generator[Path]:
        """See ``Part``.

        Raises:
            BillError: it is larger than the budget, or there is no room for it.
        """
        if self.size > self.budget:
            raise BillError(
                Place(str(self)),
                f"The part has {_mebibytes(self.size)} MiB; {_mebibytes(self.budget)} MiB can be"
                " held at once.",
                "Give the job more memory, or let the export write CSV with gzip, which is read as"
                " it comes. Nothing was changed.",
            )
        with tempfile.TemporaryDirectory(prefix="bill-") as folder:
            path = Path(folder) / f"part{Path(self.name).suffix}"
            self._fetch(path)
            yield path

    def _fetch(self, path: Path) -> None:
        with self.open() as stream:
            try:
                with path.open("wb") as file:
                    shutil.copyfileobj(stream, file, _BLOCK)
            except OSError as error:
                raise BillError(
                    Place(str(self)),
                    f"There is no room here for its {_mebibytes(self.size)} MiB"
                    f" ({error.strerror}).",
                    "Give the job more memory, or let the export write CSV with gzip, which is read"
                    " as it comes. Nothing was changed.",
                ) from None

    def broken(self, found: str) -> SourceUnavailable:
        """What to say when it can't be read to its end."""
        return SourceUnavailable(Place(str(self)), found, LATER)

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}"


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.0f}"


class S3Objects:
    """What lies below ``prefix`` in ``bucket``; ``budget`` is that of parts held whole."""

    def __init__(
        self, connection: Connection, bucket: str, prefix: str = "", budget: int = DEFAULT_BUDGET
    ) -> None:
        self._connection = connection
        self._bucket = bucket
        self._root = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._budget = budget

    def below(self, prefix: str) -> Iterator[Object]:
        """See ``Objects``."""
        start = self._root + (f"{prefix.strip('/')}/" if prefix else "")
        more: dict[str, str] = {}
        while True:
            page = self._connection.ask(
                self.where(prefix),
                lambda client, more=more: client.list_objects_v2(
                    Bucket=self._bucket, Prefix=start, **more
                ),
            )
            for listed in page.get("Contents", ()):
                key = str(listed["Key"]).removeprefix(self._root)
                if key and not key.endswith("/"):
                    yield Object(key, int(listed["Size"]), str(listed["ETag"]))
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": str(page["NextContinuationToken"])}

    def read(self, item: Object) -> bytes:
        """See ``Objects``."""
        if item.size > MAX_SMALL_BYTES:
            raise too_large(self.where(item.key))
        with self.part(item).open() as stream:
            return stream.read()

    def part(self, item: Object) -> S3Part:
        """See ``Objects``."""
        return S3Part(self._connection, self._bucket, self._root + item.key, item, self._budget)

    def where(self, key: str) -> str:
        """See ``Objects``."""
        return f"{_SCHEME}{self._bucket}/{self._root}{key}"

    def key_of(self, address: str) -> str:
        """See ``Objects``: manifests name objects by their URI, or by their key in the bucket."""
        bucket, key = self._bucket, address
        if address.startswith(_SCHEME):
            bucket, _, key = address.removeprefix(_SCHEME).partition("/")
        if bucket != self._bucket or not key.startswith(self._root):
            raise BillError(
                Place(self.where("")),
                f"A manifest there names '{address}', which leads out of it.",
                "Only parts of the scope's own bucket, below its prefix, are read: check where the"
                " manifest is from.",
            )
        return key.removeprefix(self._root)
