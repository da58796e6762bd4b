"""What keeps an environment from moving: each with what was found and what to do about it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files
from typing import cast

from handlers import ledger
from handlers.alerts.runner import Row, Runner
from handlers.cut import UnknownCustomer, refuse_unknown
from handlers.parity import BillParity, Status, compare, green_days
from handlers.reconcile.paths import STOPPED
from handlers.serving import HUB_WAREHOUSE, NATIVE_WAREHOUSES
from infra.promotion.environment import Environment
from infra.promotion.standing import Move
from infra.stages import Stage

BEHIND = timedelta(days=4)
"""A path whose last complete day of usage is longer ago lacks days that people expect to see; the
clouds complete a day within two."""

TOLERANCE_USD = Decimal(1)
"""What a statement of a cloud may differ unexplained; the clouds round their own reports."""


@dataclass(frozen=True)
class Blocker:
    """Why a move can't be made now, and what to do."""

    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.found} {self.remedy}"


def blockers(
    environment: Environment, move: Move, acknowledged: Collection[str] = ()
) -> list[Blocker]:
    """What stands against ``move``, the hardest first; empty when it can be made.

    On the way back nobody waits for the paths to agree: it may be taken because they do not. What
    must be well then is the path that people go back to. ``acknowledged`` are readers of
    ``unified_costs`` of whom somebody knows that they will see no new costs there.

    Raises:
        CostError: the hub can't be asked.
    """
    paths = _paths(move)
    found = [*_troubled(environment, paths), *_stale(environment, paths)]
    if is_forward(move) and move.source is not Stage.SINGLE:
        found += _unexplained(environment)
        found += _not_equal(environment)
        found += _too_early(environment)
    if move.target is Stage.PILOT:
        found += _unknown(environment.hub, move.customers)
    if move.target is Stage.NATIVE:
        found += _still_read(environment, acknowledged)
    return found


def is_forward(move: Move) -> bool:
    """Whether it leads on, and not back; a pilot with other customers is one that leads on."""
    stages = list(Stage)
    return stages.index(move.target) >= stages.index(move.source)


class _Path(StrEnum):
    """Which of a cloud's two paths."""

    HUB = "hub"
    NATIVE = "native"


def _paths(move: Move) -> frozenset[_Path]:
    """The paths that have to be well for the move."""
    if is_forward(move):
        return frozenset({_Path.HUB} if move.source is Stage.SINGLE else _Path)
    return frozenset() if move.source is Stage.NATIVE else frozenset({_Path.HUB})


def _troubled(environment: Environment, paths: Collection[_Path]) -> Iterator[Blocker]:
    """Bills whose last load failed, or waits for a decision."""
    for row in _ask(environment, "last_loads"):
        path = _Path.HUB if row["warehouse"] == HUB_WAREHOUSE else _Path.NATIVE
        if path not in paths:
            continue
        bill = f"{row['cloud_provider']} {row['scope']} {_month(row)} ({row['warehouse']})"
        if row["status"] == ledger.Status.FAILED:
            yield Blocker(
                f"The last load of {bill} failed: {row['error'] or 'no reason is known'}.",
                "Mend it and load it again: python -m infra run collect.",
            )
        elif row["status"] == ledger.Status.HELD:
            yield Blocker(
                f"The load {row['load_id']} of {bill} is held.",
                "Accept or reject it: python -m infra run collect --accept LOAD, or --reject.",
            )


def _stale(environment: Environment, paths: Collection[_Path]) -> Iterator[Blocker]:
    """Paths that have not loaded anything lately, or load bills that no longer go on."""
    today = environment.clock().date()
    rows = {
        (str(row["cloud_provider"]), str(row["warehouse"])): row
        for row in _ask(environment, "last_by_path")
    }
    for cloud in environment.clouds:
        names = {_Path.HUB: HUB_WAREHOUSE, _Path.NATIVE: NATIVE_WAREHOUSES[cloud]}
        for warehouse in (names[path] for path in _Path if path in paths):
            row = rows.get((str(cloud), warehouse))
            at = None if row is None else cast("datetime", row["loaded_at"]).replace(tzinfo=UTC)
            if at is None or environment.clock() - at > STOPPED:
                when = f"since {at:%Y-%m-%d %H:%M} UTC" if at else "ever"
                yield Blocker(
                    f"{cloud}: nothing was loaded on the path '{warehouse}' {when}.",
                    "See why: python -m infra status.",
                )
                continue
            through = None if row is None else cast("date | None", row["data_through"])
            if through is None or today - through > BEHIND:
                yield Blocker(
                    f"{cloud}: the costs on the path '{warehouse}' are complete up to"
                    f" {through or 'no day'}.",
                    "See whether the cloud still writes its export: python -m infra status.",
                )


def _unexplained(environment: Environment) -> Iterator[Blocker]:
    """Statements of a cloud that differ from what was loaded, on either path."""
    for row in _ask(environment, "unexplained"):
        yield Blocker(
            f"{row['cloud_provider']} {row['scope']} {_month(row)} ({row['warehouse']}):"
            f" {row['source']} differs by {row['difference_usd']} USD that nothing explains.",
            "See the parts: python -m handlers reconcile --warehouse bigquery.",
        )


def _not_equal(environment: Environment) -> Iterator[Blocker]:
    for bill in compare(environment.hub, environment.clouds):
        if bill.status is Status.DIFFERENT:
            yield Blocker(
                f"{bill}: the paths differ in {len(bill.differences)} groups.",
                "docs/runbooks/parity.md says how to find out which one is wrong.",
            )
        elif bill.status is Status.IN_TRANSIT:
            yield Blocker(f"{bill}: {_transit(bill)}.", "Wait for the other path's next load.")


def _transit(bill: BillParity) -> str:
    if bill.hub is None or bill.native is None:
        return f"only the path '{HUB_WAREHOUSE if bill.hub else bill.warehouse}' has it"
    return f"the paths hold different versions, {bill.in_transit} USD are in transit"


def _too_early(environment: Environment) -> Iterator[Blocker]:
    for cloud in environment.clouds:
        days = green_days(environment.hub, cloud, environment.clock().date())
        if days < environment.parity_days:
            yield Blocker(
                f"{cloud}: the paths agreed on {days} days in a row, of {environment.parity_days}.",
                "Wait; the hub's job compares them every day.",
            )


def _unknown(hub: Runner, customers: Sequence[str]) -> Iterator[Blocker]:
    try:
        refuse_unknown(hub, customers)
    except UnknownCustomer as error:
        yield Blocker(str(error), "")


def _still_read(environment: Environment, acknowledged: Collection[str]) -> Iterator[Blocker]:
    """Who reads a view that the retired path no longer fills."""
    for reader in environment.readers.of_union():
        if reader not in acknowledged:
            yield Blocker(
                f"{reader} has queried unified_costs in the last 30 days; it gets no new costs of"
                f" {' and '.join(environment.clouds)} after this.",
                f"Tell them of serving_daily_costs, then give --acknowledge {reader}.",
            )


def _ask(environment: Environment, name: str) -> Sequence[Row]:
    runner = environment.hub
    words: Mapping[str, str] = {
        **runner.words(),
        "clouds": ", ".join(map(runner.literal, environment.clouds)),
        "loaded": runner.literal(ledger.Status.LOADED),
        "tolerance": format(TOLERANCE_USD, "f"),
    }
    text = files("infra.promotion").joinpath("sql", f"{name}.sql").read_text("utf-8")
    return runner.rows(text.format(**words))


def _month(row: Row) -> str:
    return str(row["billing_period"])[:7]
