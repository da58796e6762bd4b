"""Running a program and saying what it took: time, processor time, memory.

The peak is the kernel's (``ru_maxrss``): the largest of the program and its helpers. Those of the
helpers alone, and what all hold at the same moment, are looked up in /proc while they run.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_INTERVAL_SECONDS = 0.05
_PROC = Path("/proc")
_MIB = 1024.0
_MAXRSS_PER_MIB = 1024.0 * 1024.0 if sys.platform == "darwin" else 1024.0


@dataclass(frozen=True)
class Measured:
    """What a program took, its helper processes included; memory in MiB, None where not known.

    ``peak``: of its largest process. ``peak_helper``: of its largest helper. ``peak_all``: of all
    processes together, where memory that they share counts once for each. ``ended`` is false when
    it was killed at its limit.
    """

    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    peak: float
    peak_helper: float | None
    peak_all: float | None
    ended: bool


@dataclass
class _Watched:
    """The highest marks seen so far, in MiB."""

    helper: float = 0.0
    together: float = 0.0


def measure(
    command: Sequence[str | Path],
    log: Path,
    limit_seconds: float,
    env: Mapping[str, str] | None = None,
) -> Measured:
    """Run ``command`` to its end, or kill it after ``limit_seconds``; what it says goes to ``log``.

    It runs in a process group of its own, so that no helper outlives it.
    """
    watched = _Watched()
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        ended = True
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            wall = time.perf_counter() - start
            if pid:
                break
            if ended and wall > limit_seconds:
                ended = False
                os.killpg(process.pid, 9)
            _watch(process.pid, watched)
            time.sleep(_INTERVAL_SECONDS)
    process.returncode = os.waitstatus_to_exitcode(status)
    known = watched.together > 0
    return Measured(
        exit_code=process.returncode,
        wall_seconds=wall,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak=usage.ru_maxrss / _MAXRSS_PER_MIB,
        peak_helper=watched.helper if known else None,
        peak_all=watched.together if known else None,
        ended=ended,
    )


def cpu_seconds(root: int) -> float:
    """What ``root`` and those it started, and that still run, have used so far."""
    used = 0
    for pid in _family(root):
        try:
            text = (_PROC / str(pid) / "stat").read_text(encoding="ascii")
        except OSError:
            continue
        used += sum(map(int, text.rpartition(")")[2].split()[11:15]))
    return used / os.sysconf("SC_CLK_TCK")


def _watch(root: int, watched: _Watched) -> None:
    together = 0.0
    for pid in _family(root):
        resident, highest = _memory(pid)
        together += resident
        if pid != root:
            watched.helper = max(watched.helper, highest)
    watched.together = max(watched.together, together)


def _family(root: int) -> list[int]:
    """``root`` and all that descend from it and still run."""
    family = [root]
    for pid in family:
        for task in _PROC.glob(f"{pid}/task/*/children"):
            try:
                family += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return family


def _memory(pid: int) -> tuple[float, float]:
    """What the process holds and the most it ever held, in MiB; zeros when it is gone."""
    try:
        text = (_PROC / str(pid) / "status").read_text()
    except OSError:
        return 0.0, 0.0
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    resident, highest = (
        float(fields.get(name, "0").split()[0]) / _MIB for name in ("VmRSS", "VmHWM")
    )
    return resident, highest
