"""The site data for a run in another cloud: the hub's, or its last copy while the hub is away.

A load goes by customers, rates and attribution, and commits whether or not the hub answers. So each
run keeps what it has read, in its own cloud. A copy is as good as the day it was made: the ledger's
digest says which site data a load went by, and the next run with the hub loads again what they
change.
"""

import logging
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from handlers.buckets import BucketError
from handlers.errors import CostError
from handlers.runtimes.clients import Scratch
from handlers.site import Site, load_site

NAME = "site.zip"
MOST_BYTES = 64 * 1024 * 1024
"""Of the unpacked files together; the memory of a function holds them twice."""


class CopyUnreachable(CostError):
    """The copy can't be written, or there is none that can be read."""


class Copy(Protocol):
    """One file in the own cloud."""

    def keep(self, file: Path) -> None:
        """Put ``file`` in place of the copy before.

        Raises:
            CopyUnreachable: it can't be written.
        """
        ...

    def fetch(self, file: Path) -> None:
        """Write the copy to ``file``.

        Raises:
            CopyUnreachable: there is none, or it can't be read.
        """
        ...


def site_or_copy(fetch: Callable[[Path], object], copy: Copy, scratch: Scratch) -> Site:
    """The site that ``fetch`` writes into a folder, or the copy of the last.

    Raises:
        SiteError: it is not valid.
        BucketError: it can't be read, and there is no copy that can.
    """
    folder, file = scratch.below("site"), scratch.folder / NAME
    log = logging.getLogger(__name__)
    try:
        fetch(folder)
    except BucketError as error:
        shutil.rmtree(folder)
        try:
            copy.fetch(file)
            _unpack(file, folder)
        except CopyUnreachable as missing:
            raise error from missing
        log.warning("The site data is the last that was read: %s", error)
        return load_site(folder)
    site = load_site(folder)
    with zipfile.ZipFile(file, "w") as kept:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            # Without its time, so that the same files make the same copy.
            kept.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix()), path.read_bytes())
    try:
        copy.keep(file)
    except CopyUnreachable as error:
        log.warning("The site data could not be kept for days without the hub: %s", error)
    return site


def _unpack(file: Path, folder: Path) -> None:
    """Write the files of a copy below ``folder``; zipfile itself lets none get out of there."""
    try:
        with zipfile.ZipFile(file) as kept:
            size = sum(each.file_size for each in kept.infolist())
            if size > MOST_BYTES:
                raise CopyUnreachable(
                    f"The copy of the site data is {size} bytes unpacked, of {MOST_BYTES} at most."
                )
            kept.extractall(folder)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise CopyUnreachable(f"The copy of the site data is damaged: {error}") from error
