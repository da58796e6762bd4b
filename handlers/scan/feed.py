"""Feeding a compressed file to the engine through a named pipe, so that it never lies inflated.

The engine's own inflater is several times slower, and a function's disk is its memory. One thread
inflates and shows each block to whoever watches, another writes into the pipe: while the engine
parses what it has read, the next blocks are made ready.
"""

import contextlib
import fcntl
import os
import queue
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import BinaryIO

from handlers.errors import BillError
from handlers.scan.text_files import READ_ERRORS

_BLOCK = 112 * 1024
"""Inflated at a time. The C library takes memory above 128 KiB from the system each time anew."""

_BLOCKS_AHEAD = 48
_PIPE_BYTES = 1 << 20
"""The most that Linux gives without privileges; 64 KiB, the usual, wake the engine too often."""

Watch = Callable[[bytes], None]
"""Is shown each block of the stream in order, then ``b""`` when the stream came to its end."""


def unwatched(_block: bytes) -> None:
    """Nobody watches."""


class _Inflater(threading.Thread):
    """Reads ``stream`` some blocks ahead; ``failure`` says why it stopped early."""

    def __init__(self, stream: BinaryIO, watch: Watch) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._watch = watch
        self._stopped = threading.Event()
        self._blocks: queue.Queue[bytes] = queue.Queue(_BLOCKS_AHEAD)
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while not self._stopped.is_set():
                block = self._stream.read(_BLOCK)
                self._watch(block)
                if not block:
                    break
                self._blocks.put(block)
        except (BillError, *READ_ERRORS) as error:
            self.failure = error
        finally:
            self._blocks.put(b"")

    def next_blocks(self) -> list[bytes]:
        """The blocks that are ready, at least one; the last of all is empty."""
        blocks = [self._blocks.get()]
        with contextlib.suppress(queue.Empty):
            while blocks[-1]:
                blocks.append(self._blocks.get_nowait())
        return blocks

    def stop(self) -> None:
        """End the thread, whatever is left of the stream."""
        self._stopped.set()
        while self.is_alive():
            with contextlib.suppress(queue.Empty):
                self._blocks.get(timeout=0.01)
        self.join()


class _Feeder(threading.Thread):
    """Writes the blocks of ``inflater`` into the pipe."""

    def __init__(self, inflater: _Inflater, pipe: Path) -> None:
        super().__init__(daemon=True)
        self._inflater = inflater
        self._pipe = pipe

    def run(self) -> None:
        # A reader that stopped early has its own error to report.
        with contextlib.suppress(BrokenPipeError), self._pipe.open("wb", buffering=0) as pipe:
            _widen(pipe.fileno())
            blocks = [b"-"]
            while blocks[-1]:
                blocks = self._inflater.next_blocks()
                _write(pipe.fileno(), blocks)


def _write(pipe: int, blocks: Sequence[bytes]) -> None:
    """All ``blocks`` at once: every call waits anew for the interpreter's lock."""
    rest = memoryview(b"")
    written = os.writev(pipe, blocks)
    if written < sum(map(len, blocks)):
        rest = memoryview(b"".join(blocks))[written:]
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _widen(pipe: int) -> None:
    """Where the system allows it: less waiting for each other, nothing else."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


@contextlib.contextmanager
def named_pipe(stream: BinaryIO, watch: Watch = unwatched) -> Generator[Path, None, None]:
    """A path that reads as ``stream`` does, once.

    ``watch`` runs in a thread of its own.

    Raises what reading ``stream`` raised: BillError, whatever became of the block, because it says
    why the lines ended; one of ``READ_ERRORS`` when the block ends without an error of its own.
    """
    with tempfile.TemporaryDirectory(prefix="bill-") as folder:
        pipe = Path(folder) / "lines"
        os.mkfifo(pipe, 0o600)
        inflater = _Inflater(stream, watch)
        feeder = _Feeder(inflater, pipe)
        inflater.start()
        feeder.start()
        try:
            yield pipe
        finally:
            _release(pipe, feeder)
            inflater.stop()
            if isinstance(inflater.failure, BillError):
                raise inflater.failure
        if inflater.failure is not None:
            raise inflater.failure


def _release(pipe: Path, feeder: _Feeder) -> None:
    """End a feeder that nobody reads from: it waits for a reader, or to write."""
    while feeder.is_alive():
        descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        feeder.join(0.05)
        os.close(descriptor)
        feeder.join(0.05)
