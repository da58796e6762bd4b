"""A bucket of Google Cloud Storage: the few things that the archive and the site data need of it.

Requests are retried by Google's client, which knows which are safe to repeat: all of those here
name the generation they are about (https://docs.cloud.google.com/storage/docs/retry-strategy).
Content is checked by CRC32C on the way up and down. What fails for good is a ``BucketError``.
"""

import base64
import contextlib
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c
from google.api_core.exceptions import (
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    RetryError,
)
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Blob, Client
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY
from requests import Response, Session
from requests.exceptions import RequestException

from handlers.errors import CostError, UsageError

TIMEOUT_SECONDS = 60.0
PATIENCE_SECONDS = 90.0
"""How long a request is tried again, while the store says that it can't for now."""

_ADDRESS = re.compile(r"gs://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:/(.*))?", re.ASCII)
_BLOCK = 1024 * 1024

ABSENT = 0
"""The generation of an object that is not there."""


class BucketError(CostError):
    """The store refused or could not be reached."""


class ObjectMissing(BucketError):
    """There is no such object, or no longer that generation of it."""


class ObjectChanged(BucketError):
    """The object is there, or is of another generation than the request was for."""


@dataclass(frozen=True)
class Address:
    """``gs://bucket/prefix``; ``prefix`` ends in a slash where it is not empty."""

    bucket: str
    prefix: str

    @classmethod
    def parse(cls, text: str) -> "Address":
        """The address that ``text`` writes.

        Raises:
            UsageError: it is not one.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None:
            raise UsageError(f"'{text}' is no bucket: write gs://BUCKET or gs://BUCKET/PREFIX.")
        prefix = (match[2] or "").strip("/")
        return cls(match[1], f"{prefix}/" if prefix else "")

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.prefix}"


@dataclass(frozen=True)
class Stored:
    """An object as it is now; ``name`` is below the bucket's prefix, ``size`` in bytes."""

    name: str
    generation: int
    size: int
    crc32c: str


class Bucket:
    """What lies below an address."""

    def __init__(
        self, client: Client, address: Address, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        untyped: Any = client
        # Else each client asks, in a thread that outlives it, what bucket this is: a right that
        # nobody here has (https://github.com/googleapis/google-cloud-python/issues/17650).
        untyped._bucket_metadata_cache = None  # noqa: SLF001 - no other way for one client
        _read_refusals(untyped._http)  # noqa: SLF001 - the client's only way to its session
        self._bucket: Any = untyped.bucket(address.bucket)
        self._retry: Any = DEFAULT_RETRY.with_timeout(patience_seconds)
        self.address = address

    def where(self, name: str) -> str:
        """The object's full address, for messages."""
        return f"{self.address}{name}"

    def objects(self) -> Sequence[Stored]:
        """Everything below the prefix, in the order of the names.

        Raises:
            BucketError: it can't be listed.
        """
        with self._said(""):
            blobs = self._bucket.list_blobs(
                prefix=self.address.prefix, timeout=TIMEOUT_SECONDS, retry=self._retry
            )
            return [self._stored(blob) for blob in blobs]

    def stored(self, name: str) -> Stored:
        """The object as it is now.

        Raises:
            ObjectMissing: it is not there.
            BucketError: it can't be asked for.
        """
        blob: Any = self._blob(name)
        with self._said(name):
            blob.reload(timeout=TIMEOUT_SECONDS, retry=self._retry)
        return self._stored(blob)

    def upload(self, file: Path, name: str, generation: int) -> None:
        """Write ``file`` over that generation of the object; ``ABSENT`` to create it.

        Raises:
            ObjectChanged: the object is of another generation; nothing was written.
            BucketError: it can't be written.
        """
        blob: Any = self._blob(name)
        with self._said(name):
            blob.upload_from_filename(
                str(file),
                if_generation_match=generation,
                checksum="crc32c",
                timeout=TIMEOUT_SECONDS,
                retry=self._retry,
            )

    def download(self, name: str, file: Path, generation: int | None = None) -> None:
        """Fetch the object, or that generation of it, into ``file``.

        Raises:
            ObjectMissing: it is not there.
            BucketError: it can't be read, or arrives with another checksum.
        """
        blob: Any = self._blob(name, generation)
        with self._said(name):
            blob.download_to_filename(
                str(file), checksum="crc32c", timeout=TIMEOUT_SECONDS, retry=self._retry
            )

    def _blob(self, name: str, generation: int | None = None) -> Blob:
        return self._bucket.blob(f"{self.address.prefix}{name}", generation=generation)

    def _stored(self, blob: Blob) -> Stored:
        said: Any = blob
        name = str(said.name).removeprefix(self.address.prefix)
        return Stored(name, int(said.generation), int(said.size), str(said.crc32c))

    @contextlib.contextmanager
    def _said(self, name: str) -> Generator[None]:
        """Says of Google's errors where they came from and what a caller can do about them."""
        where = self.where(name)
        try:
            yield
        except NotFound:
            raise ObjectMissing(f"{where}: there is no such object or bucket.") from None
        except PreconditionFailed:
            raise ObjectChanged(f"{where}: there is another version of it.") from None
        except GoogleAPICallError as error:
            raise BucketError(f"{where}: the store answers {_short(error)}.") from error
        except (RetryError, RequestException, GoogleAuthError, OSError) as error:
            raise BucketError(f"{where}: the store can't be reached ({_short(error)}).") from error
        except (DataCorruption, InvalidResponse) as error:
            raise BucketError(f"{where}: the transfer failed ({_short(error)}).") from error


def _read_refusals(session: Session) -> None:
    """Has the session read what a refusal says at once, so that its connection can be used again.

    Google's client streams a download and, before it asks again, drops a refused answer unread:
    its connection would stay open for as long as the answer is not collected as garbage
    (``google.cloud.storage._media.requests.download``, version 3).
    """
    hooks = session.hooks["response"]
    if _read_refusal not in hooks:
        hooks.append(_read_refusal)


def _read_refusal(response: Response, *_arguments: object, **_options: object) -> None:
    if not response.ok:
        _ = response.content


def file_crc32c(file: Path) -> str:
    """The checksum of a file's content as Cloud Storage writes it: base64 of big-endian bytes."""
    checksum: Any = google_crc32c.Checksum()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            checksum.update(block)
    return base64.b64encode(checksum.digest()).decode("ascii")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
