"""Collecting in a cloud's own runtime: bills into its own warehouse, then word of them to the hub.

What the hub is not told now is told by the next run. So a hub that is away makes a warning, and
never a failure: the load is committed, and trying it again would change nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

from handlers.errors import CostError
from handlers.messages import Command, Run
from handlers.outbox import Hub, NativeWarehouse, Published
from handlers.outbox import publish as publish_outbox
from handlers.runtimes.clients import Clients, Scratch, own_scratch
from handlers.runtimes.jobs import Job, Outcome, Report, Runner
from handlers.runtimes.jobs import collect as collect_bills
from handlers.runtimes.log import Severity, Step
from handlers.settings import RuntimeSettings


class NativeClients(Clients, Protocol):
    """What reaches the cloud's own warehouse and the hub in one run."""

    def warehouse(self) -> NativeWarehouse:
        """The cloud's own; the same one each time."""
        ...

    def hub(self) -> Hub:
        """The hub, as it takes what other warehouses publish.

        Raises:
            CostError: it can't be reached from here.
        """
        ...


ClientsOf = Callable[[RuntimeSettings, Scratch], NativeClients]


def native_runners(clients: ClientsOf) -> Mapping[Run, Runner]:
    """The commands of a cloud's own runtime; everything over all clouds is the hub's."""
    collecting = partial(collect, clients)
    return {
        Run.DAILY: collecting,
        Run.COLLECT: collecting,
        Run.MIGRATE: partial(migrate, clients),
    }


def collect(clients: ClientsOf, command: Command, job: Job) -> Report:
    """Load the bills of the job's scopes, and publish what the warehouse has committed.

    Raises:
        CostError: a load failed; what the others committed is published all the same.
    """
    try:
        report = collect_bills(command, job)
    except CostError:
        publish(clients, job)
        raise
    return replace(report, details={**report.details, **publish(clients, job)})


def migrate(clients: ClientsOf, command: Command, job: Job) -> Report:
    """Make what is missing of the warehouse's tables.

    Raises:
        WarehouseError: a column has another type than it should have.
    """
    del command
    with own_scratch(job.clock, job.remaining, job.tell) as scratch:
        clients(job.settings, scratch).warehouse().migrate()
    return Report(Outcome.DONE, "The tables are as this version needs them.")


def publish(clients: ClientsOf, job: Job) -> Mapping[str, object]:
    """Publish what the hub has not; how many rows of the ledger went, and how many are left."""
    with own_scratch(job.clock, job.remaining, job.tell) as scratch:
        made = clients(job.settings, scratch)
        try:
            done = publish_outbox(made.warehouse(), made.hub(), job.clock)
        except CostError as error:
            done = Published((), (), (error,))
    _tell(done, job)
    found = {"published": len(done.rows), "unpublished": len(done.left)}
    return {name: count for name, count in found.items() if count}


def _tell(done: Published, job: Job) -> None:
    for error in done.errors:
        job.log.line(
            Severity.WARNING,
            f"The hub was not told: {error} {len(done.left)} loads wait for the next run.",
            step=Step.PUBLISHED,
            unpublished=len(done.left),
        )
    if done.rows:
        job.log.line(
            Severity.INFO,
            f"The hub was told of {len(done.rows)} loads.",
            step=Step.PUBLISHED,
            published=len(done.rows),
        )
