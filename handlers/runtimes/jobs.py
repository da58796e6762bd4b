"""What a command does in a runtime: the same for every cloud's runtime.

``RUNNERS`` says which commands this version can run. The others are known and refused, so that a
message for a later version reaches the dead letter instead of being taken as done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from handlers.errors import UsageError
from handlers.messages import Command, Run
from handlers.runtimes.log import Log, Severity
from handlers.settings import RuntimeSettings


class CommandRefused(UsageError):
    """A command that this job can't run, however often it is asked."""


class Outcome(StrEnum):
    """What became of a command that did not fail."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"
    HELD = "held"
    """At least one load waits for a person's decision."""
    NO_DATA = "no_data"
    """There was nothing to read: no scope, or no bill in any of them."""
    DONE = "done"
    """A command that loads nothing did its work."""


@dataclass(frozen=True)
class Report:
    """What a command came to, for the log and for the answer."""

    outcome: Outcome
    message: str
    details: Mapping[str, object] = field(default_factory=dict[str, object])


class Jobs(Protocol):
    """Runs commands; what a runtime's entry point hands a message to."""

    def run(self, command: Command, log: Log) -> Report:
        """Run ``command``, with a line in ``log`` per step.

        Raises:
            CommandRefused: this job can't run it; a retry won't help.
            CostError: it failed; a retry may help.
        """
        ...


Runner = Callable[[Command, RuntimeSettings, Log], Report]


def collect(command: Command, settings: RuntimeSettings, log: Log) -> Report:
    """Load the bills of the job's scopes; this version has no client that could read one."""
    if command.decision is not None or command.from_archive:
        what = "the archive" if command.from_archive else "a load that is held"
        raise CommandRefused(f"This version has no client for {what}: nothing was changed.")
    if not settings.scopes:
        return Report(Outcome.NO_DATA, f"No scope of {settings.cloud} is configured.")
    message = (
        f"Nothing was read of {len(settings.scopes)} {settings.cloud} scopes: this version has no"
        " client for the clouds' bills."
    )
    log.line(Severity.WARNING, message)
    return Report(Outcome.NO_DATA, message, {"scopes": len(settings.scopes)})


def daily(command: Command, settings: RuntimeSettings, log: Log) -> Report:
    """What a job does every day: collect, where it has a cloud."""
    if settings.cloud is None:
        return Report(Outcome.NO_DATA, "This version has no daily work for the hub.")
    return collect(command, settings, log)


RUNNERS: Mapping[Run, Runner] = {Run.DAILY: daily, Run.COLLECT: collect}


@dataclass(frozen=True)
class RuntimeJobs:
    """The commands of one job."""

    settings: RuntimeSettings
    runners: Mapping[Run, Runner] = field(default_factory=lambda: RUNNERS)

    def run(self, command: Command, log: Log) -> Report:
        """Run ``command`` by its runner; see ``Jobs``."""
        mine = self.settings.cloud
        if command.run is Run.COLLECT and mine is None:
            raise CommandRefused(
                f"The job {self.settings.job} collects no cloud's bills: send 'collect' to the job"
                " of the cloud."
            )
        if command.cloud is not None and mine is not None and command.cloud is not mine:
            raise CommandRefused(
                f"The job {self.settings.job} is for {mine}: send what is meant for"
                f" {command.cloud} to that cloud's job."
            )
        if command.run not in self.runners:
            raise CommandRefused(
                f"This version can't run '{command.run}': it runs {', '.join(self.runners)}."
            )
        return self.runners[command.run](command, self.settings, log)
