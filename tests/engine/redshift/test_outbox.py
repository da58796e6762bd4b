"""What Redshift committed reaches the hub, whenever the hub is there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from handlers.errors import WarehouseError
from handlers.ledger import LedgerRow, Status
from handlers.outbox import Published, publish
from handlers.record import Cloud
from handlers.tables import DAILY, DIGESTS, DIMENSIONS, HOURLY, LEDGER, UNNAMED
from handlers.warehouses.bigquery.publications import HubPublications
from tests.engine.bigquery.emulator import PROJECT, Emulator
from tests.engine.bigquery.exports import comparable
from tests.engine.bigquery.hub import Hub, hub_in
from tests.engine.redshift.native import Native
from tests.engine.redshift.test_faults import SCOPE, bill

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)
OCTOBER = (Cloud.AWS, SCOPE, date(2026, 10, 1))
FOLLOWS = (DAILY, HOURLY, DIMENSIONS, UNNAMED)


@pytest.fixture
def hub(emulator: Emulator, tmp_path: Path) -> Iterator[Hub]:
    with hub_in(emulator, tmp_path / "hub") as made:
        made.warehouse.migrate()
        yield made


def tell(native: Native, hub: Hub) -> Published:
    jobs = hub.warehouse.jobs
    folder = native.folder / "publishing"
    publications = HubPublications(jobs, PROJECT, "costs", "staging", folder)
    return publish(native.warehouse(), publications, lambda: NOW)


def test_a_publication_makes_the_hub_follow_and_touches_no_other_warehouses_rows(
    native: Native, hub: Hub, tmp_path: Path
) -> None:
    with hub.warehouse.open():
        pass
    hub.emulator.run(
        "INSERT INTO costs.daily_costs (warehouse, scope, billing_period, date, cloud_provider,"
        " model, token_type, customer_key, charge_type, service_tier, usage_unit, `usage`, cost,"
        f" gross) VALUES ('hub', '{SCOPE}', DATE '2026-10-01', DATE '2026-10-01', 'AWS', 'm',"
        " 'input', 'k', 'usage', 'standard', 'tokens', 1, 7, 7)"
    )
    native.load(bill(tmp_path / "first", "1.00", 2))
    done = tell(native, hub)
    assert (len(done.rows), done.left, done.errors) == (1, [], [])
    for table in FOLLOWS:
        theirs = [row for row in hub.rows(table) if row.get("warehouse") != "hub"]
        assert comparable(theirs) == comparable(native.rows(table)), table.name
    assert [row["cost"] for row in hub.rows(DAILY) if row["warehouse"] == "hub"] == [7]
    (there,) = hub.rows(LEDGER)
    (here,) = native.rows(LEDGER)
    assert there["finished_at"].replace(tzinfo=None) == here["finished_at"]
    assert {key: there[key] for key in ("load_id", "status", "cost_usd", "rows", "error")} == {
        key: here[key] for key in ("load_id", "status", "cost_usd", "rows", "error")
    }
    assert tell(native, hub) == Published([], [], [])

    native.load(bill(tmp_path / "second", "2.00", 3))
    mine = native.warehouse()
    (*_, row) = mine.history(*OCTOBER)
    mine.record(replace(row, status=Status.FAILED, error="unreadable"))
    done = tell(native, hub)
    assert (len(done.rows), done.left, done.errors) == (2, [], [])
    for table in FOLLOWS:
        theirs = [row for row in hub.rows(table) if row.get("warehouse") != "hub"]
        assert comparable(theirs) == comparable(native.rows(table)), table.name
    assert comparable(hub.rows(DIGESTS)) == comparable(native.rows(DIGESTS))
    statuses = [(row["load_id"], row["status"]) for row in native.rows(LEDGER)]
    assert sorted((row["load_id"], row["status"]) for row in hub.rows(LEDGER)) == sorted(statuses)
    assert native.staged() == []


def test_a_hub_that_is_away_costs_the_native_load_nothing_and_catches_up(
    native: Native, hub: Hub, tmp_path: Path
) -> None:
    class Away:
        def replace(self, warehouse: str, row: LedgerRow, files: Mapping[str, Path]) -> None:
            raise WarehouseError(f"{warehouse} away: {row.status} {len(files)}")

        add = replace

    native.load(bill(tmp_path / "first", "1.00", 2))
    native.load(bill(tmp_path / "second", "2.00", 3))
    done = publish(native.warehouse(), Away(), lambda: NOW)
    assert (len(done.rows), len(done.left), [str(each) for each in done.errors]) == (
        0,
        2,
        ["redshift away: loaded 7"] * 2,
    )
    assert len(native.warehouse().unpublished()) == 2
    done = tell(native, hub)
    assert (len(done.rows), done.left, done.errors) == (2, [], [])
    assert comparable(hub.rows(DAILY)) == comparable(native.rows(DAILY))
    assert len(hub.rows(LEDGER)) == 2
    assert native.warehouse().unpublished() == []


def test_an_older_publication_that_comes_late_does_not_undo_a_newer_one(
    native: Native, hub: Hub, tmp_path: Path
) -> None:
    folder = native.folder / "late"
    folder.mkdir()
    native.load(bill(tmp_path / "first", "1.00", 2))
    mine = native.warehouse()
    (first,) = mine.unpublished()
    files = mine.publication(first, folder)
    native.load(bill(tmp_path / "second", "2.00", 3))
    jobs = hub.warehouse.jobs
    publications = HubPublications(jobs, PROJECT, "costs", "staging", native.folder / "p")

    class Late:
        """Publishes as it was read before."""

        name = mine.name

        def unpublished(self) -> list[object]:
            return [first]

        def publication(self, _row: object, _folder: Path) -> object:
            return files

        def published(self, load_id: str, at: datetime) -> None:
            mine.published(load_id, at)

    (*_, newest) = mine.unpublished()
    newer = native.folder / "newer"
    newer.mkdir()
    publications.replace(mine.name, newest, mine.publication(newest, newer))
    done = publish(Late(), publications, lambda: NOW)  # pyright: ignore[reportArgumentType]
    assert done.errors == []
    assert comparable(hub.rows(DAILY)) == comparable(native.rows(DAILY))
    assert sorted(row["cost_usd"] for row in hub.rows(LEDGER)) == [3, 6]


def test_what_is_committed_while_it_is_published_stays_unpublished(
    native: Native, tmp_path: Path
) -> None:
    native.load(bill(tmp_path / "first", "1.00", 2))
    mine, other = native.warehouse(), native.warehouse()
    (row,) = mine.unpublished()
    other.record(replace(row, status=Status.FAILED, error="meanwhile"))
    mine.published(row.load_id, NOW)
    (left,) = mine.unpublished()
    assert (left.load_id, left.error) == (row.load_id, "meanwhile")
    assert left.finished_at > row.finished_at
