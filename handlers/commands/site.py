"""``site``: check, show and change what a company tells the collector."""

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import click
from rich.console import Console
from rich.table import Table

from handlers.commands.answers import add_row
from handlers.commands.options import chosen_site, google_clients, is_bucket
from handlers.errors import UsageError
from handlers.periods import parse_period, period_of
from handlers.record import Cloud
from handlers.site import SITE_VARIABLE, Site, default_site_folder, load_site
from handlers.site.put import put_site, write_examples
from handlers.site.rates import rates_in_force

Command = TypeVar("Command", bound=Callable[..., None])


def _site_option(command: Command) -> Command:
    return click.option(
        "--site",
        "place",
        metavar="PLACE",
        default=_usual_place,
        help="The site data: a folder, or gs://BUCKET/PREFIX."
        f" [default: ${SITE_VARIABLE}, else site/ if it exists]",
    )(command)


def _usual_place() -> str | None:
    """What the environment names, a bucket too; else the usual folder if it is there."""
    named = os.environ.get(SITE_VARIABLE, "")
    folder = default_site_folder()
    return named if is_bucket(named) else str(folder) if folder is not None else None


@click.group()
def site() -> None:
    """What your company knows and the code does not: customers, budgets, rates, rules."""


@site.command()
@_site_option
def check(place: str | None) -> None:
    """Check every file of the site and say all that is wrong, with its remedy."""
    found = _loaded(place)
    click.echo(f"ok: {_name(place)}")
    for file, content in _counts(found):
        click.echo(f"  {file:<18} {content}")


@site.command()
@_site_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")
@click.option("--month", help="Rates and digests of this month, YYYY-MM. [default: this month]")
def show(place: str | None, form: str, month: str | None) -> None:
    """Show what is in force, shipped defaults included.

    A digest changes when something changes that a load of that cloud and month uses.
    """
    period = parse_period(month) if month else period_of(datetime.now(UTC).date())
    found = _loaded(place)
    if form == "json":
        click.echo(json.dumps(_facts(found, period), indent=2, default=str, ensure_ascii=False))
    else:
        _print_tables(found, period, _name(place))


@site.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def example(folder: Path) -> None:
    """Write a commented example of every site file into DIR; overwrites nothing."""
    for name in write_examples(folder):
        click.echo(f"wrote {folder / name}")
    click.echo("They change nothing yet: uncomment what you need, then 'site check'.")


@site.command()
@click.argument("source", type=click.Path(path_type=Path))
@_site_option
def put(source: Path, place: str | None) -> None:
    """Check SOURCE (a folder or one file) with the rest of the site, then copy it in."""
    if place is None:
        raise UsageError(f"There is no site folder yet: name one with --site or {SITE_VARIABLE}.")
    if is_bucket(place):
        with tempfile.TemporaryDirectory(prefix="site-") as folder:
            changed = google_clients().put_site_at(source, place, Path(folder))
    else:
        changed = put_site(source, Path(place))
    for name in changed:
        click.echo(f"put {place.rstrip('/')}/{name}")
    click.echo("In force with the next load." if changed else "Nothing to change.")


def _loaded(place: str | None) -> Site:
    """The site at ``place``; the shipped defaults when there is none."""
    if place is not None and is_bucket(place):
        return chosen_site(place)
    return load_site(Path(place) if place is not None else None)


def _name(place: str | None) -> str:
    return place or "no site folder, the shipped defaults are in force"


def _counts(found: Site) -> Iterator[tuple[str, str]]:
    """What each file holds, in words."""
    keys = found.attribution
    yield (
        "attribution.toml",
        f"{len(keys.customer_keys)} customer keys, {len(keys.project_keys)} project keys,"
        f" {len(keys.maps)} maps",
    )
    for name in ("customers", "budgets", "rates", "invoices", "events"):
        rows = found.rates.monthly if name == "rates" else getattr(found, name)
        yield f"{name}.csv", f"{len(rows)} rows"
    shares = found.shares
    yield "shares.toml", f"{len(shares.shares)} customers get {len(shares.columns)} columns"
    yield "forgotten.toml", f"{len(found.forgotten)} customers"
    clouds = ", ".join(found.catalog) or "no"
    yield "catalog/", f"{clouds} rules of your own"


def _facts(found: Site, period: date) -> dict[str, object]:
    """Everything in force, for a program to read: days and decimals as text."""
    return {
        "attribution": dataclasses.asdict(found.attribution),
        "customers": [dataclasses.asdict(each) for each in found.customers],
        "budgets": [dataclasses.asdict(each) for each in found.budgets],
        "rates": [dataclasses.asdict(each) for each in found.rates.monthly],
        "invoices": [dataclasses.asdict(each) for each in found.invoices],
        "events": [dataclasses.asdict(each) for each in found.events],
        "shares": dataclasses.asdict(found.shares),
        "catalog": dict(found.catalog),
        "month": period,
        "rates_in_force": {
            currency: dataclasses.asdict(rate)
            for currency, rate in rates_in_force(found.rates, period)
        },
        "digests": {cloud: found.digest(cloud, period) for cloud in Cloud},
    }


def _print_tables(found: Site, period: date, name: str) -> None:
    console = Console()
    console.print(name, markup=False)
    for table in _tables(found, period):
        if table.row_count:
            console.print(table)


def _tables(found: Site, period: date) -> Iterator[Table]:
    month = f"{period:%Y-%m}"
    attribution = found.attribution
    yield _table(
        "Tag keys, first with a value wins",
        ("of", "keys"),
        [
            ("customer", ", ".join(attribution.customer_keys)),
            ("project", ", ".join(attribution.project_keys)),
        ],
    )
    yield _table(
        "Maps, first that fits decides",
        ("map", "cloud", "match", "value", "customer", "days"),
        [
            (
                str(each.position),
                each.cloud or "all",
                each.match,
                each.exact or each.regex or "",
                each.customer or "(captured)",
                str(each.validity),
            )
            for each in attribution.maps
        ],
    )
    yield _table(
        "Customers",
        ("id", "name", "aliases", "days"),
        [
            (each.id, each.name, " | ".join(each.aliases), str(each.validity))
            for each in found.customers
        ],
    )
    yield _table(
        f"Rates in force in {month}, units for 1 USD",
        ("currency", "rate", "of month", ""),
        [
            (
                currency,
                str(rate.value),
                f"{rate.month:%Y-%m}",
                "provisional" if rate.provisional else "",
            )
            for currency, rate in rates_in_force(found.rates, period)
        ],
    )
    yield _table("Files", ("file", "holds"), list(_counts(found)))
    yield _table(
        f"Digests for loads of {month}",
        ("cloud", "digest"),
        [(cloud.value, found.digest(cloud, period)) for cloud in Cloud],
    )


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    """A table of text that is shown as it is: site data may hold square brackets."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        add_row(table, row)
    return table
