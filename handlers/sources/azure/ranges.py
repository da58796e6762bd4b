"""A blob as a stream that is read range by range, all of one and the same content.

Every range is asked for with the blob's ETag, so that a blob that is replaced meanwhile ends the
read, and a connection that breaks costs one range: it is asked for again where it broke off.
"""

import hashlib
import io
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobClient

from handlers.errors import Place
from handlers.sources.azure.faults import (
    BlobChanged,
    BlobDamaged,
    BlobUnreachable,
    BlobVanished,
    OutOfTime,
)
from handlers.sources.azure.throttle import MOST_ATTEMPTS, Patience, asked_wait, usual_wait
from handlers.sources.objects import SourceUnavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FIRST_RANGE = 256 * 1024
"""Bytes of the first range: a header and a first line need no more."""

LONGEST_RANGE = 4 * 1024 * 1024
"""Bytes of a range at most; the service gives checksums for no longer ones."""

WITHOUT_RETRIES: Mapping[str, Any] = {
    "retry_total": 0,
    "retry_connect": 0,
    "retry_read": 0,
    "retry_status": 0,
    "max_single_get_size": LONGEST_RANGE,
    "max_chunk_get_size": LONGEST_RANGE,
    "connection_timeout": 15,
    "read_timeout": 60,
}
"""Options of Microsoft's blob clients: their own retries know of no deadline."""

_LATER = "Nothing was changed; the next run looks again."
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_ROLE = (
    "Grant the collector's identity 'Storage Blob Data Reader' on the container, and let the"
    " storage account's firewall admit it."
)

T = TypeVar("T")


def persistently(ask: Callable[[], T], where: str, patience: Patience) -> T:
    """What ``ask`` gives, asked again while the storage account can't answer for now.

    Raises:
        BlobVanished, BlobChanged, BlobUnreachable: what Azure says of the blob at ``where``.
    """
    attempt = 1
    while True:
        try:
            return ask()
        except AzureError as error:
            if attempt == MOST_ATTEMPTS or not _is_passing(error):
                raise fault(error, where) from None
            _pause(error, attempt, where, patience)
            attempt += 1


def _is_passing(error: AzureError) -> bool:
    if isinstance(error, (ClientAuthenticationError, ResourceNotFoundError, ResourceModifiedError)):
        return False
    return _status(error) is None or _status(error) in _PASSING


def _status(error: AzureError) -> int | None:
    """The status of the answer; None where there was none, or it broke off."""
    if isinstance(error, HttpResponseError) and error.response is not None:
        return error.status_code
    return None


def _pause(error: AzureError, attempt: int, where: str, patience: Patience) -> None:
    response = error.response if isinstance(error, HttpResponseError) else None
    headers = cast("Mapping[str, str]", getattr(response, "headers", {}))
    wait = asked_wait(headers, patience.clock())
    status = _status(error)
    reason = f"The storage account {'broke off' if status is None else f'answered {status}'}"
    try:
        patience.wait(usual_wait(attempt) if wait is None else wait, reason)
    except OutOfTime as late:
        raise BlobUnreachable(Place(where), str(late), "") from None


def fault(error: AzureError, where: str) -> SourceUnavailable:
    """What to say of ``error``; never its own text, which may hold a signed address."""
    status = _status(error)
    if isinstance(error, ResourceNotFoundError) or status == 404:
        return BlobVanished(Place(where), "The blob is not there any more.", _LATER)
    if isinstance(error, ResourceModifiedError) or status == 412:
        return BlobChanged(
            Place(where), "The blob was replaced or deleted while it was read.", _LATER
        )
    if status in (401, 403):
        code = getattr(error, "error_code", None) or "no reason"
        return BlobUnreachable(Place(where), f"Azure answered {status} ({code}).", _ROLE)
    if isinstance(error, ClientAuthenticationError):
        return BlobUnreachable(
            Place(where),
            f"There is no token for Azure: {str(error).partition(chr(10))[0][:300]}",
            "Check the identity and its federated credential.",
        )
    said = type(error).__name__ if status is None else f"status {status}"
    return BlobUnreachable(Place(where), f"The storage account does not answer ({said}).", _LATER)


class RangedReader(io.RawIOBase):
    """The bytes of a blob as stored, from the start.

    ``md5`` is what the store says of the whole; it is checked when the end was reached.

    Reading raises BlobVanished, BlobChanged, BlobUnreachable, BlobDamaged.
    """

    def __init__(
        self, blob: BlobClient, size: int, etag: str, md5: bytes | None, patience: Patience
    ) -> None:
        super().__init__()
        self._blob = blob
        self._size = size
        self._etag = etag
        self._md5 = md5
        self._patience = patience
        self._digest = hashlib.md5(usedforsecurity=False)
        self._offset = 0
        self._range = b""
        self._read = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill ``buffer`` with what is at hand of a range; 0 at the end of the blob."""
        if self._read == len(self._range):
            self._next_range()
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._range) - self._read)
        target[:count] = self._range[self._read : self._read + count]
        self._read += count
        return count

    def _next_range(self) -> None:
        self._range, self._read = b"", 0
        left = self._size - self._offset
        if left == 0:
            self._check()
            return
        length = min(left, FIRST_RANGE if self._offset == 0 else LONGEST_RANGE)
        content = persistently(
            lambda: self._fetch(self._offset, length), address(self._blob), self._patience
        )
        if len(content) != length:
            raise BlobDamaged(
                Place(address(self._blob)),
                f"Of {length} bytes from byte {self._offset} on, {len(content)} arrived.",
                _LATER,
            )
        self._digest.update(content)
        self._offset += length
        self._range = content

    def _fetch(self, offset: int, length: int) -> bytes:
        # As stored: a blob with a Content-Encoding would be inflated on the way otherwise.
        return self._blob.download_blob(
            offset,
            length,
            etag=self._etag,
            match_condition=MatchConditions.IfNotModified,
            max_concurrency=1,
            decompress=False,
        ).readall()

    def _check(self) -> None:
        if self._md5 is not None and self._digest.digest() != self._md5:
            raise BlobDamaged(
                Place(address(self._blob)),
                f"Its MD5 is {self._digest.hexdigest()}, the storage account says"
                f" {self._md5.hex()}.",
                "Nothing was changed. If the next run says the same, let the export run again.",
            )


def address(blob: BlobClient) -> str:
    """The blob's address, without a signature."""
    return str(blob.url).partition("?")[0]
