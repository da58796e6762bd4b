"""Reconciling in a runtime: invoices, and what the job's own cloud says, against the loads."""

from handlers.messages import Command
from handlers.reconcile.books import Books
from handlers.reconcile.compare import Compared
from handlers.reconcile.run import Reconciled, askable
from handlers.reconcile.run import reconcile as reconcile_statements
from handlers.reconcile.statement import of_invoices
from handlers.record import Cloud
from handlers.runtimes.clients import own_scratch
from handlers.runtimes.jobs import Job, Outcome, Report
from handlers.runtimes.log import Severity, Step


def reconcile(command: Command, job: Job) -> Report:
    """Compare every loaded month of the job's cloud, or those that ``command`` names.

    The hub's own job, which has no access to a cloud's bills, compares invoices of all clouds.

    Raises:
        CostError: the cloud can't be asked, or the comparison can't be kept; nothing was kept.
    """
    with own_scratch(job.clock, job.remaining) as scratch:
        clients = job.clients(job.settings, scratch)
        warehouse, site = clients.warehouse(), clients.site()
        mine = job.settings.cloud or command.cloud
        clouds = tuple(Cloud) if mine is None else (mine,)
        with warehouse.open() as connection:
            loaded = [
                row
                for row in warehouse.loaded()
                if row.cloud_provider in clouds
                and (not command.periods or row.billing_period in command.periods)
            ]
            periods = sorted({row.billing_period for row in loaded})
            invoices = [
                each
                for each in of_invoices(site.invoices)
                if each.cloud in clouds and (not command.periods or each.period in command.periods)
            ]
            now = job.clock()
            said = clients.statements(askable(periods, now.date()))
            found = reconcile_statements([*invoices, *said], loaded, now)
            books = Books(clients.runner(connection), warehouse.name, site.rates)
            books.keep(found.compared, now)
    for each in found.compared:
        _tell(each, job)
    return _report(found)


def _tell(compared: Compared, job: Job) -> None:
    said = compared.statement
    parts = ", ".join(f"{part.reason} {part.difference:f}" for part in compared.parts)
    job.log.line(
        Severity.INFO if compared.is_explained else Severity.WARNING,
        f"{said.cloud} {said.scope} {said.period:%Y-%m}: {said.said_by} differs by"
        f" {compared.difference:f} {said.currency} ({parts or 'nothing'})",
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
