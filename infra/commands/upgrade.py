"""``python -m infra upgrade``: what this version would do to an environment."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import click

from handlers.commands.stores import HUB
from handlers.commands.watching import moment_of, now_option
from handlers.errors import CostError
from infra.apis.addresses import Addresses, address_option, addresses
from infra.apis.web import Api
from infra.commands.options import Environment, environment, stack_option
from infra.doctor.examination import Place
from infra.doctor.grafana import token_of
from infra.grafana_settings import Hosting
from infra.guard.preview import Change, Preview
from infra.promotion.pulumi_engine import PulumiEngine, whole_preview
from infra.upgrade.dollars import moved, told
from infra.upgrade.edited import edited
from infra.upgrade.steps import Step, Waiting, waiting

SOMETHING = 2
"""The exit code where something waits, moves or was edited; 1 is what could not be told."""
SHOWN = 6
"""Names of a step that are written out."""


@click.command()
@stack_option
@click.option(
    "--warehouse",
    default=HUB,
    show_default=True,
    metavar="KIND:PLACE",
    help="Whose archive the dollars are told from.",
)
@click.option(
    "--site", metavar="PLACE", help="The site data: a folder, or gs://BUCKET. [default: the hub's]"
)
@now_option
@address_option
def upgrade(
    stack: str,
    warehouse: str,
    site: str | None,
    moment: str | None,
    changes: tuple[str, ...],
) -> None:
    """Show what this version would do to an environment, before anything is applied.

    Three things: what waits for an update, with the commands in the order that they have to be run
    in (the hub's tables, collectors, the clouds' own tables, views, dashboards); the dollars that
    its catalog would move over the last three periods; and the dashboards that somebody edited in
    Grafana, which an update writes over. Nothing is changed. Exit code 0: there is nothing to do;
    2: there is; 1: something could not be told.
    """
    where = environment(stack)
    where.require("gcp_project")
    known = addresses(changes)
    now = moment_of(moment)
    preview = _preview(where)
    steps = waiting(preview, has_natives=where.settings.stage.fills_native_path)
    parts: tuple[tuple[str, Callable[[], Part]], ...] = (
        ("Order", lambda: _order(steps)),
        ("Dollars", lambda: _dollars(where, warehouse, site, now)),
        ("Dashboards", lambda: _edits(where, known, preview, now)),
    )
    codes = {_shown(title, part) for title, part in parts}
    sys.exit(1 if 1 in codes else max(codes))


@dataclass(frozen=True)
class Part:
    """What there is to say of one of the three, and whether anything is to be done about it."""

    is_something: bool
    lines: Sequence[str]


def _shown(title: str, part: Callable[[], Part]) -> int:
    """Write one part; its exit code. One that can't be told keeps no other from being told."""
    click.echo(f"{title}:")
    try:
        found = part()
    except CostError as error:
        click.echo(f"  not known: {error}")
        return 1
    for line in found.lines:
        click.echo(f"  {line}")
    return SOMETHING if found.is_something else 0


def _preview(where: Environment) -> Preview:
    engine = PulumiEngine(where.stack, where.file.resolve().parent, say=lambda _: None)
    return whole_preview(engine.preview(), "the upgrade")


def _order(steps: Waiting) -> Part:
    commands = [f"{number}. {command}" for number, command in enumerate(steps.commands(), start=1)]
    if not commands:
        return Part(False, ["Everything is as this version has it."])
    lines = [f"{step}: {_names(steps.changes[step])}" for step in Step]
    return Part(True, [*lines, "Run, each after the one before has ended:", *commands])


def _names(changes: Sequence[Change]) -> str:
    names = [f"{change.op} {change.name}" for change in changes]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more or "as they are"


def _dollars(where: Environment, warehouse: str, site: str | None, now: datetime) -> Part:
    found = moved(warehouse, site, where.settings.gcp, lambda: now)
    return Part(bool(found.moves or found.unread), list(told(found)))


def _edits(where: Environment, known: Addresses, preview: Preview, now: datetime) -> Part:
    if where.settings.grafana.hosting is not Hosting.EXTERNAL:
        return Part(False, ["They are files in Grafana's own image, which nobody can edit."])
    token = token_of(Place(where, known, now))
    url = known["grafana"] or where.settings.grafana.url.rstrip("/")
    found = list(edited(preview, Api(url, lambda: token)))
    return Part(bool(found), [str(each) for each in found] or ["None was edited in Grafana."])
