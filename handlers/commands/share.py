"""``share``: each customer's own rows, in a folder of its own."""

import contextlib
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypedDict, Unpack

import click

from handlers.alerts.laptop import DuckDbRunner
from handlers.alerts.runner import Runner
from handlers.commands.answers import put
from handlers.commands.options import (
    chosen_site,
    site_option,
    warehouse_option,
    warehouse_path,
)
from handlers.commands.stores import HUB, command_scratch, open_store
from handlers.errors import UsageError
from handlers.periods import parse_periods
from handlers.sharing import Shared, recent_months, target_at
from handlers.sharing import share as share_rows
from handlers.site import Shares
from handlers.warehouses.duckdb import open_reader


class Words(TypedDict):
    """What ``share`` was called with."""

    warehouse: str
    site_folder: str | None
    customers: tuple[str, ...]
    months: str | None
    place: str | None


@click.command()
@warehouse_option
@site_option
@click.option(
    "--customer",
    "customers",
    multiple=True,
    metavar="ID",
    help="Only this customer of shares.toml; can be given several times.",
)
@click.option(
    "--period",
    "months",
    metavar="YYYY-MM[..YYYY-MM]",
    help="Only these months. [default: the last 13, which clouds may still restate]",
)
@click.option("--to", "place", metavar="PLACE", help="Instead of the place that shares.toml names.")
def share(**words: Unpack[Words]) -> None:
    """Write each customer's daily rows as CSV and Parquet, a folder for each customer.

    shares.toml of the site data lists the customers, the columns and who may read them. A folder is
    named by the customer's key and holds nothing of another. Files that are as they should be are
    not written again. Cells that a spreadsheet would take for a formula begin with '.
    """
    shares = chosen(chosen_site(words["site_folder"]).shares, words["customers"], words["place"])
    today = datetime.now(UTC).date()
    months = parse_periods(words["months"]) if words["months"] else recent_months(today)
    with asking(words["warehouse"]) as runner:
        put(told(share_rows(runner, shares, months, target_at), shares.to))


def chosen(shares: Shares, customers: tuple[str, ...], place: str | None) -> Shares:
    """Of the site's shares those that are meant, with the place that is meant.

    Raises:
        UsageError: nothing is shared, or not with one that was named.
    """
    if not shares.shares:
        raise UsageError(
            "The site data shares nothing: list customers in shares.toml."
            " 'python -m handlers site example DIR' writes an example."
        )
    known = {each.customer for each in shares.shares}
    unknown = [name for name in customers if name not in known]
    if unknown:
        raise UsageError(
            f"shares.toml does not name {', '.join(unknown)}. It names {', '.join(sorted(known))}."
        )
    meant = tuple(each for each in shares.shares if not customers or each.customer in customers)
    return replace(shares, shares=meant, to=place or shares.to)


@contextlib.contextmanager
def asking(warehouse: str) -> Generator[Runner]:
    """What answers SQL over a laptop's warehouse or the hub.

    Raises:
        UsageError: it is another warehouse: each cloud's own holds that cloud alone.
    """
    if warehouse != HUB:
        with open_reader(warehouse_path(warehouse)) as connection:
            yield DuckDbRunner(connection)
        return
    with command_scratch(lambda: datetime.now(UTC)) as scratch:
        store = open_store(warehouse, 0.0, scratch)
        with store.warehouse.open() as connection:
            yield store.runner(connection)


def told(done: list[Shared], place: str) -> str:
    """What was written, for a reader."""
    lines = [
        f"{each.customer}: {place.rstrip('/')}/{each.folder}/ {len(each.written)} files written,"
        f" {each.same} unchanged"
        + ("" if each.written or each.same else " (no costs in these months)")
        for each in done
    ]
    return "\n".join(lines) + "\n"
