"""Compare, bill by bill, what the hub's path and a cloud's own path hold."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from importlib.resources import files
from typing import cast

from handlers import ledger
from handlers.alerts.runner import Row, Runner
from handlers.record import Cloud
from handlers.serving import HUB_WAREHOUSE, NATIVE_WAREHOUSES

_AT_ONCE = 500
"""Loads that one question compares, so that its text stays short."""


class Status(StrEnum):
    """What a comparison of a bill came to."""

    EQUAL = "equal"
    """Both paths hold the same version, and the same of it to the last decimal."""
    DIFFERENT = "different"
    """Of one version they hold not the same."""
    IN_TRANSIT = "in_transit"
    """They hold different versions, or one has none yet."""


@dataclass(frozen=True)
class Load:
    """A committed load of one path; costs in USD."""

    load_id: str
    cost: Decimal
    gross: Decimal
    rows: int


@dataclass(frozen=True)
class Figures:
    """What one path holds of a group; ``usage`` in its own unit, costs in USD."""

    rows: int
    usage: Decimal
    cost: Decimal
    gross: Decimal


@dataclass(frozen=True)
class Difference:
    """A model, token type and customer of which the paths hold not the same.

    A path that has no row of it is None.
    """

    model: str
    token_type: str
    customer_key: str
    hub: Figures | None
    native: Figures | None


@dataclass(frozen=True)
class BillParity:
    """A bill on both paths.

    ``hub`` and ``native`` are the loads whose rows are in the tables now; ``compared`` is the id of
    the newest load that both paths have committed, None where there is none.
    """

    cloud: Cloud
    scope: str
    period: date
    warehouse: str
    hub: Load | None
    native: Load | None
    compared: str | None
    differences: tuple[Difference, ...] = ()

    @property
    def status(self) -> Status:
        """What the comparison came to; a difference counts whatever came after it."""
        if self.differences:
            return Status.DIFFERENT
        if self.hub is None or self.native is None or self.hub.load_id != self.native.load_id:
            return Status.IN_TRANSIT
        return Status.EQUAL

    @property
    def in_transit(self) -> Decimal:
        """What the cloud's own path costs more than the hub's while versions differ, in USD."""
        if self.status is not Status.IN_TRANSIT:
            return Decimal(0)
        return (self.native.cost if self.native else Decimal(0)) - (
            self.hub.cost if self.hub else Decimal(0)
        )

    @property
    def agrees(self) -> bool:
        """Whether both paths have made the same of a version of this bill."""
        return self.compared is not None and not self.differences

    def __str__(self) -> str:
        return f"{self.cloud} {self.scope} {self.period:%Y-%m}"


def compare(
    runner: Runner, clouds: Collection[Cloud], periods: Collection[date] = ()
) -> list[BillParity]:
    """Every bill of ``clouds`` that have two paths, oldest first; of ``periods`` where given.

    Raises:
        WarehouseError: the hub can't be asked.
    """
    wanted = [cloud for cloud in NATIVE_WAREHOUSES if cloud in clouds]
    if not wanted:
        return []
    words = {**runner.words(), "loaded": runner.literal(ledger.Status.LOADED)}
    rows = runner.rows(
        _text("loads").format(**words, clouds=", ".join(map(runner.literal, wanted)))
    )
    bills = [bill for bill in _bills(rows) if not periods or bill.period in periods]
    found = _differences(runner, sorted({bill.compared for bill in bills if bill.compared}))
    return [replace(bill, differences=tuple(found.get(bill.compared or "", ()))) for bill in bills]


def _bills(rows: Sequence[Row]) -> Iterator[BillParity]:
    paths: dict[tuple[date, Cloud, str], dict[str, list[Load]]] = {}
    for row in rows:
        cloud = Cloud(str(row["cloud_provider"]))
        bill = (cast("date", row["billing_period"]), cloud, str(row["scope"]))
        path = paths.setdefault(bill, {}).setdefault(str(row["warehouse"]), [])
        path.append(_load(row))
    for period, cloud, scope in sorted(paths):
        warehouse = NATIVE_WAREHOUSES[cloud]
        loads = paths[period, cloud, scope]
        hub, native = loads.get(HUB_WAREHOUSE, []), loads.get(warehouse, [])
        yield BillParity(
            cloud=cloud,
            scope=scope,
            period=period,
            warehouse=warehouse,
            hub=hub[-1] if hub else None,
            native=native[-1] if native else None,
            compared=_newest_common(hub, native),
        )


def _newest_common(hub: Sequence[Load], native: Sequence[Load]) -> str | None:
    """The load that both have, the newest on the cloud's own path."""
    known = {load.load_id for load in hub}
    return next((load.load_id for load in reversed(native) if load.load_id in known), None)


def _differences(runner: Runner, loads: Sequence[str]) -> Mapping[str, Sequence[Difference]]:
    found: dict[str, list[Difference]] = {}
    for start in range(0, len(loads), _AT_ONCE):
        sql = _text("differences").format(
            **runner.words(),
            hub=runner.literal(HUB_WAREHOUSE),
            native=", ".join(map(runner.literal, NATIVE_WAREHOUSES.values())),
            loads=", ".join(map(runner.literal, loads[start : start + _AT_ONCE])),
        )
        for row in runner.rows(sql):
            found.setdefault(str(row["load_id"]), []).append(_difference(row))
    return found


def _difference(row: Row) -> Difference:
    return Difference(
        model=str(row["model"]),
        token_type=str(row["token_type"]),
        customer_key=str(row["customer_key"]),
        hub=_figures(row, "hub"),
        native=_figures(row, "native"),
    )


def _figures(row: Row, path: str) -> Figures | None:
    rows = row[f"{path}_rows"]
    if rows is None:
        return None
    usage, cost, gross = (
        Decimal(str(row[f"{path}_{name}"])) for name in ("usage", "cost", "gross")
    )
    return Figures(int(str(rows)), usage, cost, gross)


def _load(row: Row) -> Load:
    return Load(
        load_id=str(row["load_id"]),
        cost=Decimal(str(row["cost_usd"])),
        gross=Decimal(str(row["gross_usd"])),
        rows=int(str(row["row_count"])),
    )


def _text(name: str) -> str:
    return files("handlers.parity").joinpath("sql", f"{name}.sql").read_text("utf-8")
