"""``collect``: load bills into the warehouse."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import TypedDict, TypeVar, Unpack

import click
from rich.console import Console
from rich.progress import Progress

from handlers.archive import bill_folder
from handlers.catalog import load_catalog
from handlers.commands.options import (
    chosen_clouds,
    chosen_site,
    cloud_option,
    period_option,
    site_option,
    warehouse_option,
    warehouse_path,
)
from handlers.commands.summary import print_moves, print_outcomes, print_totals
from handlers.errors import CostError, UsageError
from handlers.ledger import Status
from handlers.load.decisions import decide
from handlers.load.load import Bill, Loaded, Loader, Policy
from handlers.load.overlap import refuse_overlaps
from handlers.load.refused import record_refusal
from handlers.load.stage import Rules
from handlers.periods import parse_period
from handlers.record import Cloud
from handlers.site import Site
from handlers.sources.archive import ArchiveSource
from handlers.sources.folder import FolderSource
from handlers.sources.refusals import Refusal
from handlers.warehouses.duckdb import DuckDbWarehouse

QUARANTINE = "quarantine"
"""The folder beside the warehouse with the lines that were set aside."""

T = TypeVar("T")


class Words(TypedDict):
    """What ``collect`` was called with."""

    folder: Path | None
    warehouse: str
    site_folder: Path | None
    clouds: tuple[str, ...]
    periods: tuple[str, ...]
    reclassify: bool
    dry_run: bool
    from_archive: bool
    accept: str | None
    reject: str | None
    by: str | None
    reason: str | None
    quarantine: bool
    shrink: str
    wait: float
    moment: str | None


@dataclass(frozen=True)
class Decision:
    """What a person says of a load that is held."""

    load: str
    status: Status
    by: str
    reason: str


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@warehouse_option
@site_option
@cloud_option
@period_option
@click.option("--reclassify", is_flag=True, help="Load closed periods too when rules changed.")
@click.option(
    "--dry-run", is_flag=True, help="With --reclassify: list the dollars that would move."
)
@click.option("--from-archive", is_flag=True, help="Load from the archive instead of the clouds.")
@click.option("--accept", metavar="LOAD", help="Accept a load that is held, and load it.")
@click.option("--reject", metavar="LOAD", help="Reject a load that is held.")
@click.option("--by", metavar="NAME", help="With --accept or --reject: who decides.")
@click.option("--reason", metavar="TEXT", help="With --accept or --reject: why.")
@click.option("--quarantine", is_flag=True, help="Set lines aside that can't be read.")
@click.option(
    "--shrink-hold-share",
    "shrink",
    default="0.2",
    show_default=True,
    help="Hold a load that shrinks a period by more than this share.",
)
@click.option(
    "--wait", type=float, default=600.0, show_default=True, help="Seconds to wait for a writer."
)
@click.option("--now", "moment", metavar="TIME", help="Decide as at this time (ISO 8601, UTC).")
def collect(**words: Unpack[Words]) -> None:
    """Load the bills in FOLDER, laid out as the clouds deliver them.

    Only what changed is loaded; each period of each scope is replaced as a whole or not at all. A
    bill that can't be read is named with what is wrong and where, and the others are loaded.
    """
    store = DuckDbWarehouse(warehouse_path(words["warehouse"]), words["wait"])
    policy = Policy(
        clock=_clock(words["moment"]),
        shrink_share=_share(words["shrink"]),
        reclassify=words["reclassify"],
        quarantine=store.folder / QUARANTINE if words["quarantine"] else None,
    )
    decision = _decision(words)
    if words["dry_run"] and not words["reclassify"]:
        raise UsageError("--dry-run goes with --reclassify: it lists what that would move.")
    site = chosen_site(words["site_folder"])
    wanted = [parse_period(period) for period in words["periods"]]
    with store.open() as connection:
        if decision is not None:
            at = policy.clock()
            decide(store, decision.load, decision.status, at, decision.by, decision.reason)
            click.echo(f"{decision.load} is {decision.status}.")
            if words["folder"] is None and not words["from_archive"]:
                return
        rules_of = _rules_of(site)
        loader = Loader(store, connection, store.folder / "archive", rules_of, policy)
        refusals: list[Refusal] = []
        bills = list(_source(words, store).snapshots(wanted, refusals.append))
        refuse_overlaps(bills, store.accounts)
        failures: list[CostError] = [refusal.error for refusal in refusals]
        if words["dry_run"]:
            print_moves(_with_progress(bills, loader.moves))
        else:
            for refusal in refusals:
                record_refusal(store, refusal, rules_of(refusal.cloud), policy.clock())
            failures += _load_all(loader, bills, store.folder / QUARANTINE)
            print_totals(connection)
    if failures:
        raise CostError("\nerror: ".join(map(str, failures)))


def _source(words: Words, store: DuckDbWarehouse) -> FolderSource | ArchiveSource:
    clouds = chosen_clouds(words["clouds"])
    if words["from_archive"] or (words["reclassify"] and words["folder"] is None):
        return ArchiveSource(store, store.folder / "archive", clouds)
    if words["folder"] is None:
        raise UsageError("Name the FOLDER that holds the bills, or --from-archive.")
    return FolderSource(words["folder"], clouds)


def _load_all(loader: Loader, bills: Sequence[Bill], quarantine: Path) -> list[CostError]:
    """Load each bill, and why some could not be: none keeps the others from being loaded."""
    failures: list[CostError] = []

    def load(bill: Bill) -> Loaded | None:
        try:
            return loader.load(bill)
        except CostError as error:
            failures.append(error)
            return None

    outcomes = [outcome for outcome in _with_progress(bills, load) if outcome is not None]
    print_outcomes(outcomes)
    _print_set_aside(outcomes, quarantine)
    return failures


def _print_set_aside(outcomes: Sequence[Loaded], quarantine: Path) -> None:
    """Of every bill that has them, changed or not, the lines that are not in the tables.

    What they cost is said as far as it can be read and is in one currency.
    """
    for outcome in outcomes:
        row = outcome.row
        if row is None or not row.quarantined_rows:
            continue
        place = bill_folder(quarantine, row.cloud_provider, row.scope, row.billing_period)
        total = row.quarantined_total
        cost = "" if total is None else f", of {total:,.2f} {row.billing_currency}"
        click.echo(
            f"set aside: {outcome.bill}: {row.quarantined_rows:,} rows that can't be"
            f" parsed{cost}: see {place}"
        )


def _with_progress(bills: Sequence[Bill], work: Callable[[Bill], T]) -> list[T]:
    console = Console(stderr=True)
    if not console.is_terminal:
        return [work(bill) for bill in bills]
    results: list[T] = []
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Collecting", total=len(bills))
        for bill in bills:
            bar.update(task, description=f"Collecting {bill}")
            results.append(work(bill))
            bar.advance(task)
    return results


def _rules_of(site: Site) -> Callable[[Cloud], Rules]:
    @cache
    def rules_of(cloud: Cloud) -> Rules:
        return Rules(load_catalog(cloud, site.catalog.get(cloud)), site)

    return rules_of


def _clock(text: str | None) -> Callable[[], datetime]:
    """The system's clock, or one that stands at the time ``text``."""
    if text is None:
        return lambda: datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is not a time: write it as 2026-11-21T06:00:00.") from None
    stands = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return lambda: stands


def _share(text: str) -> Decimal:
    try:
        share = Decimal(text)
    except InvalidOperation:
        share = Decimal(-1)
    if not 0 <= share <= 1:
        raise UsageError(f"--shrink-hold-share is '{text}': allowed is a number from 0 to 1.")
    return share


def _decision(words: Words) -> Decision | None:
    accept, reject = words["accept"], words["reject"]
    by, reason = words["by"], words["reason"]
    if accept is None and reject is None:
        return None
    if accept is not None and reject is not None:
        raise UsageError("A load is accepted or rejected, not both.")
    if not by or not reason:
        raise UsageError("Say who decides and why: --by NAME --reason TEXT.")
    status = Status.REJECTED if accept is None else Status.ACCEPTED
    return Decision(accept or reject or "", status, by, reason)
