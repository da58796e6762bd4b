"""Collecting in a runtime: the bills that are due, one line of the log per step, within the time.

Pub/Sub sends a message again when it is not answered with success. So what can be mended by trying
again (a cloud that is away, a bill that can't be read yet, too little time) is answered with an
error after everything else was done; bills that are loaded are found unchanged the next time.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

import duckdb

from handlers.archive import Archive
from handlers.errors import UsageError
from handlers.ledger import LedgerRow, Status
from handlers.load import collecting
from handlers.load.collecting import Collected, Failure, Task
from handlers.load.decisions import decide
from handlers.load.load import DEFAULT_SHRINK_SHARE, Loaded, Loader, Policy
from handlers.load.load import Outcome as Became
from handlers.messages import Command, Decision
from handlers.periods import due_periods
from handlers.record import Cloud
from handlers.runtimes.clients import Clients, own_scratch
from handlers.runtimes.jobs import (
    CommandRefused,
    Job,
    Outcome,
    Report,
    RunFailed,
    RunUnfinished,
)
from handlers.runtimes.log import Log, Severity, Step
from handlers.sources.archive import ArchiveSource, SeveralArchives
from handlers.sources.refusals import Refusal
from handlers.warehouses import Warehouse

MARGIN_SECONDS = 60.0
"""No load is started with less time than this left, nor with less than twice what the longest of
this run took: one that is cut off is done again from its start."""


@dataclass
class Steps:
    """Writes a line per bill, and keeps the time of the longest load."""

    log: Log
    clock: Callable[[], datetime]
    longest: float = 0.0
    _started: list[datetime] = field(default_factory=list[datetime])

    def found(self, bills: int) -> None:
        """Say how many bills are looked at."""
        self.log.line(Severity.INFO, f"{bills} bills are looked at", step=Step.FOUND, bills=bills)

    def starts(self, task: Task) -> None:
        """See ``collecting.Watcher``."""
        self._started[:] = [self.clock()]
        self.log.line(
            Severity.INFO,
            f"{task.bill} starts",
            step=Step.LOADING,
            bill=task.bill,
            load_id=task.load_id,
        )

    def loaded(self, task: Task, loaded: Loaded) -> None:
        """See ``collecting.Watcher``; a load that waits for a person is a warning."""
        row = loaded.row
        held = loaded.outcome is Became.HELD
        said = row.error if held and row is not None else None
        self.log.line(
            Severity.WARNING if held else Severity.INFO,
            f"{task.bill} is {loaded.outcome}{f': {said}' if said else ''}",
            step=Step.BILL,
            bill=task.bill,
            became=loaded.outcome.value,
            load_id=row.load_id if row is not None else task.load_id,
            seconds=round(self._took(), 3),
            rows=row.rows if row is not None else None,
            cost_usd=row.cost_usd if row is not None else None,
            restated_usd=row.restated_usd if row is not None else None,
            quarantined_rows=(row.quarantined_rows or None) if row is not None else None,
        )

    def failed(self, failure: Failure, load_id: str) -> None:
        """See ``collecting.Watcher``."""
        self._took()
        self.log.line(
            Severity.ERROR,
            f"{failure.bill} failed: {failure.error}",
            step=Step.BILL,
            bill=failure.bill,
            became="failed",
            load_id=load_id or None,
        )

    def _took(self) -> float:
        seconds = (self.clock() - self._started[0]).total_seconds() if self._started else 0.0
        self.longest = max(self.longest, seconds)
        return seconds


def collect(command: Command, job: Job) -> Report:
    """Load what is due of the job's scopes, or what ``command`` names.

    Raises:
        CommandRefused: a decision about a load that is not held.
        RunFailed: some bills could not be loaded; the others are.
        RunUnfinished: the time was up; what was loaded stays.
        CostError: nothing could be looked for.
    """
    with own_scratch(job.clock, job.remaining, job.tell) as scratch:
        clients = job.clients(job.settings, scratch)
        warehouse = clients.warehouse()
        with warehouse.open() as connection:
            job.room.give(connection)
            periods = _periods(command, job.clock().date())
            if command.decision is not None:
                held = _decided(command.decision, warehouse, job)
                if held.status is Status.REJECTED:
                    return Report(Outcome.DONE, f"{held.load_id} is rejected.")
                periods = (held.billing_period,)
            collected = _collect(command, job, _Opened(clients, warehouse, connection), periods)
    return _report(collected, periods)


@dataclass(frozen=True)
class _Opened:
    """A run's clients and its warehouse, open."""

    clients: Clients
    warehouse: Warehouse
    connection: duckdb.DuckDBPyConnection


def _collect(command: Command, job: Job, opened: _Opened, periods: Sequence[date]) -> Collected:
    clients, warehouse = opened.clients, opened.warehouse
    rules_of = collecting.rules_of_site(clients.site())
    policy = Policy(
        clock=job.clock,
        shrink_share=_share(job),
        reclassify=command.reclassify,
        quarantine=clients.quarantine() if command.quarantine else None,
        room=job.room,
    )
    archive = clients.archive()
    from_archive = command.from_archive or command.reclassify
    cloud = job.settings.cloud
    refusals: list[Refusal] = []
    loader = Loader(warehouse, opened.connection, archive, rules_of, policy)
    if cloud is Cloud.GCP and not from_archive:
        tasks = clients.google_tasks(periods, loader, refusals.append)
    else:
        bills = _archived(clients, warehouse, archive, cloud) if from_archive else clients.bills()
        tasks = collecting.tasks_of(bills, periods, warehouse, loader, refusals.append)
    steps = Steps(job.log, job.clock)
    steps.found(len(tasks))
    refused = collecting.record_refusals(refusals, warehouse, rules_of, job.clock)
    for failure in refused:
        steps.failed(failure, "")
    collected = collecting.load_all(
        tasks, steps, lambda: job.remaining() > max(MARGIN_SECONDS, 2 * steps.longest)
    )
    return replace(collected, failures=(*refused, *collected.failures))


def _archived(
    clients: Clients, warehouse: Warehouse, archive: Archive, cloud: Cloud | None
) -> SeveralArchives:
    own = ArchiveSource(warehouse, archive, () if cloud is None else (cloud,))
    return SeveralArchives((own, *clients.history()))


def _periods(command: Command, today: date) -> tuple[date, ...]:
    """Those that the command names, else those that are due; none for all that is archived."""
    if command.periods or command.from_archive or command.reclassify:
        return command.periods
    return due_periods(today)


def _share(job: Job) -> Decimal:
    share = job.settings.shrink_hold_share
    return DEFAULT_SHRINK_SHARE if share is None else share


def _decided(decision: Decision, warehouse: Warehouse, job: Job) -> LedgerRow:
    """The ledger's row of the decision, which is written now.

    Raises:
        CommandRefused: no load of that id is held.
    """
    status = Status.ACCEPTED if decision.accepted else Status.REJECTED
    try:
        row = decide(warehouse, decision.load_id, status, job.clock(), decision.by, decision.reason)
    except UsageError as error:
        raise CommandRefused(str(error)) from None
    job.log.line(
        Severity.INFO,
        f"{row.load_id} is {row.status} by {row.decided_by}: {row.reason}",
        step=Step.BILL,
        became=row.status.value,
        load_id=row.load_id,
    )
    return row


def _report(collected: Collected, periods: Sequence[date]) -> Report:
    """What the run came to.

    Raises:
        RunFailed, RunUnfinished: see ``collect``.
    """
    counts = Counter(str(loaded.outcome) for loaded in collected.outcomes)
    details: dict[str, object] = {**counts}
    if collected.failures:
        details["failed"] = len(collected.failures)
    if collected.left:
        details["left"] = len(collected.left)
    said = ", ".join(f"{count} {word}" for word, count in details.items())
    if collected.failures:
        lines = "\n".join(collecting.names_of(collected.failures))
        raise RunFailed(f"Of the bills are {said}:\n{lines}", details)
    if collected.left:
        raise RunUnfinished(
            f"The time was up: of the bills are {said}. What is loaded stays; the next attempt"
            f" goes on with {collected.left[0]}.",
            details,
        )
    if not collected.outcomes:
        months = ", ".join(f"{period:%Y-%m}" for period in periods)
        return Report(Outcome.NO_DATA, f"No bill of {months or 'any month'} is there to be read.")
    outcome = next(
        (word for word in (Outcome.HELD, Outcome.LOADED) if counts[word]), Outcome.UNCHANGED
    )
    return Report(outcome, f"Of the bills are {said}.", details)
