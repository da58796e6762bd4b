"""An archive in a bucket, which nothing that a collector may do can change or delete.

The bucket keeps what it has for years (its retention policy), and a collector may only add to it:
so every object is created under a name that says its content, and one that is there already is
compared, never written again.
"""

from pathlib import Path

from handlers.archive.room import ROOM_BYTES, Room
from handlers.archive.store import REMEDY, ArchiveError
from handlers.buckets import (
    ABSENT,
    Bucket,
    BucketError,
    ObjectChanged,
    ObjectMissing,
    file_crc32c,
)
from handlers.errors import BillError, Place


class BucketArchive:
    """The objects below a bucket's prefix, with ``folder`` for what is on its way.

    ``folder`` is this archive's own. Fetched files stay in it until those fetched after them need
    the room.
    """

    def __init__(self, bucket: Bucket, folder: Path, room_bytes: int = ROOM_BYTES) -> None:
        self._bucket = bucket
        self._folder = folder
        self._fetched = Room(room_bytes)

    @property
    def folder(self) -> Path:
        """Where files are before they are kept and after they were fetched."""
        return self._folder

    def keep(self, file: Path, name: str) -> None:
        """See ``Archive``; the file is gone afterwards."""
        try:
            self._bucket.upload(file, name, ABSENT)
        except ObjectChanged:
            self._refuse_other(file, name)
        except BucketError as error:
            raise ArchiveError(f"{error} Nothing was changed: try again.") from error
        file.unlink()

    def _refuse_other(self, file: Path, name: str) -> None:
        """That what is there is what was to be kept: a run before, or an answer that was lost."""
        try:
            there = self._bucket.stored(name)
        except BucketError as error:
            raise ArchiveError(f"{error} Nothing was changed: try again.") from error
        if there.crc32c != file_crc32c(file) or there.size != file.stat().st_size:
            raise ArchiveError(
                f"{self._bucket.where(name)} has {there.size} bytes that are not those of its name."
                " Nothing was changed: find out who wrote it, and restore or move it."
            )

    def fetch(self, name: str) -> Path:
        """See ``Archive``."""
        path = self._folder / name
        if path in self._fetched:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._bucket.download(name, path)
        except ObjectMissing:
            place = Place(self._bucket.where(name))
            raise BillError(place, "The archive file is not there.", REMEDY) from None
        except BucketError as error:
            raise ArchiveError(f"{error} Try again.") from error
        self._fetched.add(path)
        return path
