"""The entry point of a container: takes one command, runs it to its end, and ends itself.

``python -m handlers.runtimes.task [MESSAGE]``, ``{"run": "daily"}`` without a message. It is the
collector of the functions, with the same environment, for bills that need more time or memory than
a function has: which collector it is follows from that environment. What failed is tried again
here, for nobody sends a message anew. Exit code 0: done. 1: it failed at every attempt; what was
loaded stays, and the next run goes on from there. 2: message or environment are wrong.
"""

import importlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from handlers.errors import CostError
from handlers.messages import MessageError, parse
from handlers.native import AwsSettings, AzureSettings
from handlers.native_names import NativeName
from handlers.runtimes.clients import Scratch
from handlers.runtimes.jobs import CommandRefused, Jobs, RuntimeJobs
from handlers.runtimes.log import Log, Severity, Step
from handlers.runtimes.publishing import NativeClients, native_runners
from handlers.runtimes.raising import run_or_raise
from handlers.scan.room import MOST_WORKERS, WORKERS, Room
from handlers.settings import Mistake, RuntimeSettings, SettingsError

RUN_SECONDS = 6 * 3600.0
"""How long an attempt may take: a bill of a thousand million lines, with room to spare."""
PAUSES = (60.0, 300.0)
"""Seconds before the second and the third attempt."""
DAILY = '{"run": "daily"}'

DONE, FAILED, WRONG = 0, 1, 2


@dataclass(frozen=True)
class Task:
    """Runs one command; ``pause`` waits so many seconds."""

    jobs: Jobs
    log: Log
    pause: Callable[[float], object]

    def run(self, message: str) -> int:
        """Run the command that ``message`` is, and give the exit code."""
        for number, wait in enumerate((*PAUSES, None), start=1):
            log = self.log.bound(attempt=number)
            try:
                run_or_raise(lambda: parse(message.encode()), self.jobs, log)
            except (MessageError, CommandRefused):
                return WRONG
            except CostError:
                if wait is not None:
                    self.pause(wait)
            else:
                return DONE
        return FAILED


def jobs_of(env: Mapping[str, str]) -> tuple[RuntimeSettings, Jobs]:
    """The collector that ``env`` describes: a cloud's own, or a job of the hub.

    Raises:
        SettingsError: names every mistake in it.
    """
    room = room_of(env)
    if env.get(NativeName.REDSHIFT_WORKGROUP):
        aws = AwsSettings.from_environment(env)
        return aws.runtime, _native(aws.runtime, "handlers.runtimes.aws_clients", aws, room)
    if env.get(NativeName.SQL_SERVER):
        azure = AzureSettings.from_environment(env)
        return azure.runtime, _native(azure.runtime, "handlers.runtimes.azure_clients", azure, room)
    settings = RuntimeSettings.from_environment(env)
    return settings, RuntimeJobs(settings, seconds=RUN_SECONDS, room=room)


def room_of(env: Mapping[str, str]) -> Room:
    """What the task reads bills in: what ``COST_WORKERS`` says, else what the machine's cores are.

    Raises:
        SettingsError: it is not a number of workers.
    """
    found = env.get(WORKERS, "").strip() or str(min(os.cpu_count() or 1, MOST_WORKERS))
    if not found.isascii() or not found.isdecimal() or not 1 <= int(found) <= MOST_WORKERS:
        allowed = f"a number from 1 to {MOST_WORKERS}: parts of a bill that are read at once"
        raise SettingsError(
            [
                Mistake(
                    WORKERS, f"'{found[:80]}'", allowed, "Without it, there is one for each core."
                )
            ]
        )
    return Room.of_workers(int(found))


def _native(
    runtime: RuntimeSettings, module: str, own: AwsSettings | AzureSettings, room: Room
) -> Jobs:
    def clients(_: RuntimeSettings, scratch: Scratch) -> NativeClients:
        return importlib.import_module(module).RuntimeClients(own, scratch)

    return RuntimeJobs(
        runtime,
        runners=native_runners(clients),
        clients=clients,
        seconds=RUN_SECONDS,
        room=room,
    )


def main(words: Sequence[str], env: Mapping[str, str]) -> int:
    """Run the command in ``words``, at most one; the exit code."""
    log = Log(_write_line, _now)
    try:
        if len(words) > 1:
            raise MessageError(f"There are {len(words)} messages: allowed is one, in quotes.")
        settings, jobs = jobs_of(env)
    except (MessageError, SettingsError) as error:
        log.line(Severity.ERROR, str(error), step=Step.REFUSED)
        return WRONG
    log = log.bound(job=settings.job, cloud=settings.cloud)
    return Task(jobs, log, time.sleep).run(words[0] if words else DAILY)


def _now() -> datetime:
    return datetime.now(UTC)


def _write_line(line: str) -> None:
    """One write, so that lines of two threads do not mix."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
