"""``python -m infra promote``: where an environment stands, and the next stage."""

from decimal import Decimal
from typing import TypedDict, Unpack

import click

from handlers.parity import green_days
from infra.apis.addresses import address_option
from infra.commands.moving import carry_out, opened, yes_option
from infra.commands.options import Environment as StackEnvironment
from infra.commands.options import environment, stack_option
from infra.commands.plan import recorded
from infra.cost import estimate, read_prices
from infra.promotion.environment import Environment
from infra.promotion.gates import blockers
from infra.promotion.moves import planned
from infra.promotion.standing import Standing, check_file, standing
from infra.promotion.triggers import triggers
from infra.stack_file import as_text
from infra.stages import PilotOfNobody, Stage, keys_of


class Words(TypedDict):
    """What ``promote`` was called with."""

    stack: str
    target: str | None
    customers: tuple[str, ...]
    acknowledged: tuple[str, ...]
    yes: bool
    changes: tuple[str, ...]


@click.command()
@stack_option
@click.option("--to", "target", type=click.Choice([str(stage) for stage in Stage]), help="A stage.")
@click.option(
    "--customer", "customers", multiple=True, metavar="ID", help="A customer of the pilot."
)
@click.option(
    "--acknowledge",
    "acknowledged",
    multiple=True,
    metavar="EMAIL",
    help="A reader of unified_costs who knows that no new costs of AWS and Azure come there.",
)
@yes_option
@address_option
def promote(**words: Unpack[Words]) -> None:
    """Show where the environment stands, or take it to the next stage with --to.

    The stages are single, dual, pilot, all and native. A move that was broken off is gone on with
    by the same command. Exit code 1 when something stands against the move or a step failed.
    """
    where = environment(words["stack"])
    where.require("gcp_project")
    here = opened(where, words["changes"])
    if words["target"] is None:
        show(where, here)
        return
    move = planned(here, Stage(words["target"]), words["customers"])
    carry_out(here, move, words["acknowledged"], confirmed=words["yes"])
    if words["yes"]:
        click.echo(_next(where.stack, standing(here.hub)))


def show(where: StackEnvironment, here: Environment) -> None:
    """Tell the stage, the days of agreement, what blocks the next one, and why to move at all."""
    found = standing(here.hub)
    since = f" since {found.since:%Y-%m-%d %H:%M} UTC" if found.since else ""
    click.echo(f"{where.stack} is at '{found.stage}'{since}.")
    check_file(found, here.engine.keys())
    if found.begun:
        click.echo(f"The move {found.begun} has begun and not ended.")
    if found.stage is not Stage.SINGLE:
        _agreement(here)
    stages = (Stage.SINGLE, Stage.DUAL, Stage.NATIVE)
    costs = {stage: _cost(where, stage) for stage in stages}
    for trigger in triggers(where.settings, costs, here.hub, here.clock().date()):
        click.echo(str(trigger))
    _blocked(here, found)
    click.echo(_next(where.stack, found))


def _cost(where: StackEnvironment, stage: Stage) -> Decimal:
    keys = {key: as_text(value) for key, value in keys_of(stage).items()}
    return estimate(recorded({**where.values, **keys}), read_prices()).total


def _agreement(here: Environment) -> None:
    for cloud in here.clouds:
        days = green_days(here.hub, cloud, here.clock().date())
        click.echo(f"{cloud}: the paths agreed on {days} days in a row, of {here.parity_days}.")


def _blocked(here: Environment, found: Standing) -> None:
    target = found.begun.target if found.begun else found.stage.next
    if target is None:
        return
    try:
        stopped = blockers(here, planned(here, target))
    except PilotOfNobody:
        return  # whom it is about is not said yet
    for each in stopped:
        click.echo(f"blocks '{target}': {each}")


def _next(stack: str, found: Standing) -> str:
    if found.begun:
        return f"Next: python -m infra promote --stack {stack} --to {found.begun.target}"
    if found.stage.next is None:
        return "There is no further stage."
    of_whom = " --customer ID" if found.stage.next is Stage.PILOT else ""
    return f"Next: python -m infra promote --stack {stack} --to {found.stage.next}{of_whom}"
