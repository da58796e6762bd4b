"""How many fetched files stay: in a function their folder is memory."""

from pathlib import Path

ROOM_BYTES = 64 * 1024 * 1024
"""Of fetched files that stay."""


class Room:
    """Files that were fetched, oldest first; those that no longer fit are removed."""

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._room = room_bytes
        self._fetched: dict[Path, int] = {}

    def __contains__(self, path: Path) -> bool:
        return path in self._fetched

    def add(self, newest: Path) -> None:
        """Keep ``newest``, at the cost of the files before it."""
        self._fetched[newest] = newest.stat().st_size
        for path in list(self._fetched):
            if sum(self._fetched.values()) <= self._room or path == newest:
                break
            path.unlink(missing_ok=True)
            del self._fetched[path]
