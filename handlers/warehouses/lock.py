"""One writer at a time: the second waits for the first, or says who holds the warehouse."""

import contextlib
import fcntl
import os
import time
from collections.abc import Generator
from pathlib import Path

from handlers.errors import WarehouseError

_POLL_SECONDS = 0.2


@contextlib.contextmanager
def writer_lock(path: Path, wait_seconds: float) -> Generator[None, None, None]:
    """Hold the lock file ``path``; it is free again when this process ends, however it ends.

    Raises:
        WarehouseError: another process still holds it after ``wait_seconds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + wait_seconds
        while not _take(descriptor):
            if time.monotonic() >= deadline:
                holder = os.read(descriptor, 100).decode("ascii", "replace").strip()
                raise WarehouseError(
                    f"{path.parent}: the warehouse is being written by process {holder or '?'}."
                    f" Waited {wait_seconds:g} seconds: let it end, or pass a longer --wait."
                )
            time.sleep(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
