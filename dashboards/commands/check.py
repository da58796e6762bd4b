"""``check``: hold the dashboards against the linter's rules."""

import json
import sys
from pathlib import Path
from typing import cast

import click

from dashboards.commands.hub_options import chosen_hub
from dashboards.detail.pages import detail_documents
from dashboards.documents import documents
from dashboards.lint import Document, lint_all
from handlers.errors import UsageError
from handlers.record import Cloud


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Check the dashboards as built, or those in FILES; exit code 1 when a rule does not hold."""
    found: list[Document] = [_read(file) for file in files]
    found = found or [json.loads(text) for text in _built()]
    faults = lint_all(found)
    for fault in faults:
        click.echo(str(fault))
    panels = sum(len(document["panels"]) for document in found)
    click.echo(f"{len(found)} dashboards, {panels} panels, {len(faults)} faults")
    if faults:
        sys.exit(1)


def _built() -> list[str]:
    hub = chosen_hub(project="demo-project", dataset="multi_cloud_costs", location="US", clouds=())
    return [*documents(hub).values(), *detail_documents(hub, tuple(Cloud)).values()]


def _read(file: Path) -> Document:
    try:
        said: object = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise UsageError(f"{file} is not JSON: {error}.") from None
    document: Document = cast("Document", said) if isinstance(said, dict) else {}
    if not isinstance(document.get("panels"), list):
        raise UsageError(f"{file} is no dashboard: it has no list of panels.")
    return document
