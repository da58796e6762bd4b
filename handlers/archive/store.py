"""Where archived files lie: in a folder, or in a bucket with a folder for what is in work."""

from pathlib import Path
from typing import Protocol

from handlers.errors import BillError, CostError, Place

REMEDY = "The ledger names it: restore the file from a backup, or collect from the cloud."


class ArchiveError(CostError):
    """The archive can't be written or read now; nothing else was changed."""


class Archive(Protocol):
    """Keeps files under names that say their content; nothing kept is ever changed."""

    @property
    def folder(self) -> Path:
        """Where a file that is to be kept is written first, under any name."""
        ...

    def keep(self, file: Path, name: str) -> None:
        """Keep ``file``, which lies below ``folder``, as ``name``; the same content twice is one.

        The file is the archive's from then on, and may be gone.

        Raises:
            ArchiveError: it can't be kept.
        """
        ...

    def fetch(self, name: str) -> Path:
        """A local file with the content kept as ``name``, for as long as the next few are fetched.

        Raises:
            BillError: nothing is kept under that name.
            ArchiveError: the archive can't be read.
        """
        ...


class FolderArchive:
    """An archive that is the files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self._folder

    def keep(self, file: Path, name: str) -> None:
        """See ``Archive``; an atomic rename."""
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)

    def fetch(self, name: str) -> Path:
        """See ``Archive``; the file itself."""
        path = self._folder / name
        if not path.is_file():
            raise BillError(Place(str(path)), "The archive file is not there.", REMEDY)
        return path
