"""A memory or disk that is full, as the engine or Python meets it: one refusal, with what to do."""

import contextlib
import errno
import os
from collections.abc import Generator

import duckdb

from handlers.errors import CostError

UNCHANGED = "Nothing was changed."

_FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SAID_BY_ENGINE = tuple(map(os.strerror, _FULL_DISK))
"""The engine has no kind of error of its own for them: it quotes the system."""

_REMEDY = (
    "Free some, or give the job more: a function's files lie in its memory, and a collector that"
    " runs as a container has more of both (docs/scale.md). Then run it again."
)


class NoRoom(CostError):
    """There was not enough memory, or not enough disk."""


def raise_no_room(where: str, error: BaseException, kept: str = UNCHANGED) -> None:
    """Do nothing where ``error``, met at ``where``, is about something else.

    ``kept`` says what became of the tables.

    Raises:
        NoRoom: it says that memory or disk is full.
    """
    full = _full(error)
    if full is not None:
        found = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise NoRoom(f"{where}: {full} is full here ({found}). {kept} {_REMEDY}") from None


@contextlib.contextmanager
def refusing_no_room(where: str, kept: str = UNCHANGED) -> Generator[None]:
    """Let what the block raises be ``NoRoom`` where memory or disk is full; see there."""
    try:
        yield
    except (duckdb.Error, OSError, MemoryError) as error:
        raise_no_room(where, error, kept)
        raise


def _full(error: BaseException) -> str | None:
    if isinstance(error, (duckdb.OutOfMemoryException, MemoryError)):
        return "the memory"
    if isinstance(error, duckdb.Error):
        said = str(error)
        return "the disk" if any(words in said for words in _SAID_BY_ENGINE) else None
    is_full = isinstance(error, OSError) and error.errno in _FULL_DISK
    return "the disk" if is_full else None
