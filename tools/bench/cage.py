"""Memory as a function has it: a limit for a process and its files, which lie in memory too.

A control group of the kernel holds both to the limit and ends the process where Cloud Run would;
files go to a file system in memory, whose pages count. Where no group may be made, each process's
data is limited (RLIMIT_DATA), and what the files take is watched and added.
"""

import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024 * 1024
_ONE = Path("/sys/fs/cgroup/memory")
_TWO = Path("/sys/fs/cgroup")
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - files that count as memory
_OWN = "ai-cost-monitoring-bench"


@dataclass
class Cage:
    """How ``command`` is held to ``limit`` MiB, ``files`` included; ``how`` says by what."""

    limit: int
    how: str
    files: Path
    group: Path | None = None
    peak_files: float = 0.0
    """The most that the files took so far, in MiB."""

    def wrapped(self, command: list[str]) -> list[str]:
        """``command``, as it is to be started."""
        if self.group is None:
            enter = f"ulimit -d {self.limit * 1024}"
        else:
            enter = f"echo $$ > {self.group / 'cgroup.procs'}"
        return ["sh", "-c", f'{enter} && exec "$@"', "sh", *command]

    def peak(self) -> float | None:
        """The most that the group held, in MiB; None without a group."""
        if self.group is None:
            return None
        for name in ("memory.max_usage_in_bytes", "memory.peak"):
            with contextlib.suppress(OSError):
                return int((self.group / name).read_text()) / _MIB
        return None


@contextlib.contextmanager
def cage(limit: int) -> Generator[Cage]:
    """A cage of ``limit`` MiB."""
    base = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    files = Path(tempfile.mkdtemp(prefix="bench-", dir=base))
    group, how = _group(limit)
    made = Cage(limit, how, files, group)
    stop = threading.Event()
    watching = threading.Thread(target=_watch, args=(made, stop), daemon=True)
    watching.start()
    try:
        yield made
    finally:
        stop.set()
        watching.join()
        shutil.rmtree(files, ignore_errors=True)
        if group is not None:
            _remove(group)


def _group(limit: int) -> tuple[Path | None, str]:
    one, two = _ONE / f"{_OWN}-{os.getpid()}", _TWO / f"{_OWN}-{os.getpid()}"
    for group, name in ((one, "memory.limit_in_bytes"), (two, "memory.max")):
        try:
            group.mkdir()
            (group / name).write_text(str(limit * _MIB))
        except OSError:
            with contextlib.suppress(OSError):
                group.rmdir()
        else:
            for swap in ("memory.memsw.limit_in_bytes", "memory.swap.max"):
                with contextlib.suppress(OSError):
                    (group / swap).write_text(str(limit * _MIB if "memsw" in swap else 0))
            return group, "a control group, files in it"
    return None, "RLIMIT_DATA of each process, files beside it"


def _remove(group: Path) -> None:
    """Once its last process is gone, which takes a moment."""
    for _ in range(50):
        try:
            group.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            return


def _watch(made: Cage, stop: threading.Event) -> None:
    while not stop.wait(0.05):
        taken = 0
        for path in made.files.rglob("*"):
            with contextlib.suppress(OSError):
                taken += path.stat().st_size if path.is_file() else 0
        made.peak_files = max(made.peak_files, taken / _MIB)
