"""``python -m infra rollback``: one stage back."""

from typing import TypedDict, Unpack

import click

from handlers.errors import UsageError
from infra.apis.addresses import address_option
from infra.commands.moving import carry_out, opened, yes_option
from infra.commands.options import environment, stack_option
from infra.promotion.moves import planned
from infra.promotion.standing import standing


class Words(TypedDict):
    """What ``rollback`` was called with."""

    stack: str
    yes: bool
    changes: tuple[str, ...]


@click.command()
@stack_option
@yes_option
@address_option
def rollback(**words: Unpack[Words]) -> None:
    """Take the environment one stage back, or take back a move that has begun.

    Everybody is served from the other path before anything of this one goes. Back from 'native'
    the hub's own path is filled from the clouds' exports first. Back to 'single' the clouds' own
    warehouses leave the stack and stay in their cloud.
    """
    where = environment(words["stack"])
    where.require("gcp_project")
    here = opened(where, words["changes"])
    found = standing(here.hub)
    target = found.stage if found.begun else found.stage.previous
    if target is None:
        raise UsageError(f"{where.stack} is at '{found.stage}': there is no stage before it.")
    carry_out(here, planned(here, target), (), confirmed=words["yes"])
