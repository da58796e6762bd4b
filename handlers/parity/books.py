"""Keep comparisons in the table ``parity``, and count the days on which both paths agreed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

from handlers.alerts.runner import Cell, Runner
from handlers.parity.compare import BillParity, Difference, Status
from handlers.record import Cloud
from handlers.tables import PARITY

MOST_DIFFERENCES = 200
"""Rows that are kept of one bill, those of the most dollars: what is wrong shows in fewer."""


@dataclass(frozen=True)
class Books:
    """Where comparisons are kept."""

    runner: Runner

    def keep(self, bills: Sequence[BillParity], at: datetime) -> None:
        """Add a row for each bill as a whole, and one for each difference.

        ``bills`` are all of a cloud: what is kept counts as that day's comparison.

        Raises:
            WarehouseError: they can't be added; none was.
        """
        self.runner.insert(
            PARITY,
            [
                _row(bill, difference, at)
                for bill in bills
                for difference in (None, *bill.differences[:MOST_DIFFERENCES])
            ],
        )


@dataclass(frozen=True)
class Day:
    """The last comparison of a day (UTC): ``agrees`` when no bill of it stood against that."""

    day: date
    agrees: bool


def green_days(runner: Runner, cloud: Cloud, today: date, most: int = 100) -> int:
    """Days in a row, up to today, on which the paths of ``cloud`` agreed on every bill.

    Today counts once it was compared; a day without a comparison ends the row. No more than
    ``most`` are counted.

    Raises:
        WarehouseError: the hub can't be asked.
    """
    days = {each.day: each.agrees for each in _days(runner, cloud, today, most)}
    day = today if today in days else today - timedelta(days=1)
    count = 0
    while days.get(day) and count < most:
        count += 1
        day -= timedelta(days=1)
    return count


def _days(runner: Runner, cloud: Cloud, today: date, most: int) -> list[Day]:
    since = today - timedelta(days=most)
    rows = runner.rows(
        "SELECT kept.checked_at, kept.status, kept.compared_load_id"
        f" FROM {runner.words()['parity']} AS kept WHERE kept.model IS NULL"
        f" AND kept.cloud_provider = {runner.literal(cloud)}"
        f" AND kept.checked_at >= TIMESTAMP '{since.isoformat()} 00:00:00+00'"
        " ORDER BY kept.checked_at"
    )
    last: dict[date, datetime] = {}
    agrees: dict[datetime, bool] = {}
    for row in rows:
        at = cast("datetime", row["checked_at"])
        last[at.date()] = at
        agrees[at] = (
            agrees.get(at, True)
            and row["status"] != Status.DIFFERENT
            and row["compared_load_id"] is not None
        )
    return [Day(day, agrees[at]) for day, at in last.items()]


def _row(bill: BillParity, difference: Difference | None, at: datetime) -> list[Cell]:
    cells: dict[str, Cell] = {
        **dict.fromkeys(PARITY.names),
        "checked_at": at.replace(tzinfo=None),
        "cloud_provider": str(bill.cloud),
        "scope": bill.scope,
        "billing_period": bill.period,
        "native_warehouse": bill.warehouse,
        "compared_load_id": bill.compared,
        "status": bill.status.value,
        **(_whole(bill) if difference is None else _part(difference)),
    }
    return [cells[name] for name in PARITY.names]


def _whole(bill: BillParity) -> Mapping[str, Cell]:
    """What is in the tables now."""
    cells: dict[str, Cell] = {}
    for path, load in (("hub", bill.hub), ("native", bill.native)):
        if load is None:
            continue
        cells |= {
            f"{path}_load_id": load.load_id,
            f"{path}_rows": load.rows,
            f"{path}_cost_usd": load.cost,
            f"{path}_gross_usd": load.gross,
        }
    return cells


def _part(difference: Difference) -> Mapping[str, Cell]:
    cells: dict[str, Cell] = {
        "model": difference.model,
        "token_type": difference.token_type,
        "customer_key": difference.customer_key,
    }
    for path, figures in (("hub", difference.hub), ("native", difference.native)):
        if figures is None:
            continue
        cells |= {
            f"{path}_rows": figures.rows,
            f"{path}_usage": figures.usage,
            f"{path}_cost_usd": figures.cost,
            f"{path}_gross_usd": figures.gross,
        }
    return cells


def total_in_transit(bills: Sequence[BillParity]) -> Decimal:
    """The dollars by which the paths differ because they hold other versions, without sign."""
    return sum((abs(bill.in_transit) for bill in bills), Decimal(0))
