"""What tells one content of a bill's part from another without reading the part whole."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_EDGE_BYTES = 64 * 1024
_MAX_FOOTER_BYTES = 16 * 1024 * 1024
_GZIP_MARK = b"\x1f\x8b"
_PARQUET_MARK = b"PAR1"
_PARQUET_END = 8
"""A parquet file ends in its footer, the footer's length (4 bytes, little-endian) and the mark."""


@dataclass(frozen=True)
class Stamp:
    """A part's name, its size in bytes and a checksum.

    ``checksum`` is any text that is another when the content is: what an object store says of an
    object (ETag, MD5), or ``file_checksum`` of a file. The two differ for one content, so that a
    source uses one of them for all its parts, always.
    """

    name: str
    size: int
    checksum: str


def file_stamp(part: Path) -> Stamp:
    """The stamp of a file."""
    return Stamp(part.name, part.stat().st_size, file_checksum(part))


def file_checksum(part: Path) -> str:
    """A hash of what a file says of its own content.

    gzip ends in the CRC-32 of what it holds (RFC 1952), of which ``part`` should have one member
    as clouds write it; parquet in a footer with size, place and statistics of every column chunk.
    Both edges are hashed, and the footer whole. Text says nothing of itself and is read whole.
    """
    with part.open("rb") as stream:
        head = stream.read(_EDGE_BYTES)
        if not head.startswith((_GZIP_MARK, _PARQUET_MARK)):
            stream.seek(0)
            return hashlib.file_digest(stream, "sha256").hexdigest()
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _PARQUET_END))
        end = stream.read(_PARQUET_END)
        stream.seek(max(0, size - _tail_bytes(end)))
        return hashlib.sha256(head + stream.read()).hexdigest()


def _tail_bytes(end: bytes) -> int:
    if not end.endswith(_PARQUET_MARK):
        return _EDGE_BYTES
    footer = int.from_bytes(end[:4], "little") + _PARQUET_END
    return min(max(footer, _EDGE_BYTES), _MAX_FOOTER_BYTES)


def content_version(manifest: bytes, parts: Sequence[Stamp]) -> str:
    """A hash of the manifest and the stamps of its parts."""
    digest = hashlib.sha256(manifest)
    for part in parts:
        digest.update(f"\n{part.name} {part.size} {part.checksum}".encode())
    return digest.hexdigest()[:32]
