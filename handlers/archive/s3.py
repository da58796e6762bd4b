"""An archive in S3, which nothing that a collector may do can change or delete.

As ``handlers.archive.bucket``: every object is created under a name that says its content, and one
that is there already is compared, never written again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from handlers.archive.room import ROOM_BYTES, Room
from handlers.archive.store import REMEDY, ArchiveError
from handlers.errors import BillError, Place, UsageError

Client: TypeAlias = Any
"""boto3's ``s3``."""

_SCHEME = "s3://"
_ERRORS = (ClientError, BotoCoreError, Boto3Error)
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_THERE = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})


class S3Archive:
    """The objects below ``s3://bucket/prefix``, with ``folder`` for what is on its way.

    Raises:
        UsageError: ``place`` is no such address.
    """

    def __init__(
        self, client: Client, place: str, folder: Path, room_bytes: int = ROOM_BYTES
    ) -> None:
        if not place.startswith(_SCHEME):
            raise UsageError(f"'{place}' is no place in S3: write it as s3://BUCKET/PREFIX.")
        self._client = client
        self._bucket, _, prefix = place.removeprefix(_SCHEME).partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._folder = folder
        self._fetched = Room(room_bytes)

    @property
    def folder(self) -> Path:
        """Where files are before they are kept and after they were fetched."""
        return self._folder

    def keep(self, file: Path, name: str) -> None:
        """See ``Archive``; the file is gone afterwards."""
        try:
            with file.open("rb") as stream:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._key(name),
                    Body=stream,
                    ChecksumAlgorithm="SHA256",
                    IfNoneMatch="*",
                )
        except _ERRORS as error:
            if _code(error) not in _THERE:
                raise self._error(name, error, "Nothing was changed: try again.") from error
            self._refuse_other(file, name)
        file.unlink()

    def fetch(self, name: str) -> Path:
        """See ``Archive``."""
        path = self._folder / name
        if path in self._fetched:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._client.download_file(self._bucket, self._key(name), str(path))
        except _ERRORS as error:
            if _code(error) in _MISSING:
                place = Place(self._where(name))
                raise BillError(place, "The archive file is not there.", REMEDY) from None
            raise self._error(name, error, "Try again.") from error
        self._fetched.add(path)
        return path

    def _refuse_other(self, file: Path, name: str) -> None:
        """That what is there is what was to be kept: a run before, or an answer that was lost."""
        try:
            there = self._client.head_object(Bucket=self._bucket, Key=self._key(name))
        except _ERRORS as error:
            raise self._error(name, error, "Nothing was changed: try again.") from error
        size = int(there["ContentLength"])
        if size != file.stat().st_size:
            raise ArchiveError(
                f"{self._where(name)} has {size} bytes that are not those of its name. Nothing was"
                " changed: find out who wrote it, and restore or move it."
            )

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def _where(self, name: str) -> str:
        return f"{_SCHEME}{self._bucket}/{self._key(name)}"

    def _error(self, name: str, error: Exception, remedy: str) -> ArchiveError:
        said = str(error).splitlines()[0]
        return ArchiveError(f"{self._where(name)}: S3 does not do it ({said}). {remedy}")


def _code(error: Exception) -> str:
    if not isinstance(error, ClientError):
        return ""
    response: Mapping[str, Any] = cast("Any", error).response
    return str(response.get("Error", {}).get("Code", ""))
