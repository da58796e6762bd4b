"""Where shared rows are written: a folder of this machine, or a bucket.

Each customer has a folder below it whose name is the customer's key: 16 hexadecimal digits, so that
no name of a customer, whatever it holds, is ever part of a path.
"""

import importlib
from collections.abc import Collection, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from handlers.alerts.hub import key_of
from handlers.errors import UsageError

if TYPE_CHECKING:
    from handlers.buckets import Bucket, Stored


class Target(Protocol):
    """One customer's folder."""

    def names(self) -> Collection[str]:
        """The files that are there.

        Raises:
            CostError: they can't be listed.
        """
        ...

    def put(self, file: Path, name: str) -> bool:
        """Write ``file`` as ``name`` unless it is there like that; whether it was written.

        Raises:
            CostError: it can't be written.
        """
        ...


def folder_of(customer: str) -> str:
    """The name of a customer's folder."""
    return key_of(customer)


@contextmanager
def target_at(place: str, customer: str) -> Generator[Target]:
    """The customer's folder below ``place``: ``gs://BUCKET/PREFIX``, or a folder here.

    It can be used until the end of the ``with``.

    Raises:
        UsageError: there is no such place.
        CostError: nobody is logged in to Google Cloud.
    """
    below = f"{place.rstrip('/')}/{folder_of(customer)}"
    if not place.startswith("gs://"):
        yield FolderTarget(Path(below))
        return
    # Google's packages, imported where a bucket is reached.
    clients = importlib.import_module("handlers.runtimes.google_clients")
    opened: AbstractContextManager[Bucket] = clients.bucket_at(below)
    with opened as bucket:
        yield BucketTarget(bucket)


class FolderTarget:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Collection[str]:
        """See ``Target``."""
        return {path.name for path in self._folder.glob("*") if not path.name.startswith(".")}

    def put(self, file: Path, name: str) -> bool:
        """See ``Target``; an atomic rename."""
        path, content = self._folder / name, file.read_bytes()
        try:
            if path.is_file() and path.read_bytes() == content:
                return False
            self._folder.mkdir(parents=True, exist_ok=True)
            new = self._folder / f".{name}.new"
            new.write_bytes(content)
            new.replace(path)
        except OSError as error:
            raise UsageError(f"{path} can't be written: {error.strerror}.") from error
        return True


class BucketTarget:
    """What lies below an address of Cloud Storage."""

    def __init__(self, bucket: "Bucket") -> None:
        self._bucket = bucket
        self._there: Mapping[str, Stored] | None = None

    def names(self) -> Collection[str]:
        """See ``Target``."""
        return self._listed().keys()

    def put(self, file: Path, name: str) -> bool:
        """See ``Target``; over the generation that was listed, and no other."""
        buckets = importlib.import_module("handlers.buckets")
        there = self._listed().get(name)
        if there is not None and there.crc32c == buckets.file_crc32c(file):
            return False
        self._bucket.upload(file, name, buckets.ABSENT if there is None else there.generation)
        return True

    def _listed(self) -> "Mapping[str, Stored]":
        if self._there is None:
            self._there = {each.name: each for each in self._bucket.objects()}
        return self._there
