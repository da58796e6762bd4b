from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from handlers.parity import BillParity, Books, Status, compare, green_days
from handlers.record import Cloud
from handlers.tables import DIGESTS, LEDGER, PARITY
from tests.fakes.duckdb_hub import DuckDbHub

NOV = date(2026, 11, 1)
AT = datetime(2026, 11, 20, 7, tzinfo=UTC)
ACME, GLOBEX = "a" * 16, "b" * 16


@pytest.fixture
def hub() -> Iterator[DuckDbHub]:
    hub = DuckDbHub.empty()
    yield hub
    hub.connection.close()


def load(
    hub: DuckDbHub,
    warehouse: str,
    load_id: str,
    hour: int,
    *,
    acme: str = "2.5",
    globex: str | None = "0.000000001",
    cloud: str = "AWS",
    status: str = "loaded",
) -> None:
    """A load of 111122223333's November and its digests; costs of two customers."""
    costs = {ACME: Decimal(acme)} | ({GLOBEX: Decimal(globex)} if globex is not None else {})
    bill = {"cloud_provider": cloud, "scope": "111122223333", "billing_period": NOV}
    hub.add(
        LEDGER,
        warehouse=warehouse,
        load_id=load_id,
        **bill,
        status=status,
        cost_usd=sum(costs.values()),
        gross_cost_usd=sum(costs.values()),
        rows=len(costs),
        finished_at=datetime(2026, 11, 20, hour),  # noqa: DTZ001 - UTC without saying so
    )
    for key, cost in costs.items():
        hub.add(
            DIGESTS,
            warehouse=warehouse,
            load_id=load_id,
            **bill,
            model="claude-sonnet-4.5",
            token_type="input",
            customer_key=key,
            rows=1,
            usage_amount=Decimal(1000),
            cost_usd=cost,
            gross_cost_usd=cost,
            billing_cost=cost,
        )


def only(hub: DuckDbHub) -> BillParity:
    (bill,) = compare(hub, tuple(Cloud))
    return bill


def test_the_same_version_with_the_same_sums_is_equal(hub: DuckDbHub) -> None:
    load(hub, "hub", "L1", 3)
    load(hub, "redshift", "L1", 4)
    assert (only(hub).status, only(hub).in_transit) == (Status.EQUAL, 0)


def test_a_billionth_of_a_dollar_is_a_difference_that_names_its_rows(hub: DuckDbHub) -> None:
    load(hub, "hub", "L1", 3)
    load(hub, "redshift", "L1", 4, globex="0.000000002")
    bill = only(hub)
    assert bill.status is Status.DIFFERENT
    (found,) = bill.differences
    assert (found.model, found.token_type, found.customer_key) == (
        "claude-sonnet-4.5",
        "input",
        GLOBEX,
    )
    assert found.hub is not None
    assert found.native is not None
    assert (found.hub.cost, found.native.cost) == (Decimal("1e-9"), Decimal("2e-9"))


def test_a_customer_whom_one_path_has_not_is_a_difference(hub: DuckDbHub) -> None:
    load(hub, "hub", "L1", 3)
    load(hub, "redshift", "L1", 4, globex=None)
    (found,) = only(hub).differences
    assert found.hub is not None
    assert found.native is None


def test_versions_that_differ_are_dollars_in_transit_and_the_last_common_one_is_compared(
    hub: DuckDbHub,
) -> None:
    load(hub, "hub", "L1", 3, acme="2")
    load(hub, "redshift", "L1", 4, acme="2")
    load(hub, "hub", "L2", 5, acme="3.25")
    bill = only(hub)
    assert (bill.status, bill.compared, bill.agrees) == (Status.IN_TRANSIT, "L1", True)
    assert bill.in_transit == Decimal("-1.25")


def test_a_difference_in_the_last_common_version_counts_though_one_path_has_moved_on(
    hub: DuckDbHub,
) -> None:
    load(hub, "hub", "L1", 3, acme="2")
    load(hub, "redshift", "L1", 4, acme="2.01")
    load(hub, "hub", "L2", 5)
    bill = only(hub)
    assert (bill.status, bill.compared, bill.agrees) == (Status.DIFFERENT, "L1", False)


def test_a_bill_that_one_path_has_not_is_in_transit_and_agrees_on_nothing(hub: DuckDbHub) -> None:
    load(hub, "hub", "L1", 3, acme="7", globex=None)
    bill = only(hub)
    assert (bill.status, bill.compared, bill.agrees) == (Status.IN_TRANSIT, None, False)
    assert bill.in_transit == Decimal(-7)


def test_only_committed_loads_of_clouds_with_two_paths_are_compared(hub: DuckDbHub) -> None:
    load(hub, "hub", "L1", 3, cloud="GCP")
    load(hub, "hub", "L2", 3, status="held")
    assert compare(hub, tuple(Cloud)) == []
    load(hub, "hub", "L3", 3)
    assert compare(hub, [Cloud.AZURE]) == []


def test_what_is_kept_has_the_bill_and_its_differences(hub: DuckDbHub) -> None:
    load(hub, "hub", "L1", 3, acme="2", globex="1")
    load(hub, "redshift", "L1", 4, acme="2", globex="1.5")
    Books(hub).keep(compare(hub, tuple(Cloud)), AT)
    columns = "model, customer_key, status, compared_load_id, hub_cost_usd, native_cost_usd"
    kept = hub.rows(f"SELECT {columns} FROM {hub.words()['parity']} ORDER BY model NULLS FIRST")
    assert [tuple(row.values()) for row in kept] == [
        (None, None, "different", "L1", Decimal(3), Decimal("3.5")),
        ("claude-sonnet-4.5", GLOBEX, "different", "L1", Decimal(1), Decimal("1.5")),
    ]


def keep(hub: DuckDbHub, day: int, hour: int, status: str, compared: str | None = "L1") -> None:
    hub.add(
        PARITY,
        checked_at=datetime(2026, 11, day, hour),  # noqa: DTZ001 - UTC without saying so
        cloud_provider="AWS",
        scope="111122223333",
        billing_period=NOV,
        native_warehouse="redshift",
        status=status,
        compared_load_id=compared,
    )


def test_days_count_back_from_today_by_their_last_comparison(hub: DuckDbHub) -> None:
    keep(hub, 17, 7, "different")
    keep(hub, 18, 7, "different")
    keep(hub, 18, 9, "equal")
    keep(hub, 19, 7, "in_transit")
    today = date(2026, 11, 20)
    assert green_days(hub, Cloud.AWS, today) == 2  # today is not compared yet
    keep(hub, 20, 7, "equal")
    assert green_days(hub, Cloud.AWS, today) == 3
    keep(hub, 20, 8, "different")
    assert green_days(hub, Cloud.AWS, today) == 0
    assert green_days(hub, Cloud.AZURE, today) == 0


def test_a_day_without_a_comparison_ends_the_row(hub: DuckDbHub) -> None:
    for day in (16, 17, 19, 20):
        keep(hub, day, 7, "equal")
    assert green_days(hub, Cloud.AWS, date(2026, 11, 20)) == 2


def test_a_bill_that_was_never_compared_keeps_its_day_from_counting(hub: DuckDbHub) -> None:
    keep(hub, 20, 7, "equal")
    keep(hub, 20, 7, "in_transit", compared=None)
    assert green_days(hub, Cloud.AWS, date(2026, 11, 20)) == 0
