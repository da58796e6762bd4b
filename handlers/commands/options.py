"""Options that several commands take, and what their words mean."""

from pathlib import Path

import click

from handlers.errors import UsageError
from handlers.record import Cloud
from handlers.site import Site, default_site_folder, load_site

DEFAULT_WAREHOUSE = "duckdb:build/costs.duckdb"

warehouse_option = click.option(
    "--warehouse",
    "warehouse",
    default=DEFAULT_WAREHOUSE,
    show_default=True,
    metavar="KIND:PLACE",
    help="Where the tables are.",
)
site_option = click.option(
    "--site",
    "site_folder",
    type=click.Path(path_type=Path),
    help="Folder of the site data. [default: ACM_SITE, else site/ if it is there]",
)
cloud_option = click.option(
    "--cloud",
    "clouds",
    multiple=True,
    type=click.Choice([cloud.lower() for cloud in Cloud]),
    help="Only this cloud; can be given several times.",
)
period_option = click.option(
    "--period",
    "periods",
    multiple=True,
    metavar="YYYY-MM",
    help="Only this billing period; can be given several times.",
)


def warehouse_path(warehouse: str) -> Path:
    """The file of an embedded warehouse.

    Raises:
        UsageError: it is not ``duckdb:PATH``.
    """
    kind, _, place = warehouse.partition(":")
    if kind != "duckdb" or not place:
        raise UsageError(
            f"'{warehouse}' is not a warehouse: write duckdb:PATH, like {DEFAULT_WAREHOUSE}."
        )
    return Path(place)


def chosen_clouds(words: tuple[str, ...]) -> tuple[Cloud, ...]:
    """The clouds that were named; all when none was."""
    return tuple(cloud for cloud in Cloud if not words or cloud.lower() in words)


def chosen_site(folder: Path | None) -> Site:
    """The site data of ``folder``, or of the default folder."""
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder}: there is no such site folder. See: site example DIR.")
    return load_site(folder or default_site_folder())
