"""Options that several commands take, and what their words mean."""

import importlib
import os
import tempfile
from pathlib import Path
from types import ModuleType

import click

from handlers.errors import UsageError
from handlers.record import Cloud
from handlers.site import SITE_VARIABLE, Site, default_site_folder, load_site

DEFAULT_WAREHOUSE = "duckdb:build/costs.duckdb"

warehouse_option = click.option(
    "--warehouse",
    "warehouse",
    default=DEFAULT_WAREHOUSE,
    show_default=True,
    metavar="KIND:PLACE",
    help="Where the tables are: duckdb:PATH; collect also takes bigquery, redshift and azuresql.",
)
site_option = click.option(
    "--site",
    "site_folder",
    metavar="PLACE",
    help="The site data: a folder, or gs://BUCKET/PREFIX. [default: ACM_SITE, else site/ if there]",
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


def is_bucket(place: str) -> bool:
    """Whether ``place`` names a bucket and not a folder."""
    return place.startswith("gs://")


def google_clients() -> ModuleType:
    """Google's clients, imported where the hub or a bucket is reached: they take half a second.

    Raises:
        UsageError: they are not installed.
    """
    try:
        return importlib.import_module("handlers.runtimes.google_clients")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The hub is reached with the package {error.name}, which is not installed here: run"
            " 'make setup', or install locks/google.txt."
        ) from None


def chosen_site(place: str | Path | None) -> Site:
    """The site data at ``place``, a folder or gs://BUCKET/PREFIX, or at the default place."""
    named = str(place or os.environ.get(SITE_VARIABLE, ""))
    if is_bucket(named):
        with tempfile.TemporaryDirectory(prefix="site-") as folder:
            return google_clients().site_at(named, Path(folder))
    folder = Path(place) if place else None
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder}: there is no such site folder. See: site example DIR.")
    return load_site(folder or default_site_folder())
