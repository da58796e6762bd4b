"""``python -m infra status``: what each job did last, when it runs next, what is awaited."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import click

from handlers.ledger import Status
from handlers.serving import Path
from infra.apis.addresses import address_option, addresses
from infra.apis.google import GoogleLogin
from infra.apis.hub import Hub, Row
from infra.apis.login import LoginError
from infra.apis.web import Refused
from infra.commands.options import environment, stack_option
from infra.jobs.awaited import awaited
from infra.jobs.following import LOG_READERS, question
from infra.jobs.log import ENDS, Line, lines
from infra.jobs.native import Natives
from infra.jobs.schedule import next_run
from infra.jobs.targets import Target, targets

LOOK_BACK = timedelta(days=7)
"""How far back the jobs' log is read: a weekly schedule is the slowest there is."""


@click.command()
@stack_option
@address_option
def status(stack: str, changes: tuple[str, ...]) -> None:
    """Show each job: its last run and loads, its next run, and what is awaited."""
    where = environment(stack)
    where.require("gcp_project")
    known = addresses(changes)
    hub = Hub(where.settings.gcp, GoogleLogin.find(known))
    natives = Natives(where.settings, known, hub)
    now = datetime.now(UTC)
    jobs = targets(where.settings)
    rows = hub.ask(question("last"), {})
    ends = last_ends(hub, [each for each in jobs if each.path is Path.HUB], now)
    for target in jobs:
        mine = [
            row
            for row in rows
            if target.cloud
            and (row["cloud_provider"], row["warehouse"]) == (target.cloud, target.warehouse)
        ]
        own = ends if target.path is Path.HUB else native_ends(natives, target, now)
        for line in about(target, mine, own, now):
            click.echo(line)


def last_ends(hub: Hub, jobs: Sequence[Target], now: datetime) -> Mapping[str, Line] | None:
    """How the last attempt of each job ended, by its name; None where the log may not be read."""
    since = f"{now - LOOK_BACK:%Y-%m-%dT%H:%M:%SZ}"
    names = [target.job.name for target in jobs]
    try:
        wanted = {"job": names, "step": [str(step) for step in ENDS]}
        found = lines(hub.login, hub.settings.project, wanted, since)
    except Refused as error:
        if error.status != 403:
            raise
        return None
    return {line.job: line for line in reversed(found)}


def native_ends(natives: Natives, target: Target, now: datetime) -> Mapping[str, Line] | None:
    """The same of a cloud's own collector; None also where nobody is logged in to its cloud."""
    try:
        found = natives.ends(target, f"{now - LOOK_BACK:%Y-%m-%dT%H:%M:%SZ}")
    except LoginError:
        return None
    except Refused as error:
        if error.status not in (403, 404):
            raise
        return None
    return {line.job: line for line in reversed(found)}


def about(
    target: Target, rows: Sequence[Row], ends: Mapping[str, Line] | None, now: datetime
) -> Iterator[str]:
    """What there is to say of one job."""
    job = target.job
    own = ", its own warehouse" if target.path is Path.NATIVE else ""
    yield f"{job.name} ({target.cloud or 'the hub'}{own})"
    if ends is None:
        needed = LOG_READERS[target.path]
        yield f"  last run   not known: this login may not read the log ({needed})"
    elif last := ends.get(job.name):
        yield f"  last run   {last.at} UTC  {last.outcome or last.step}: {last.message}"
    else:
        yield f"  last run   none in the last {LOOK_BACK.days} days"
    for row in rows:
        yield f"  {'last load':<9}  {_load(row)}"
    following = next_run(job.schedule, now)
    yield f"  next run   {f'{following:%Y-%m-%d %H:%M} UTC' if following else 'never'}"
    for text in _awaited(target, rows):
        yield f"  awaited    {text}"


def _load(row: Row) -> str:
    text = f"{row['finished']} UTC  {row['status']}  {row['scope']}  {row['period']}"
    if row["loaded_rows"] is not None:
        text += f"  {int(row['loaded_rows']):,} rows  {row['cost_usd']} USD"
    if row["data_through"]:
        text += f"  complete through {row['data_through']}"
    return f"{text}  {row['error']}" if row["error"] else text


def _awaited(target: Target, rows: Sequence[Row]) -> Iterator[str]:
    if target.cloud is None:
        return
    if not any(row["status"] == Status.LOADED for row in rows):
        yield awaited(target.cloud)
    for row in rows:
        if row["status"] == Status.HELD:
            yield (
                f"a decision about {row['period']} of {row['scope']}: python -m infra run collect "
                f"--cloud {target.cloud.lower()} --accept {row['load_id']} --by WHO --reason WHY "
                "(or --reject)"
            )
