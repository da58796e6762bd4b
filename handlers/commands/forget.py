"""``forget``: a customer's name is replaced by a tombstone, its dollars stay."""

import secrets
import tomllib
from decimal import Decimal
from importlib.resources import files as package_files
from typing import TypedDict, Unpack

import click

from handlers.commands.answers import put
from handlers.commands.collect import collect
from handlers.commands.offboard import refuse_alias
from handlers.commands.options import site_option, warehouse_option, warehouse_path
from handlers.commands.share import asking
from handlers.commands.site_files import site_files
from handlers.commands.stores import HUB
from handlers.errors import CostError, UsageError
from handlers.record import UNTAGGED
from handlers.site.forgetting import Forgetting, forget_customer, names_of
from handlers.site.forgotten import PREFIX, Tombstone, tombstone_of


class TotalsMoved(CostError):
    """The dollars after are not the dollars before."""


class Words(TypedDict):
    """What ``forget`` was called with."""

    customer: str
    warehouse: str
    site_folder: str | None
    also: tuple[str, ...]
    archive_years: int
    apply: bool


@click.command()
@click.argument("customer")
@warehouse_option
@site_option
@click.option("--also", multiple=True, metavar="NAME", help="Another name that bills had of it.")
@click.option(
    "--archive-years",
    type=click.IntRange(1, 99),
    default=7,
    show_default=True,
    help="archive_years of the stack, for what is said of the archive.",
)
@click.option("--apply", is_flag=True, help="Do it. Without it nothing is changed.")
@click.pass_context
def forget(context: click.Context, **words: Unpack[Words]) -> None:
    """Replace the name of CUSTOMER everywhere by a tombstone; its dollars stay.

    The names leave the site data; what stands for them is kept there as a salted hash, so that
    every later load, backfill and comparison writes the same. Then the warehouse is loaded anew
    from its archive. A phase-2 environment has three: repeat it with --warehouse redshift and
    azuresql, which find the tombstone in the site data. At the end: what still holds the name, and
    until when.
    """
    customer = words["customer"].strip()
    if not customer or customer == UNTAGGED:
        raise UsageError(f"'{customer}' is no customer.")
    files = site_files(words["site_folder"])
    refuse_alias(files, customer)
    names = tuple(dict.fromkeys((*names_of(files.site.customers, customer), *words["also"])))
    known = next((each for each in files.site.forgotten if each.stands_for(customer)), None)
    if customer.startswith(PREFIX) or (known and all(map(known.stands_for, names))):
        done = Forgetting({}, (), ())
    else:
        tombstone = _tombstone(names)
        done = forget_customer(files.contents, customer, names, tombstone)
    verb = "Done" if words["apply"] else "Would be done"
    put("".join(f"{verb} in {each}\n" for each in done.said))
    put("".join(f"Left to you, a name stands there: {each}\n" for each in done.left))
    if words["apply"]:
        if done.files:
            files.put(done.files)
        reload_archive(context, words["warehouse"], files.place)
    else:
        put(f"Would be loaded anew from the archive: {words['warehouse']}\n")
    put("\nWhat still holds the name:\n" + "".join(holders(words["archive_years"])))
    if not words["apply"]:
        put("\nNothing was changed: repeat it with --apply.\n")


def _tombstone(names: tuple[str, ...]) -> Tombstone:
    return tombstone_of(names, secrets.token_hex(16), secrets.token_hex(4))


def reload_archive(context: click.Context, warehouse: str, site: str) -> None:
    """Load every bill of the warehouse anew from its archive, by the site data of now.

    Raises:
        TotalsMoved: other rules that had not been applied moved dollars with it.
        CostError: a bill could not be loaded; the others were.
    """
    before = total(warehouse)
    context.invoke(
        collect, warehouse=warehouse, site_folder=site, reclassify=True, from_archive=True
    )
    after = total(warehouse)
    if before != after:
        raise TotalsMoved(
            f"{warehouse} had {before} USD and has {after}: the name is gone, and other changes of"
            " rules or rates that closed months had not seen yet were applied with it. See ledger,"
            " restated_usd."
        )


def total(warehouse: str) -> Decimal | None:
    """What the warehouse holds in USD; None for one that is not asked, whose loads check that."""
    if warehouse != HUB and not warehouse.startswith("duckdb:"):
        return None
    if warehouse != HUB and not warehouse_path(warehouse).exists():
        return None
    with asking(warehouse) as runner:
        (row,) = runner.rows(
            f"SELECT SUM(cost) AS cost FROM {runner.words()['serving_daily_costs']}"
        )
    return Decimal(str(row["cost"] or 0))


def holders(archive_years: int) -> list[str]:
    """What still holds a forgotten name, for a reader."""
    text = package_files("handlers.commands").joinpath("holders.toml").read_text("utf-8")
    return [
        f"- {each['what']}\n    until: {each['until'].format(years=archive_years)}\n"
        f"    {each['remedy']}\n"
        for each in tomllib.loads(text)["holder"]
    ]
