"""Writes each customer's rows, month by month; only files that change are written again."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from handlers.alerts.runner import Row, Runner
from handlers.errors import CostError
from handlers.periods import period_of
from handlers.sharing.files import SUFFIXES, month_name, month_of, write_month
from handlers.sharing.rows import refuse_strangers, rows_of
from handlers.sharing.targets import Target, folder_of
from handlers.site import Shares

MONTHS = 13
"""How many months a run looks at: clouds restate a bill for a year."""

TargetOf = Callable[[str, str], AbstractContextManager[Target]]
"""The folder of a customer below a place: ``targets.target_at``."""


class ShareFailed(CostError):
    """Some customers' rows were not written; names each. Those of the others were."""


@dataclass(frozen=True)
class Shared:
    """What became of one customer's share: files written, files that were like that already."""

    customer: str
    folder: str
    written: tuple[str, ...]
    same: int


def recent_months(today: date) -> list[date]:
    """The first days of the last ``MONTHS`` months, this one included, in order."""
    found = [period_of(today)]
    while len(found) < MONTHS:
        found.insert(0, period_of(found[0] - timedelta(days=1)))
    return found


def share(
    runner: Runner, shares: Shares, months: Sequence[date], target_of: TargetOf
) -> list[Shared]:
    """Write what ``shares`` says of ``months`` (first days, in order, without a gap).

    Raises:
        AnotherCustomer: a key stands for two customers; nothing was written.
        ShareFailed: some customers' rows could not be written.
    """
    refuse_strangers(runner, [each.customer for each in shares.shares])
    done: list[Shared] = []
    failed: list[str] = []
    for each in shares.shares:
        try:
            found = rows_of(runner, each.customer, shares.columns, months)
            with (
                target_of(shares.to, each.customer) as target,
                tempfile.TemporaryDirectory(prefix="share-") as folder,
            ):
                written, same = _put(target, Path(folder), shares.columns, months, found)
            done.append(Shared(each.customer, folder_of(each.customer), tuple(written), same))
        except CostError as error:
            failed.append(f"{each.customer}: {error}")
    if failed:
        raise ShareFailed("\n".join([f"Shared {len(done)}, and not these:", *failed]))
    return done


def _put(
    target: Target,
    folder: Path,
    columns: Sequence[str],
    months: Sequence[date],
    found: Mapping[date, Sequence[Row]],
) -> tuple[list[str], int]:
    """Write the months that have rows, and empty those that had some and have none now."""
    held = {month_of(name) for name in target.names()}
    written: list[str] = []
    same = 0
    for month in months:
        if month not in found and month not in held:
            continue
        for suffix in SUFFIXES:
            name = month_name(month, suffix)
            write_month(folder / name, columns, found.get(month, ()))
            if target.put(folder / name, name):
                written.append(name)
            else:
                same += 1
    return written, same
