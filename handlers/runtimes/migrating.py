"""Bringing the tables up to this version, or saying what is missing there."""

from handlers.messages import Command
from handlers.runtimes.clients import own_scratch
from handlers.runtimes.jobs import Job, Outcome, Report


def migrate(command: Command, job: Job) -> Report:
    """``Warehouse.migrate``: a warehouse of its own is changed, BigQuery's tables are compared.

    Raises:
        WarehouseError: names every table and column that is missing or has another type.
    """
    del command
    with own_scratch(job.clock, job.remaining, job.tell) as scratch:
        clients = job.clients(job.settings, scratch)
        warehouse = clients.warehouse()
        with warehouse.open():  # a file is written by whoever has it open
            warehouse.migrate()
    return Report(Outcome.DONE, f"The tables of {warehouse.name} are as this version has them.")
