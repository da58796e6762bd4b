"""The dollars that this version's catalog would move, told before it is let near a table.

Nothing is asked of a cloud's bills: the archived lines of the last periods are named anew by
today's rules and site data, and compared with what the tables hold (``collect --reclassify
--dry-run`` does the same for a person at a warehouse).
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import duckdb

from handlers.archive import Archive
from handlers.commands.options import chosen_site, google_clients
from handlers.commands.stores import HUB, command_scratch, open_store
from handlers.load.collecting import rules_of_site
from handlers.load.load import Loader, Move, Policy
from handlers.record import Cloud
from handlers.settings import Hub
from handlers.sources.archive import ArchiveSource, NothingArchived
from handlers.sources.refusals import Refusal
from handlers.warehouses import Warehouse
from infra.settings import GcpSettings

PERIODS = 3
"""How many periods are looked at: the open one, and those before it."""

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Moved:
    """What would move, and the bills of which it can't be told."""

    periods: Sequence[date]
    moves: Sequence[Move]
    unread: Sequence[str]

    @property
    def dollars(self) -> Decimal:
        """What changes its model or customer, counted once, in USD."""
        return sum((abs(move.after - move.before) for move in self.moves), Decimal(0)) / 2


@dataclass(frozen=True)
class _Place:
    warehouse: Warehouse
    connection: duckdb.DuckDBPyConnection
    archive: Archive


def moved(words: str, site: str | None, gcp: GcpSettings, clock: Clock) -> Moved:
    """What naming the last periods anew would move in the warehouse that ``words`` names.

    ``site`` is the place of the site data; None is the hub's bucket.

    Raises:
        CostError: the warehouse, its archive or the site data can't be read.
    """
    periods = last_periods(clock().date())
    rules_of = rules_of_site(chosen_site(site or f"gs://{gcp.site_bucket}"))
    unread: list[Refusal] = []
    with _opened(words, gcp, clock) as place:
        policy = Policy(clock=clock, reclassify=True)
        loader = Loader(place.warehouse, place.connection, place.archive, rules_of, policy)
        bills = ArchiveSource(place.warehouse, place.archive, tuple(Cloud))
        try:
            found = [
                move
                for bill in bills.snapshots(periods, unread.append)
                for move in loader.moves(bill)
            ]
        except NothingArchived:
            found = []
    return Moved(periods, found, [str(refusal.error) for refusal in unread])


def last_periods(today: date) -> list[date]:
    """The first days of the months of the last periods, oldest first."""
    months = today.year * 12 + today.month - 1
    return [
        date(month // 12, month % 12 + 1, 1) for month in range(months - PERIODS + 1, months + 1)
    ]


@contextmanager
def _opened(words: str, gcp: GcpSettings, clock: Clock) -> Generator[_Place]:
    with command_scratch(clock) as scratch:
        if words == HUB:
            hub = Hub(gcp.project, gcp.bigquery_location, gcp.dataset, gcp.staging_dataset)
            warehouse = google_clients().hub_warehouse(hub, scratch)
            archive = google_clients().archive_at(f"gs://{gcp.archive_bucket}", "archive", scratch)
            # Not ``warehouse.open()``: that refuses tables that the upgrade has yet to widen.
            with duckdb.connect() as connection:
                yield _Place(warehouse, connection, archive)
        else:
            store = open_store(words, 0, scratch)
            with store.warehouse.open() as connection:
                yield _Place(store.warehouse, connection, store.archive())


def told(moved: Moved) -> Iterator[str]:
    """What a person reads."""
    span = f"{moved.periods[0]:%Y-%m} to {moved.periods[-1]:%Y-%m}"
    if not moved.moves and not moved.unread:
        yield f"In {span} no dollar would move."
        return
    yield (
        f"In {span} {moved.dollars:,.2f} USD would move by this version's rules and today's site"
        " data (cloud, month, model, customer: now, then):"
    )
    for move in sorted(moved.moves, key=_largest):
        yield (
            f"  {move.cloud} {move.period:%Y-%m} {move.model} {move.customer_id}:"
            f" {move.before:,.2f}, {move.after:,.2f} ({move.after - move.before:+,.2f})"
        )
    yield from (f"  not known: {reason}" for reason in moved.unread)


def _largest(move: Move) -> tuple[Decimal, date, str, str]:
    return -abs(move.after - move.before), move.period, move.model, move.customer_id
