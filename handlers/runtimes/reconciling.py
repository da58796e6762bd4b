"""Reconciling in a runtime: invoices, and what the job's own cloud says, against the loads."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from handlers.errors import CostError
from handlers.messages import Command
from handlers.reconcile.asked import Answers
from handlers.reconcile.books import Books
from handlers.reconcile.compare import Compared
from handlers.reconcile.run import Reconciled, Wanted, reconcile_bills
from handlers.record import Cloud
from handlers.runtimes.clients import Clients, own_scratch
from handlers.runtimes.jobs import Job, Outcome, Report, RunFailed
from handlers.runtimes.log import Severity, Step


def reconcile(command: Command, job: Job) -> Report:
    """Compare every loaded month of the job's cloud, or those that ``command`` names.

    The hub's own job, which has no access to a cloud's bills, compares invoices of all clouds.

    Raises:
        CostError: the comparison can't be kept.
        RunFailed: a scope could not be asked; all that could be compared is kept.
    """
    with own_scratch(job.clock, job.remaining, job.tell) as scratch:
        clients = job.clients(job.settings, scratch)
        warehouse, site = clients.warehouse(), clients.site()
        mine = job.settings.cloud or command.cloud
        wanted = Wanted(tuple(Cloud) if mine is None else (mine,), command.periods)
        with warehouse.open() as connection:
            books = Books(clients.runner(connection), warehouse.name, site.rates)
            found = reconcile_bills(
                wanted,
                warehouse.loaded(),
                site.invoices,
                partial(_ask, clients),
                books,
                job.clock(),
            )
    for each in found.compared:
        _tell(each, job)
    for line in found.refusals:
        job.log.line(Severity.WARNING, f"could not be asked: {line}", step=Step.BILL)
    report = _report(found)
    if found.refusals:
        raise RunFailed("\n".join((report.message, *found.refusals)), report.details)
    return report


def _ask(clients: Clients, periods: Sequence[date]) -> Answers:
    """What the job's cloud says, or that it says nothing."""
    try:
        return clients.statements(periods)
    except CostError as error:
        return Answers(refusals=(" ".join(str(error).split()),))


def _tell(compared: Compared, job: Job) -> None:
    said = compared.statement
    parts = ", ".join(f"{part.reason} {part.difference:f}" for part in compared.parts)
    job.log.line(
        Severity.INFO if compared.is_explained else Severity.WARNING,
        f"{said.cloud} {said.scope} {said.period:%Y-%m}{compared.published_by}: {said.said_by}"
        f" differs by {compared.difference:f} {said.currency} ({parts or 'nothing'})",
        step=Step.BILL,
        load_id=compared.load.load_id,
        stated=said.total,
        loaded=compared.loaded,
        difference=compared.difference,
    )


def _report(found: Reconciled) -> Report:
    unexplained = sum(not each.is_explained for each in found.compared)
    details: dict[str, object] = {
        "compared": len(found.compared),
        "unexplained": unexplained,
        "unloaded": len(found.unloaded),
        "unlike": len(found.unlike),
        "unstated": len(found.unstated),
    }
    outcome = Outcome.DONE if found.compared else Outcome.NO_DATA
    message = f"{len(found.compared)} statements were compared, {unexplained} differ unexplained."
    return Report(outcome, message, details)
