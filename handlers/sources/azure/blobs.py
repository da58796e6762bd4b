"""A container of Azure's blob storage as a store of exports (``handlers.sources.objects``)."""

import contextlib
import io
import shutil
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from azure.core.credentials import TokenCredential
from azure.storage.blob import BlobClient, BlobProperties, ContainerClient

from handlers.errors import BillError, Place
from handlers.scopes import AzureScope
from handlers.sources.azure.ranges import WITHOUT_RETRIES, RangedReader, address, persistently
from handlers.sources.azure.throttle import Patience
from handlers.sources.objects import MAX_SMALL_BYTES, Object, too_large

DEFAULT_BUDGET = 200 * 1024 * 1024
"""Bytes that a part may take that must be held whole. A function's files lie in its memory, of
which 512 MiB are for everything."""

_PAGE = 5000
"""Blobs of a page of a listing; the service gives no more."""

_BLOCK = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Blob(Object):
    """A blob as it was listed: later reads are of this very content, or fail."""

    etag: str
    md5: bytes | None


@dataclass(frozen=True)
class BlobPart:
    """A blob as a part of a bill; parquet must be held whole, within ``budget`` bytes."""

    client: BlobClient
    blob: Blob
    patience: Patience
    budget: int = DEFAULT_BUDGET

    @property
    def name(self) -> str:
        """See ``Part``."""
        return self.blob.name

    @property
    def size(self) -> int:
        """See ``Part``."""
        return self.blob.size

    def open(self) -> io.BufferedReader:
        """See ``Part``; reading raises what ``RangedReader`` does."""
        reader = RangedReader(
            self.client, self.blob.size, self.blob.etag, self.blob.md5, self.patience
        )
        return io.BufferedReader(reader, buffer_size=_BLOCK)

    @contextlib.contextmanager
    def local(self) -> Generator[Path]:
        """See ``Part``.

        Raises:
            BillError: it is larger than the budget, or the disk is full.
        """
        if self.size > self.budget:
            raise BillError(
                Place(str(self)),
                f"The part has {self.size / 2**20:,.0f} MiB; {self.budget / 2**20:,.0f} MiB can be"
                " held at once.",
                "Let the export write smaller parts (file partitioning) or CSV with gzip, which is"
                " read as it comes, or give the job more memory.",
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
                    f"There is no room for its {self.size / 2**20:,.0f} MiB ({error.strerror}).",
                    "Give the job more memory, or let the export write smaller parts.",
                ) from None

    def __str__(self) -> str:
        return address(self.client)


class BlobObjects:
    """The blobs of ``container``; parts that must be held whole may have ``budget`` bytes."""

    def __init__(
        self, container: ContainerClient, patience: Patience, budget: int = DEFAULT_BUDGET
    ) -> None:
        self._container = container
        self._patience = patience
        self._budget = budget

    def below(self, prefix: str) -> Iterator[Blob]:
        """See ``Objects``; asks for a page when it comes to it."""
        start = prefix.rstrip("/") + "/" if prefix else None
        pages = self._container.list_blobs(name_starts_with=start, results_per_page=_PAGE).by_page()
        while True:
            page = persistently(lambda: _next(pages), self.where(prefix), self._patience)
            if page is None:
                return
            yield from map(blob_of, page)

    def read(self, item: Object) -> bytes:
        """See ``Objects``; raises as a part's reading does."""
        if item.size > MAX_SMALL_BYTES:
            raise too_large(self.where(item.key))
        with self.part(item).open() as stream:
            return stream.read()

    def part(self, item: Object) -> BlobPart:
        """See ``Objects``."""
        client = self._container.get_blob_client(item.key)
        blob = item if isinstance(item, Blob) else self._looked_up(client)
        return BlobPart(client, blob, self._patience, self._budget)

    def _looked_up(self, client: BlobClient) -> Blob:
        return blob_of(persistently(client.get_blob_properties, address(client), self._patience))

    def where(self, key: str) -> str:
        """See ``Objects``."""
        root = str(self._container.url).partition("?")[0].rstrip("/")
        return f"{root}/{key}" if key else root

    def key_of(self, address: str) -> str | None:
        """See ``Objects``: Azure's manifests name blobs by their key in the container."""
        root, given = urlsplit(self.where("")), urlsplit(address)
        if not given.scheme:
            return address.lstrip("/")
        inside = given.path.startswith(root.path + "/")
        if given.netloc != root.netloc or not inside:
            raise BillError(
                Place(self.where("")),
                f"The manifest names '{given.netloc}{given.path}', which is not in this container.",
                "Only parts in the export's own container are read; check where it is from.",
            )
        return unquote(given.path[len(root.path) + 1 :])


def _next(pages: Iterator[Iterator[BlobProperties]]) -> list[BlobProperties] | None:
    """The next page; a failed one is asked for again. None after the last."""
    page = next(pages, None)
    return None if page is None else list(page)


def blob_of(listed: BlobProperties) -> Blob:
    """A blob as Microsoft's client describes it."""
    md5 = listed.content_settings.content_md5
    etag = str(listed.etag).strip('"')
    digest = bytes(md5) if md5 else None
    return Blob(
        key=str(listed.name),
        size=int(listed.size),
        # Content that is written anew has another ETag, and may be the same.
        tag=digest.hex() if digest else etag,
        etag=f'"{etag}"',
        md5=digest,
    )


def container_of(
    scope: AzureScope, credential: TokenCredential | dict[str, str]
) -> ContainerClient:
    """The container of ``scope``, without retries of its own: those know of no deadline."""
    return ContainerClient(
        scope.account_url, scope.container, credential=credential, **WITHOUT_RETRIES
    )
