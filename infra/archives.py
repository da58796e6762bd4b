"""Zip files that are the same bytes for the same contents, wherever and whenever they are made."""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can state."""

READABLE = 0o100644
"""A plain file that everybody may read; nothing in a bundle is run as a program."""

UNIX = 3
ALREADY_SMALL = (".whl",)


@dataclass(frozen=True)
class Entry:
    """A file of an archive: ``path`` with forward slashes, relative."""

    path: str
    content: bytes


def zip_bytes(entries: Iterable[Entry]) -> bytes:
    """``entries`` as a zip file, in the order given; times, modes and system are fixed.

    Only the compressor remains: two builds of zlib may pack the same contents differently, which
    is why a bundle is named by what went into it and not by these bytes.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.path, EPOCH)
            info.create_system = UNIX
            info.external_attr = READABLE << 16
            small = entry.path.endswith(ALREADY_SMALL)
            info.compress_type = zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED
            archive.writestr(info, entry.content, compresslevel=9)
    return made.getvalue()
