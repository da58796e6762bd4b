"""``python -m infra run``: send a job its message now, and follow what comes of it."""

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TypedDict, Unpack

import click

from handlers.messages import Run
from handlers.record import Cloud
from handlers.serving import Path
from infra.apis.addresses import address_option, addresses
from infra.apis.google import GoogleLogin
from infra.apis.hub import Hub
from infra.commands.options import environment, stack_option
from infra.jobs.awaited import awaited
from infra.jobs.following import End, Follower
from infra.jobs.native import Natives
from infra.jobs.targets import Target, message, waves

BAD = frozenset({End.HELD, End.FAILED, End.LATE})
"""Ends that a person should look at."""


class Words(TypedDict):
    """What ``run`` was called with."""

    command: str
    stack: str
    cloud: str | None
    path: str | None
    periods: tuple[str, ...]
    minutes: int
    changes: tuple[str, ...]
    reclassify: bool
    from_archive: bool
    quarantine: bool
    accept: str | None
    reject: str | None
    by: str | None
    reason: str | None


@click.command()
@click.argument("command", type=click.Choice([str(run) for run in Run]))
@stack_option
@click.option(
    "--cloud", type=click.Choice([cloud.lower() for cloud in Cloud]), help="Only its job."
)
@click.option(
    "--path",
    type=click.Choice([str(path) for path in Path]),
    help="Phase 2: only the hub's jobs, or only the clouds' own collectors. [default: both]",
)
@click.option(
    "--period",
    "periods",
    multiple=True,
    metavar="MONTH",
    help="2026-01, or 2026-01..2026-09; may be given more than once. [default: what is due]",
)
@click.option("--reclassify", is_flag=True, help="Load closed months again by today's rules.")
@click.option("--from-archive", is_flag=True, help="Read the archive instead of the cloud.")
@click.option("--quarantine", is_flag=True, help="Set lines aside that can't be parsed.")
@click.option("--accept", metavar="LOAD", help="Let in a load that is held.")
@click.option("--reject", metavar="LOAD", help="Keep out a load that is held.")
@click.option("--by", help="Who decides; goes into the ledger.")
@click.option("--reason", help="Why; goes into the ledger.")
@click.option(
    "--deadline",
    "minutes",
    type=click.IntRange(0, 120),
    default=15,
    show_default=True,
    help="Minutes to follow; 0 only sends.",
)
@address_option
def run(**words: Unpack[Words]) -> None:
    """Send COMMAND to its job and follow the ledger until the load is there.

    Exit code 0: it is done, or there was nothing to read. 1: it failed, a load waits for a
    decision, or the deadline came first.
    """
    where = environment(words["stack"])
    where.require("gcp_project")
    command = Run(words["command"])
    cloud = next((one for one in Cloud if one.lower() == words["cloud"]), None)
    options: dict[str, object] = {
        "reclassify": words["reclassify"],
        "from_archive": words["from_archive"],
        "quarantine": words["quarantine"],
        "accept": words["accept"],
        "reject": words["reject"],
        "by": words["by"],
        "reason": words["reason"],
    }
    said = message(command, cloud, words["periods"], options)
    path = Path(words["path"]) if words["path"] else None
    known = addresses(words["changes"])
    hub = Hub(where.settings.gcp, GoogleLogin.find(known))
    natives = Natives(where.settings, known, hub)
    follower = Follower(hub, natives, now, pause, click.echo)
    ends: list[End] = []
    for wave in waves(where.settings, command, cloud, path):
        followed = follower.send(wave, said, timedelta(minutes=words["minutes"]))
        for target, end in zip(wave, followed, strict=False):
            tell(target, end)
        ends += followed
    if BAD & set(ends):
        sys.exit(1)


def tell(target: Target, end: End) -> None:
    """What to do now, where that is not plain."""
    name = target.job.name
    if end is End.NO_DATA and target.cloud is not None:
        click.echo(f"{name}: {awaited(target.cloud)}")
    elif end is End.HELD and target.cloud is not None:
        click.echo(
            f"{name}: a load waits for a decision: python -m infra run collect "
            f"--cloud {target.cloud.lower()} --accept LOAD --by WHO --reason WHY (or --reject)"
        )
    elif end is End.FAILED:
        click.echo(f"{name}: unless the message is wrong, it is sent again within minutes.")


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


def pause(length: timedelta) -> None:
    """Wait."""
    time.sleep(length.total_seconds())
