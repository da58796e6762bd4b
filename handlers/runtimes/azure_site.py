"""The last site data that a run in Azure has read, in blob storage."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from azure.core.exceptions import AzureError

from handlers.archive.blobs import BlobPlace
from handlers.runtimes.kept_site import CopyUnreachable


@dataclass(frozen=True)
class BlobCopy:
    """Copies of the site data below ``place``, which may keep what it has: each change is a blob.

    Its name begins with the time, of ``clock`` in UTC, so the last by name is the newest.
    """

    place: BlobPlace
    clock: Callable[[], datetime]

    def keep(self, file: Path) -> None:
        """See ``kept_site.Copy``; nothing is written where the newest has the same content."""
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        name = f"{self.place.prefix}{self.clock():%Y%m%dT%H%M%S}-{digest}.zip"
        try:
            newest = self._newest()
            if newest is None or not newest.endswith(f"-{digest}.zip"):
                with file.open("rb") as stream:
                    self.place.container.upload_blob(name, stream, overwrite=False)
        except AzureError as error:
            raise CopyUnreachable(_said(self.place, error)) from error

    def fetch(self, file: Path) -> None:
        """See ``kept_site.Copy``."""
        try:
            newest = self._newest()
            if newest is None:
                raise CopyUnreachable(f"{self.place.where('')}: there is no copy.")
            with file.open("wb") as stream:
                self.place.container.download_blob(newest).readinto(stream)
        except AzureError as error:
            raise CopyUnreachable(_said(self.place, error)) from error

    def _newest(self) -> str | None:
        names = self.place.container.list_blob_names(name_starts_with=self.place.prefix)
        return max(names, default=None)


def _said(place: BlobPlace, error: AzureError) -> str:
    return f"{place.where('')}: {str(error).splitlines()[0]}"
