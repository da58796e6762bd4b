"""The hub's own job gives each customer that the site data names its own rows."""

from handlers.messages import Command
from handlers.runtimes.clients import own_scratch
from handlers.runtimes.jobs import Job, Outcome, Report
from handlers.sharing import recent_months, share, target_at


def share_rows(command: Command, job: Job) -> Report:
    """Write the rows of the months that were asked for, else of those that may have changed.

    Raises:
        CostError: the tables or the site data can't be read, or a customer's rows not written.
    """
    with own_scratch(job.clock, job.remaining, job.tell) as scratch:
        clients = job.clients(job.settings, scratch)
        shares = clients.site().shares
        if not shares.shares:
            return Report(Outcome.NO_DATA, "The site data shares nothing.")
        months = command.periods or tuple(recent_months(job.clock().date()))
        with clients.warehouse().open() as connection:
            done = share(clients.runner(connection), shares, months, target_at)
    files = sum(len(each.written) for each in done)
    message = f"{len(done)} customers have their rows; {files} files changed."
    return Report(Outcome.DONE, message, {"customers": len(done), "files": files})
