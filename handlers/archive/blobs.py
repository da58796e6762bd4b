"""An archive in Azure's blob storage, which nothing that a collector may do can change or delete.

As ``handlers.archive.bucket``: every blob is created under a name that says its content, and one
that is there already is compared, never written again. A container with a time-based retention
policy allows just that:
https://learn.microsoft.com/azure/storage/blobs/immutable-time-based-retention-policy-overview
"""

import re
from dataclasses import dataclass
from pathlib import Path

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from handlers.archive.room import ROOM_BYTES, Room
from handlers.archive.store import REMEDY, ArchiveError
from handlers.errors import BillError, Place, UsageError

_PLACE = re.compile(
    r"(https://[a-z0-9]{3,24}\.blob\.core\.windows\.net)/([a-z0-9][a-z0-9-]{1,61}[a-z0-9])"
    r"(/[A-Za-z0-9_./-]{0,200})?",
    re.ASCII,
)


@dataclass(frozen=True)
class BlobPlace:
    """What lies below ``prefix`` in a container; ``prefix`` is empty or ends with a slash."""

    container: ContainerClient
    prefix: str

    @classmethod
    def parse(cls, place: str, credential: TokenCredential) -> "BlobPlace":
        """The place that ``place`` writes as an address.

        Raises:
            UsageError: it is no such address.
        """
        found = _PLACE.fullmatch(place)
        if found is None:
            raise UsageError(
                f"'{place}' is no place in blob storage: write it as"
                " https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX."
            )
        prefix = (found[3] or "").strip("/")
        return cls(
            ContainerClient(found[1], found[2], credential=credential),
            f"{prefix}/" if prefix else "",
        )

    def below(self, name: str) -> "BlobPlace":
        """The place of that name below this one."""
        return BlobPlace(self.container, f"{self.prefix}{name}/")

    def where(self, name: str) -> str:
        """A blob's full address, for messages."""
        return f"{self.container.url}/{self.prefix}{name}"


class BlobArchive:
    """The blobs below ``place``, with ``folder`` for what is on its way."""

    def __init__(self, place: BlobPlace, folder: Path, room_bytes: int = ROOM_BYTES) -> None:
        self._place = place
        self._folder = folder
        self._fetched = Room(room_bytes)

    @property
    def folder(self) -> Path:
        """Where files are before they are kept and after they were fetched."""
        return self._folder

    def keep(self, file: Path, name: str) -> None:
        """See ``Archive``; the file is gone afterwards."""
        blob = self._place.container.get_blob_client(f"{self._place.prefix}{name}")
        try:
            with file.open("rb") as stream:
                blob.upload_blob(stream, overwrite=False)
        except ResourceExistsError:
            self._refuse_other(file, name)
        except AzureError as error:
            raise self._error(name, error, "Nothing was changed: try again.") from error
        file.unlink()

    def fetch(self, name: str) -> Path:
        """See ``Archive``."""
        path = self._folder / name
        if path in self._fetched:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("wb") as stream:
                self._place.container.download_blob(f"{self._place.prefix}{name}").readinto(stream)
        except ResourceNotFoundError:
            path.unlink()
            place = Place(self._place.where(name))
            raise BillError(place, "The archive file is not there.", REMEDY) from None
        except AzureError as error:
            path.unlink()
            raise self._error(name, error, "Try again.") from error
        self._fetched.add(path)
        return path

    def _refuse_other(self, file: Path, name: str) -> None:
        """That what is there is what was to be kept: a run before, or an answer that was lost."""
        blob = self._place.container.get_blob_client(f"{self._place.prefix}{name}")
        try:
            size = blob.get_blob_properties().size
        except AzureError as error:
            raise self._error(name, error, "Nothing was changed: try again.") from error
        if size != file.stat().st_size:
            raise ArchiveError(
                f"{self._place.where(name)} has {size} bytes that are not those of its name."
                " Nothing was changed: find out who wrote it, and restore or move it."
            )

    def _error(self, name: str, error: Exception, remedy: str) -> ArchiveError:
        said = str(error).splitlines()[0]
        return ArchiveError(f"{self._place.where(name)}: Azure does not do it ({said}). {remedy}")
