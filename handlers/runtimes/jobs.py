"""What a command does in a runtime: the same for every cloud's runtime.

``RUNNERS`` says which commands this version can run. The others are known and refused, so that a
message for a later version reaches the dead letter instead of being taken as done.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from handlers.errors import CostError, UsageError
from handlers.messages import Command, Run
from handlers.runtimes.log import Log, Severity, Step
from handlers.scan.room import FUNCTION, Room
from handlers.settings import RuntimeSettings

if TYPE_CHECKING:
    from handlers.runtimes.clients import Clients, Scratch

RUN_SECONDS = 540
"""How long a run may take: the function's timeout, a minute less than Pub/Sub waits for it."""


ANSWER_SECONDS = 20
"""Of these, what nothing may wait for: to say what was done."""


class CommandRefused(UsageError):
    """A command that this job can't run, however often it is asked."""


class RunFailed(CostError):
    """A run that did what it could and has to be tried again; ``details`` are for the answer."""

    def __init__(self, message: str, details: Mapping[str, object]) -> None:
        super().__init__(message)
        self.details = details


class RunUnfinished(RunFailed):
    """A run whose time was up; what it did is done, and the next attempt goes on from there."""


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


def run_logged(jobs: Jobs, command: Command, log: Log) -> Report:
    """Run ``command`` with a line in ``log`` before and after it; raises what it raises."""
    log.line(Severity.INFO, f"{command.run} starts", step=Step.STARTED)
    report = jobs.run(command, log)
    log.line(
        Severity.INFO,
        report.message,
        step=Step.FINISHED,
        outcome=report.outcome.value,
        **report.details,
    )
    return report


@dataclass(frozen=True)
class Job:
    """What a runner works with: one run's settings, log, time and clients.

    ``remaining`` gives the seconds that the work may still take. ``clients`` makes what reaches
    the clouds, for this run alone, with a folder of its own.
    """

    settings: RuntimeSettings
    log: Log
    clock: Callable[[], datetime]
    remaining: Callable[[], float]
    clients: "Callable[[RuntimeSettings, Scratch], Clients]"
    room: Room = FUNCTION
    """What bills are read in."""

    def tell(self, message: str, details: Mapping[str, object]) -> None:
        """Write a line about what a cloud charges for; see ``clients.Tell``."""
        self.log.line(Severity.INFO, message, step=Step.CHARGED, **details)


Runner = Callable[[Command, Job], Report]


def collect(command: Command, job: Job) -> Report:
    """Load the bills of the job's scopes: ``handlers.runtimes.collecting``."""
    if not job.settings.scopes:
        return Report(Outcome.NO_DATA, f"No scope of {job.settings.cloud} is configured.")
    return importlib.import_module("handlers.runtimes.collecting").collect(command, job)


def migrate(command: Command, job: Job) -> Report:
    """Bring the tables up to this version, or say what is missing there."""
    return importlib.import_module("handlers.runtimes.migrating").migrate(command, job)


def reconcile(command: Command, job: Job) -> Report:
    """Compare what was loaded with what invoices and the cloud say."""
    return importlib.import_module("handlers.runtimes.reconciling").reconcile(command, job)


def anomalies(command: Command, job: Job) -> Report:
    """Compare the hub's days with what was expected of them."""
    return importlib.import_module("handlers.runtimes.watching").anomalies(command, job)


def parity(command: Command, job: Job) -> Report:
    """Compare both paths of every bill; only the hub's own job does.

    Raises:
        CommandRefused: it is another job's.
    """
    _refuse_other_jobs(job, "compares no paths")
    return importlib.import_module("handlers.runtimes.comparing").parity(command, job)


def alerts(command: Command, job: Job) -> Report:
    """Ask the alert rules; only the hub's own job does, once the day's bills are in.

    Raises:
        CommandRefused: it is another job's.
    """
    _refuse_other_jobs(job, "evaluates no alerts")
    return importlib.import_module("handlers.runtimes.watching").alerts(command, job)


def share(command: Command, job: Job) -> Report:
    """Write each customer's own rows; only the hub's own job does.

    Raises:
        CommandRefused: it is another job's.
    """
    _refuse_other_jobs(job, "shares nothing")
    return importlib.import_module("handlers.runtimes.sharing").share_rows(command, job)


def _refuse_other_jobs(job: Job, found: str) -> None:
    if job.settings.cloud is not None:
        raise CommandRefused(f"{job.settings.job} {found}: the hub's own job does.")


def daily(command: Command, job: Job) -> Report:
    """What a job does every day: collect, where it has a cloud; the hub's tasks, where it hasn't.

    A task that fails does not keep the others from being done.

    Raises:
        RunFailed: one of the hub's tasks failed; names each.
    """
    if job.settings.cloud is not None:
        return collect(command, job)
    done: list[str] = []
    failed: list[str] = []
    for name, runner in HUB_TASKS:
        try:
            done.append(f"{name}: {runner(command, job).message}")
        except CostError as error:
            failed.append(f"{name}: {error}")
    if failed:
        raise RunFailed("\n".join(failed), {"done": done})
    return Report(Outcome.DONE, "; ".join(done), {"tasks": len(done)})


HUB_TASKS: Sequence[tuple[str, Runner]] = (
    ("invoices", reconcile),
    ("parity", parity),
    ("anomalies", anomalies),
    ("alerts", alerts),
    ("shares", share),
)
"""The daily work of the hub's own job, in order: the alerts read what the others find. Whatever
customers are given comes last, for it is nothing to the others."""

RUNNERS: Mapping[Run, Runner] = MappingProxyType(
    {
        Run.DAILY: daily,
        Run.COLLECT: collect,
        Run.MIGRATE: migrate,
        Run.RECONCILE: reconcile,
        Run.PARITY: parity,
        Run.ALERTS: alerts,
        Run.SHARE: share,
    }
)


def _clients(settings: RuntimeSettings, scratch: "Scratch") -> "Clients":
    """The real ones. Imported when a command comes: a cold start only has to open the door."""
    return importlib.import_module("handlers.runtimes.google_clients").clients_of(settings, scratch)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class RuntimeJobs:
    """The commands of one job; ``clock`` gives the time in UTC."""

    settings: RuntimeSettings
    runners: Mapping[Run, Runner] = RUNNERS
    clock: Callable[[], datetime] = _now
    clients: "Callable[[RuntimeSettings, Scratch], Clients]" = _clients
    seconds: float = RUN_SECONDS
    """How long a run may take."""
    room: Room = FUNCTION
    """What its bills are read in."""

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
        started = self.clock()

        def remaining() -> float:
            passed = (self.clock() - started).total_seconds()
            return self.seconds - ANSWER_SECONDS - passed

        job = Job(self.settings, log, self.clock, remaining, self.clients, self.room)
        return self.runners[command.run](command, job)
