"""What ``promote`` and ``rollback`` share: the environment, and saying what will be done."""

import getpass
import socket
from collections.abc import Sequence

import click

from handlers.alerts import Hub as HubNames
from handlers.alerts.bigquery import BigQueryRunner
from handlers.errors import UsageError
from handlers.record import Cloud
from handlers.serving import NATIVE_WAREHOUSES
from infra.apis.addresses import addresses
from infra.apis.aws import Aws
from infra.apis.azure import AzureLogin
from infra.apis.google import GoogleLogin
from infra.apis.hub import Hub
from infra.commands.options import Environment as StackEnvironment
from infra.commands.run import now, pause
from infra.promotion.collectors import CloudCollectors
from infra.promotion.environment import Environment
from infra.promotion.moves import make, preflight, steps_of
from infra.promotion.pulumi_engine import PulumiEngine
from infra.promotion.readers import JobHistory
from infra.promotion.standing import Move

yes_option = click.option(
    "--yes", is_flag=True, help="Do it. Without it, only what would be done is shown."
)


def opened(where: StackEnvironment, changes: Sequence[str]) -> Environment:
    """The environment of the stack, as whoever is logged in here.

    Raises:
        LoginMissing, LoginExpired: the logins of Google, and of each cloud with its own warehouse.
    """
    settings, known = where.settings, addresses(changes)
    hub = Hub(settings.gcp, GoogleLogin.find(known))
    names = HubNames(
        project=settings.gcp.project,
        dataset=settings.gcp.dataset,
        location=settings.gcp.bigquery_location,
    )
    aws = Aws.find(settings.aws.region) if settings.aws else None
    azure = AzureLogin.find(known, settings.azure.tenant) if settings.azure else None
    return Environment(
        engine=PulumiEngine(where.stack, where.file.resolve().parent, click.echo),
        collectors=CloudCollectors(settings, hub, aws, azure),
        readers=JobHistory(hub),
        hub=BigQueryRunner(hub, names, "promotion"),
        clouds=_clouds(where),
        parity_days=settings.parity_days,
        by=f"{getpass.getuser()}@{socket.gethostname()}",
        clock=now,
        pause=pause,
        say=click.echo,
    )


def _clouds(where: StackEnvironment) -> tuple[Cloud, ...]:
    settings = where.settings
    read = {Cloud.AWS: settings.aws, Cloud.AZURE: settings.azure}
    found = tuple(cloud for cloud in NATIVE_WAREHOUSES if read[cloud] is not None)
    if not found:
        raise UsageError(
            "This environment reads neither AWS nor Azure: Google's bills have one path, so there"
            " is nothing to promote."
        )
    return found


def carry_out(
    environment: Environment, move: Move, acknowledged: Sequence[str], *, confirmed: bool
) -> None:
    """Check the move, tell its steps, and make it if it is ``confirmed``.

    Raises:
        MoveBlocked: with each reason; the steps are told all the same.
        CostError: a step failed.
    """
    click.echo(f"{environment.engine.stack}: {move}")
    for number, step in enumerate(steps_of(environment, move), start=1):
        click.echo(f"  {number}. {step.told}")
    preflight(environment, move, acknowledged)
    if not confirmed:
        click.echo("Nothing stands against it. Add --yes to do it; nothing was changed.")
        return
    make(environment, move)
