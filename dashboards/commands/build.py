"""``build``: write the dashboards' JSON."""

from pathlib import Path

import click

from dashboards.commands.hub_options import chosen_hub, hub_options
from dashboards.detail.pages import detail_documents
from dashboards.documents import documents
from handlers.errors import UsageError
from handlers.record import Cloud


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default="build/dashboards")
@hub_options
@click.option(
    "--detail",
    "detailed",
    multiple=True,
    type=click.Choice([cloud.lower() for cloud in Cloud]),
    help="A cloud whose own warehouse Grafana can ask, for its page in detail; several times.",
)
def build(
    folder: Path,
    *,
    project: str,
    dataset: str,
    location: str,
    clouds: tuple[str, ...],
    detailed: tuple[str, ...],
) -> None:
    """Write each dashboard's JSON to FOLDER (build/dashboards), for a hub in BigQuery."""
    hub = chosen_hub(project=project, dataset=dataset, location=location, clouds=clouds)
    pages = detail_documents(hub, [cloud for cloud in Cloud if cloud.lower() in detailed])
    made = {**documents(hub), **pages}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for uid, text in made.items():
            (folder / f"{uid}.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {error.strerror}. Name another.") from None
    for uid in made:
        click.echo(folder / f"{uid}.json")
