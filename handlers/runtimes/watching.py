"""What the hub does once the day's bills are in: anomalies, then the alerts that read them."""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass

from handlers.alerts import State, evaluate, log_firings
from handlers.alerts.budgets import replace_budgets
from handlers.alerts.runner import Runner
from handlers.anomalies import refresh
from handlers.messages import Command
from handlers.runtimes.clients import own_scratch
from handlers.runtimes.jobs import Job, Outcome, Report
from handlers.site import Site


@dataclass(frozen=True)
class _Hub:
    runner: Runner
    site: Site


def anomalies(command: Command, job: Job) -> Report:
    """Compare each complete day with what was expected of it.

    Raises:
        CostError: the tables or the site data can't be read or written; nothing was changed.
    """
    del command
    with _hub(job) as hub:
        done = refresh(hub.runner, job.clock(), hub.site.events)
    if done.first is None:
        return Report(Outcome.NO_DATA, "No bill was loaded yet.")
    return Report(Outcome.DONE, f"Days from {done.first} to {done.last} were compared.")


def alerts(command: Command, job: Job) -> Report:
    """Ask every rule; each that fires is a line in the log, a warning while it is new.

    Raises:
        CostError: the tables or the site data can't be read or written.
    """
    del command
    with _hub(job) as hub:
        replace_budgets(hub.runner, hub.site.budgets)
        firings = evaluate(hub.runner, job.clock(), job.settings.grafana_url)
    log_firings(firings, job.log)
    firing = [each for each in firings if each.state is State.FIRING]
    new = sum(each.is_new for each in firing)
    message = f"{len(firing)} alerts fire, {new} of them new."
    return Report(Outcome.DONE, message, {"firing": len(firing), "new": new})


@contextlib.contextmanager
def _hub(job: Job) -> Generator[_Hub]:
    with own_scratch(job.clock, job.remaining, job.tell) as scratch:
        clients = job.clients(job.settings, scratch)
        site = clients.site()
        with clients.warehouse().open() as connection:
            yield _Hub(clients.runner(connection), site)
