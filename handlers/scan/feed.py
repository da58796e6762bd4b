"""Feeding a compressed file to the engine through a named pipe, so that it never lies inflated.

The engine's own inflater is several times slower, and a function's disk is its memory.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from handlers.scan.text_files import READ_ERRORS

_BLOCK = 1 << 20


class _Feeder(threading.Thread):
    """Copies ``stream`` into the pipe; ``failure`` says why it stopped early."""

    def __init__(self, stream: BinaryIO, pipe: Path) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._pipe = pipe
        self.failure: Exception | None = None

    def run(self) -> None:
        # A reader that stopped early has its own error to report.
        with contextlib.suppress(BrokenPipeError), self._pipe.open("wb", buffering=0) as pipe:
            try:
                while block := self._stream.read(_BLOCK):
                    view = memoryview(block)
                    while view:
                        view = view[pipe.write(view) :]
            except BrokenPipeError:
                raise
            except READ_ERRORS as error:
                self.failure = error


@contextlib.contextmanager
def named_pipe(stream: BinaryIO) -> Generator[Path, None, None]:
    """A path that reads as ``stream`` does, once.

    Raises, when the block ends without an error of its own, what reading ``stream`` raised:
    one of ``READ_ERRORS``.
    """
    with tempfile.TemporaryDirectory(prefix="bill-") as folder:
        pipe = Path(folder) / "lines"
        os.mkfifo(pipe, 0o600)
        feeder = _Feeder(stream, pipe)
        feeder.start()
        try:
            yield pipe
        finally:
            _release(pipe, feeder)
        if feeder.failure is not None:
            raise feeder.failure


def _release(pipe: Path, feeder: threading.Thread) -> None:
    """End a feeder that nobody reads from: it waits for a reader, or to write."""
    while feeder.is_alive():
        descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        feeder.join(0.05)
        os.close(descriptor)
        feeder.join(0.05)
