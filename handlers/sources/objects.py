"""Where a cloud's exports lie: a folder, or a bucket or container of a cloud.

Finding bills needs little of either: the names below a place, small files whole, and parts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from handlers.errors import BillError, Place
from handlers.sources.parts import FilePart, Part
from handlers.sources.stamps import Stamp, file_checksum

MAX_SMALL_BYTES = 16 * 1024 * 1024
"""Manifests list columns and parts; the largest seen are well under a megabyte."""


class SourceUnavailable(BillError):
    """The store does not give what it holds, or holds something else now: a later run may do."""


@dataclass(frozen=True)
class Object:
    """One thing that a store holds: ``key`` is its path (POSIX) below the store's root.

    ``tag`` is what the store says of the content (ETag, MD5): another when the content is.
    """

    key: str
    size: int
    tag: str = ""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.key.rpartition("/")[2]

    @property
    def checksum(self) -> str:
        """Another text when the content is another (``stamps.Stamp``)."""
        return self.tag

    @property
    def stamp(self) -> Stamp:
        """Its name, size and checksum."""
        return Stamp(self.name, self.size, self.checksum)


@dataclass(frozen=True, kw_only=True)
class FileObject(Object):
    """A file of a folder, whose checksum is read when it is asked for."""

    path: Path

    @property
    def checksum(self) -> str:
        """See ``Object``; reads the file."""
        return file_checksum(self.path)


class Objects(Protocol):
    """A store. What it can't give raises BillError, ``SourceUnavailable`` where it may later."""

    def below(self, prefix: str) -> Iterator[Object]:
        """What lies below ``prefix`` (a key, or empty for the root), in the order of the keys."""
        ...

    def read(self, item: Object) -> bytes:
        """The whole of a small object: BillError when it is larger than ``MAX_SMALL_BYTES``."""
        ...

    def part(self, item: Object) -> Part:
        """The object as a part of a bill."""
        ...

    def where(self, key: str) -> str:
        """What messages call it: a path or an address such as ``s3://bucket/key``."""
        ...

    def key_of(self, address: str) -> str | None:
        """The key of what a manifest names by its full address in the cloud.

        None where the store can't tell, as a folder can't: it holds a copy of who knows what part
        of the cloud's tree. BillError when the address leads out of the store.
        """
        ...


class FolderObjects:
    """The files below a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def below(self, prefix: str) -> Iterator[FileObject]:
        """See ``Objects``."""
        start = self._root / prefix if prefix else self._root
        files = (path for path in start.rglob("*") if path.is_file())
        for path in sorted(files, key=lambda path: path.relative_to(self._root).as_posix()):
            yield self._object(path)

    def _object(self, path: Path) -> FileObject:
        key = path.relative_to(self._root).as_posix()
        return FileObject(key=key, size=path.stat().st_size, path=path)

    def read(self, item: Object) -> bytes:
        """See ``Objects``."""
        if item.size > MAX_SMALL_BYTES:
            raise too_large(self.where(item.key))
        return (self._root / item.key).read_bytes()

    def part(self, item: Object) -> FilePart:
        """See ``Objects``; BillError where a link leads out of the folder."""
        path = self._root / item.key
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise BillError(
                Place(str(path)),
                "This is a link that leads out of the folder.",
                "Only files below the folder itself are read: copy the file there.",
            )
        return FilePart(path)

    def where(self, key: str) -> str:
        """See ``Objects``."""
        return str(self._root / key)

    def key_of(self, address: str) -> None:
        """See ``Objects``."""


def too_large(where: str) -> BillError:
    """What to say of a manifest that is too large to be one."""
    return BillError(
        Place(where),
        f"The manifest is larger than {MAX_SMALL_BYTES // 1024 // 1024} MiB.",
        "Fetch the export again; a manifest is written last, after all its parts.",
    )
