"""Runs ``python -m handlers`` again and again without importing everything again and again.

Each run is a process of its own, forked from one that has imported the commands and done nothing
with them, so it has its own folder, environment, exit code and end like one that was started anew.
``python -m tests.doorkeeper`` is that one process: requests come on standard input, a row each,
exit codes go to standard output. It ends when standard input does.
"""

import contextlib
import importlib
import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from select import select
from typing import TypedDict, cast

from handlers.__main__ import Door


class Request(TypedDict):
    """What to run, and where; standard input, output and errors are files in ``streams``."""

    words: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    streams: str


STREAMS = ("input", "output", "errors")


class Doorkeeper:
    """The process that is forked, as its owner sees it. It runs one command at a time."""

    def __init__(self, root: Path, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.doorkeeper"],
            cwd=root,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, request: Request, timeout: float) -> int:
        """The run's exit code; negative for the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: it took longer; the run was killed, and its keeper with it.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        if not select([self._process.stdout], [], [], timeout)[0]:
            os.killpg(self._process.pid, 9)
            self.close()
            raise subprocess.TimeoutExpired(request["words"], timeout)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process, and wait until it has ended."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(timeout=10)


def _import_commands() -> None:
    for name in Door.COMMANDS:
        importlib.import_module(f"handlers.commands.{name}")


def _become(request: Request) -> None:
    """What a started process would find: folder, environment, arguments and streams."""
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    for number, name in enumerate(STREAMS):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        file = os.open(os.path.join(request["streams"], name), flags, 0o600)  # noqa: PTH118
        os.dup2(file, number)
        os.close(file)
    sys.argv = ["handlers", *request["words"]]


def _keep() -> Request:
    """Serve until standard input ends; returns in each child, with what it is to run."""
    for row in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            return cast("Request", json.loads(row))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    sys.exit(0)


if __name__ == "__main__":
    _import_commands()
    _become(_keep())
    # Imported for its list of commands; now it is run, as the module that was started.
    del sys.modules["handlers.__main__"]
    runpy.run_module("handlers", run_name="__main__", alter_sys=True)
