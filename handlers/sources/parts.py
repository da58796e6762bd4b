"""The files that a bill consists of, wherever they lie."""

import contextlib
import io
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Part(Protocol):
    """One file of a bill; ``str`` of it is what messages call it: a path or an address.

    Opening and reading it raises BillError where its store can't give it, and what reading a file
    raises (``scan.text_files.READ_ERRORS``).
    """

    @property
    def name(self) -> str:
        """The last part of its path."""
        ...

    @property
    def size(self) -> int:
        """In bytes, as stored."""
        ...

    def open(self) -> io.BufferedReader:
        """Its bytes as stored, from the start; whoever opens it closes it."""
        ...

    def local(self) -> AbstractContextManager[Path]:
        """A file of this machine that holds it for as long as the block runs."""
        ...


@dataclass(frozen=True)
class FilePart:
    """A part that is a file of this machine.

    Where it is a copy, messages call it ``shown`` and ``called`` is its name.
    """

    path: Path
    shown: str = ""
    called: str = ""

    @property
    def name(self) -> str:
        """See ``Part``."""
        return self.called or self.path.name

    @property
    def size(self) -> int:
        """See ``Part``."""
        return self.path.stat().st_size

    def open(self) -> io.BufferedReader:
        """See ``Part``."""
        return self.path.open("rb")

    @contextlib.contextmanager
    def local(self) -> Generator[Path]:
        """See ``Part``."""
        yield self.path

    def __str__(self) -> str:
        return self.shown or str(self.path)


@dataclass(frozen=True)
class MemoryPart:
    """A part that was made here; messages call it ``shown``."""

    name: str
    content: bytes
    shown: str

    @property
    def size(self) -> int:
        """See ``Part``."""
        return len(self.content)

    def open(self) -> io.BufferedReader:
        """See ``Part``."""
        return io.BufferedReader(io.BytesIO(self.content))

    @contextlib.contextmanager
    def local(self) -> Generator[Path]:
        """See ``Part``."""
        with tempfile.TemporaryDirectory(prefix="bill-") as folder:
            path = Path(folder) / self.name
            path.write_bytes(self.content)
            yield path

    def __str__(self) -> str:
        return self.shown


@contextlib.contextmanager
def held(part: Part) -> Generator[FilePart]:
    """``part`` as a file that can be read several times, for as long as the block runs."""
    with part.local() as path:
        yield FilePart(path, str(part), part.name)
