"""A layer under a client that fails one call of its kind: the n-th, so that each can have its turn.

It is handed to a run of the collector, in this process or in a child, and counts what goes through
it. A kill is SIGKILL to the own process: nothing of it gets to clean up.
"""

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Kind(StrEnum):
    """What is counted."""

    STATEMENT = "SQL statement"
    REQUEST = "request"
    FILE = "file write"


class How(StrEnum):
    """What becomes of the call whose turn it is."""

    REFUSED = "refused"
    LOST = "done, its answer lost"
    KILLED = "met by kill -9"
    """Before it is made: after it is before the next one."""


class Layer:
    """Fails the call number ``at`` of those of ``kind``; no call has the number 0."""

    def __init__(self, kind: Kind, how: How, at: int = 0) -> None:
        self.kind = kind
        self.how = how
        self.at = at
        self.calls: list[str] = []
        self._guard = threading.Lock()

    def __reduce__(self) -> tuple[type["Layer"], tuple[Kind, How, int]]:
        """A child's layer counts anew."""
        return Layer, (self.kind, self.how, self.at)

    @property
    def had_its_turn(self) -> bool:
        """Whether there was a call of that number."""
        return 0 < self.at <= len(self.calls)

    def call(
        self,
        kind: Kind,
        what: str,
        work: Callable[[], T],
        error: Callable[[How], BaseException],
    ) -> T:
        """Do ``work``, unless its turn has come; ``error`` gives what a client raises then."""
        with self._guard:
            if kind is self.kind:
                self.calls.append(what)
            turn = kind is self.kind and len(self.calls) == self.at
        if not turn:
            return work()
        if self.how is How.KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how is How.REFUSED:
            raise error(self.how)
        done = work()
        if self.how is How.LOST:
            raise error(self.how)
        return done


NOTHING = Layer(Kind.REQUEST, How.REFUSED)
"""A layer that lets every call through; it is not asked how many there were."""

_WRITES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "open"}


class _Watch:
    """The layer and folder that the audit hook looks at; a hook can't be taken off again."""

    layer: Layer | None = None
    folder = ""
    is_installed = False


@contextlib.contextmanager
def watching_files(layer: Layer, folder: Path) -> Generator[None]:
    """Count what this process writes below ``folder``, by Python's own audit events.

    What the engine writes by itself is not seen here: ``test_full_disk`` is about that.
    """
    if not _Watch.is_installed:
        sys.addaudithook(_hook)
        _Watch.is_installed = True
    _Watch.folder = str(folder)
    _Watch.layer = layer if layer.kind is Kind.FILE else None
    try:
        yield
    finally:
        _Watch.layer = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    layer = _Watch.layer
    if layer is None or event not in _WRITES:
        return
    path = str(arguments[0])
    if not path.startswith(_Watch.folder) or (event == "open" and not _writes(arguments)):
        return
    layer.call(Kind.FILE, f"{event} {path}", lambda: None, _disk_error)


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _disk_error(how: How) -> OSError:
    return OSError(errno.EIO, f"as planned: {how}")
