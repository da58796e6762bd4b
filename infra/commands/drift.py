"""``python -m infra drift``: what was changed behind Pulumi's back."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from infra.drift.compare import Drift, compare
from infra.promotion.pulumi_engine import PulumiEngine, whole_preview
from infra.stack_file import ROOT

DRIFTED = 2
"""The exit code where something drifted; 1 is a drift that could not be looked for."""


@click.command()
@click.option("--stack", required=True, metavar="NAME", help="The stack to look at.")
@click.option(
    "--json",
    "written",
    type=click.Path(path_type=Path),
    help="Write what was found here, too, as JSON.",
)
@click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=ROOT,
    hidden=True,
)
def drift(stack: str, written: Path | None, folder: Path) -> None:
    """Look at what stands in the clouds, and report what is not as the stack's program made it.

    Reads only: neither a cloud nor the state changes. What waits for its `pulumi up` is listed
    apart. Exit code 0 means no drift, 2 that something drifted, 1 that it could not be told.
    """
    engine = PulumiEngine(stack, folder, say=_unheard)
    believed = whole_preview(engine.preview(), "drift")
    refreshed = whole_preview(engine.refreshed_preview(), "drift")
    found = compare(believed, refreshed)
    if written is not None:
        written.write_text(json.dumps(found.document(), indent=2) + "\n", encoding="utf-8")
    for line in report(found):
        click.echo(line)
    if found.drifted:
        sys.exit(DRIFTED)


def report(found: Drift) -> Iterator[str]:
    """What a person reads, also as Markdown."""
    if not found.drifted:
        yield f"{found.stack}: no drift."
    else:
        count = len(found.drifted)
        yield (
            f"{found.stack}: {count} resource{'s are' if count > 1 else ' is'} not as the program"
            " made them. 'pulumi up --refresh' sets them right; what was meant goes into the"
            " program or the stack's file."
        )
        yield ""
        yield from (f"- {each}" for each in found.drifted)
    if found.pending:
        yield ""
        yield "Waiting for 'pulumi up', which is no drift:"
        yield ""
        yield from (f"- {each.op} {each.name}" for each in found.pending)


def _unheard(line: str) -> None:
    """The engine's own words go nowhere: the report is made of its JSON."""
