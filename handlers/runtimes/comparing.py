"""Parity in the hub's own job: both paths of every bill, each day and on request."""

from handlers.messages import Command
from handlers.parity import Books, Status, compare
from handlers.parity.books import total_in_transit
from handlers.record import Cloud
from handlers.runtimes.clients import own_scratch
from handlers.runtimes.jobs import Job, Outcome, Report
from handlers.runtimes.log import Severity, Step


def parity(command: Command, job: Job) -> Report:
    """Compare every bill of the clouds with two paths; what is compared whole is kept.

    A bill that differs is an error in the log, which an alarm looks at.

    Raises:
        CostError: the hub can't be asked, or the comparison can't be kept.
    """
    clouds = tuple(Cloud) if command.cloud is None else (command.cloud,)
    with own_scratch(job.clock, job.remaining, job.tell) as scratch:
        clients = job.clients(job.settings, scratch)
        with clients.warehouse().open() as connection:
            runner = clients.runner(connection)
            bills = compare(runner, clouds, command.periods)
            if not command.periods:
                Books(runner).keep(bills, job.clock())
    for bill in bills:
        if bill.status is Status.DIFFERENT:
            job.log.line(
                Severity.ERROR,
                f"{bill}: the paths differ in {len(bill.differences)} groups of load"
                f" {bill.compared}",
                step=Step.BILL,
                load_id=bill.compared,
                became=bill.status.value,
            )
    counts = {status: sum(bill.status is status for bill in bills) for status in Status}
    said = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items())
    details: dict[str, object] = {status.value: count for status, count in counts.items()}
    details["in_transit_usd"] = total_in_transit(bills)
    if not bills:
        return Report(Outcome.NO_DATA, "No cloud's own warehouse has published anything.")
    return Report(Outcome.DONE, f"Of the bills on both paths are {said}.", details)
