"""What is published in which order, and what becomes of what the hub does not take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from handlers.errors import CostError, WarehouseError
from handlers.ledger import LedgerRow, Status
from handlers.outbox import NativeWarehouse, Published, publish
from handlers.record import Cloud
from handlers.warehouses import Superseded
from handlers.warehouses.attempts import Undecided

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)


def row(load: str, minute: int, status: Status = Status.LOADED, scope: str = "a") -> LedgerRow:
    moment = datetime(2026, 11, 21, 6, tzinfo=UTC).replace(tzinfo=None) + timedelta(minutes=minute)
    return LedgerRow(
        load_id=load,
        cloud_provider=Cloud.AWS,
        scope=scope,
        billing_period=date(2026, 11, 1),
        source_version=load,
        rule_digest="r",
        site_digest="s",
        started_at=moment,
        finished_at=moment,
        status=status,
    )


@dataclass
class Warehouse:
    """An outbox of these rows; ``noted`` are the loads that were published, in order."""

    rows: Sequence[LedgerRow]
    noted: list[tuple[str, datetime]] = field(default_factory=list[tuple[str, datetime]])
    folders: list[Path] = field(default_factory=list[Path])
    away: CostError | None = None
    name: str = "redshift"

    def unpublished(self) -> Sequence[LedgerRow]:
        if self.away is not None:
            raise self.away
        return self.rows

    def publication(self, row: LedgerRow, folder: Path) -> Mapping[str, Path]:
        assert folder.is_dir()
        self.folders.append(folder)
        return {"ledger": folder / row.load_id}

    def published(self, load_id: str, at: datetime) -> None:
        self.noted.append((load_id, at))


@dataclass
class Hub:
    """Takes what comes, but for loads that ``errors`` names."""

    errors: dict[str, CostError] = field(default_factory=dict[str, CostError])
    told: list[str] = field(default_factory=list[str])

    def replace(self, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
        assert (warehouse, set(files)) == ("redshift", {"ledger"})
        self._take("replace", row)

    def add(self, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
        assert (warehouse, set(files)) == ("redshift", {"ledger"})
        self._take("add", row)

    def _take(self, what: str, row: LedgerRow) -> None:
        self.told.append(f"{what} {row.load_id} {row.status}")
        if row.load_id in self.errors and what == "replace":
            raise self.errors[row.load_id]


def run(warehouse: Warehouse, hub: Hub) -> Published:
    return publish(cast("NativeWarehouse", cast("Any", warehouse)), hub, lambda: NOW)


def test_a_bills_newest_load_goes_first_and_whole_those_before_it_as_rows_of_the_ledger() -> None:
    rows = [row("L1", 1), row("L2", 2), row("M1", 3, scope="b"), row("L3", 4, Status.HELD)]
    warehouse, hub = Warehouse(rows), Hub()
    done = run(warehouse, hub)
    assert hub.told == ["replace L2 loaded", "replace M1 loaded", "add L1 loaded", "add L3 held"]
    assert warehouse.noted == [(load, NOW) for load in ("L2", "M1", "L1", "L3")]
    assert (len(done.rows), done.left, done.errors) == (4, [], [])
    assert not any(folder.exists() for folder in warehouse.folders)


def test_a_load_that_failed_before_it_was_loaded_is_noted_once_all_its_rows_are_there() -> None:
    warehouse, hub = Warehouse([row("L1", 1, Status.FAILED), row("L1", 2)]), Hub()
    run(warehouse, hub)
    assert hub.told == ["add L1 failed", "replace L1 loaded"]
    assert warehouse.noted == [("L1", NOW)]


def test_a_hub_that_does_not_answer_is_left_alone_after_the_first() -> None:
    rows = [row("L1", 1), row("M1", 2, scope="b"), row("N1", 3, scope="c")]
    warehouse, hub = Warehouse(rows), Hub({"M1": Undecided("no answer")})
    done = run(warehouse, hub)
    assert hub.told == ["replace L1 loaded", "replace M1 loaded"]
    assert (done.rows, done.left) == (rows[:1], rows[1:])
    assert [str(error) for error in done.errors] == ["no answer"]


def test_a_load_that_the_hub_refuses_does_not_keep_the_others_from_it() -> None:
    rows = [row("L1", 1), row("M1", 2, scope="b")]
    warehouse, hub = Warehouse(rows), Hub({"L1": WarehouseError("refused")})
    done = run(warehouse, hub)
    assert (done.rows, done.left) == (rows[1:], rows[:1])
    assert [load for load, _ in warehouse.noted] == ["M1"]


def test_what_the_hub_has_a_later_load_of_is_told_as_a_row_of_the_ledger() -> None:
    warehouse, hub = Warehouse([row("L1", 1)]), Hub({"L1": Superseded("later")})
    done = run(warehouse, hub)
    assert hub.told == ["replace L1 loaded", "add L1 loaded"]
    assert (len(done.rows), done.left, done.errors) == (1, [], [])


def test_an_outbox_that_can_not_be_read_is_an_error_of_the_answer_not_of_the_run() -> None:
    done = run(replace(Warehouse([]), away=WarehouseError("asleep")), Hub())
    assert (done.rows, done.left, [str(each) for each in done.errors]) == ((), (), ["asleep"])
