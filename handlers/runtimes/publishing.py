"""Collecting in a cloud's own runtime: bills into its own warehouse, then word of them to the hub.

What the hub is not told now is told by the next run. So a hub that is away makes a warning, and
never a failure: the load is committed, and trying it again would change nothing.
"""

import importlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from handlers.errors import CostError
from handlers.messages import Command, Run
from handlers.runtimes.jobs import Job, Outcome, Report, Runner
from handlers.runtimes.jobs import collect as collect_bills
from handlers.runtimes.log import Severity, Step, Step

if TYPE_CHECKING:
    from handlers.outbox import Hub, NativeWarehouse, Published


class NativeClients(Protocol):
    """What publishing needs beside ``Clients``."""

    def warehouse(self) -> "NativeWarehouse":
        """The cloud's own warehouse."""
        ...

    def publications(self) -> "Hub":
        """The hub, as it takes what other warehouses publish.

        Raises:
            CostError: it can't be reached from here.
        """
        ...


def collect(command: Command, job: Job) -> Report:
    """Load the bills of the job's scopes, and publish what the warehouse has committed.

    Raises:
        CostError: a load failed; what the others committed is published all the same.
    """
    try:
        report = collect_bills(command, job)
    except CostError:
        publish(job)
        raise
    return replace(report, details={**report.details, **publish(job)})


def migrate(command: Command, job: Job) -> Report:
    """Make what is missing of the warehouse's tables.

    Raises:
        WarehouseError: a column has another type than it should have.
    """
    del command
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        _clients(job, Path(folder)).warehouse().migrate()
    return Report(Outcome.DONE, "The tables are as this version needs them.")


def publish(job: Job) -> Mapping[str, object]:
    """Publish what the hub has not; how many rows of the ledger went, and how many are left."""
    outbox = importlib.import_module("handlers.outbox")
    with tempfile.TemporaryDirectory(prefix="run-") as folder:
        clients = _clients(job, Path(folder))
        try:
            done = outbox.publish(clients.warehouse(), clients.publications(), job.clock)
        except CostError as error:
            done = outbox.Published((), (), (error,))
    _tell(done, job)
    found = {"published": len(done.rows), "unpublished": len(done.left)}
    return {name: count for name, count in found.items() if count}


def _tell(done: "Published", job: Job) -> None:
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


def _clients(job: Job, folder: Path) -> NativeClients:
    scratch = importlib.import_module("handlers.runtimes.clients").Scratch
    return cast(
        "NativeClients", job.clients(job.settings, scratch(folder, job.clock, job.remaining))
    )


NATIVE_RUNNERS: Mapping[Run, Runner] = MappingProxyType(
    {Run.DAILY: collect, Run.COLLECT: collect, Run.MIGRATE: migrate}
)
"""The commands of a cloud's own runtime; everything over all clouds is the hub's."""
