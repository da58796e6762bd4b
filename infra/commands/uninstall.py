"""``python -m infra uninstall``: take an environment down and keep its data."""

import os
from datetime import datetime

import click

from infra.apis.addresses import Addresses, address_option, addresses
from infra.apis.aws import Aws
from infra.apis.azure import AzureLogin
from infra.commands.options import Environment, environment, stack_option
from infra.commands.run import now, pause
from infra.stages import Phase
from infra.uninstall.copies import RedshiftSnapshot, SqlCopy
from infra.uninstall.pulumi_engine import PulumiEngine
from infra.uninstall.removal import Asked, LastCopy, remove


@click.command()
@stack_option
@click.option("--yes", "said", metavar="NAME", help="The stack's name, instead of typing it.")
@address_option
def uninstall(stack: str, said: str | None, changes: tuple[str, ...]) -> None:
    """List what stays, ask for the stack's name, take last copies, and delete the rest.

    What holds data is protected and stays. In CI it is refused without --yes NAME.
    """
    where = environment(stack)
    where.require("gcp_project")
    engine = PulumiEngine(where.stack, where.file.resolve().parent, click.echo)
    asked = Asked(os.environ, _typed, said)
    remove(engine, copies(where, addresses(changes), now()), asked, click.echo)


def copies(where: Environment, known: Addresses, at: datetime) -> list[LastCopy]:
    """The last copies that this environment has something to make of.

    Raises:
        LoginMissing, LoginExpired: a cloud's login.
    """
    settings = where.settings
    found: list[LastCopy] = []
    if settings.phase < Phase.NATIVE:
        return found
    if settings.aws:
        account = settings.aws.redshift.account
        [home] = [scope for scope in settings.aws.scopes if scope.id == account]
        aws = Aws.find(settings.aws.region).through(home.role)
        found.append(RedshiftSnapshot(aws, at, pause))
    if settings.azure:
        login = AzureLogin.find(known, settings.azure.tenant)
        found.append(SqlCopy(login.api(), settings.azure, at, pause))
    return found


def _typed() -> str:
    return click.prompt("To go on, type the stack's name")
