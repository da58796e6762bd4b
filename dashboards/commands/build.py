"""``build``: write the dashboards' JSON."""

from pathlib import Path

import click

from dashboards.commands.hub_options import chosen_hub, hub_options
from dashboards.documents import documents
from handlers.errors import UsageError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default="build/dashboards")
@hub_options
def build(
    folder: Path, *, project: str, dataset: str, location: str, clouds: tuple[str, ...]
) -> None:
    """Write each dashboard's JSON to FOLDER (build/dashboards), for a hub in BigQuery."""
    hub = chosen_hub(project=project, dataset=dataset, location=location, clouds=clouds)
    made = documents(hub)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for uid, text in made.items():
            (folder / f"{uid}.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {error.strerror}. Name another.") from None
    for uid in made:
        click.echo(folder / f"{uid}.json")
