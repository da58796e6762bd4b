from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.alerts.hub import key_of
from handlers.cut import EVERYONE, Cut, UnknownCustomer, move, read_cut, refuse_unknown
from handlers.errors import UsageError
from handlers.tables import DAILY, DIMENSIONS, PLATFORM
from tests.fakes.duckdb_hub import DuckDbHub

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
CUSTOMERS = ("acme", "globex", "untagged", "'); DROP TABLE")

# By cloud and warehouse what each customer costs; the native figures are others on purpose, so
# that each dollar says from which path it comes.
COSTS = {
    ("AWS", "hub"): 100,
    ("AWS", "redshift"): 101,
    ("Azure", "hub"): 20,
    ("Azure", "azuresql"): 21,
    ("GCP", "hub"): 3,
}


@pytest.fixture(scope="module")
def hub() -> Iterator[DuckDbHub]:
    hub = DuckDbHub.empty()
    for (cloud, warehouse), cost in COSTS.items():
        for customer in CUSTOMERS:
            hub.add(
                DAILY,
                warehouse=warehouse,
                cloud_provider=cloud,
                date=date(2026, 11, 1),
                customer_key=key_of(customer),
                cost=Decimal(cost),
            )
    for customer in CUSTOMERS:
        hub.add(DIMENSIONS, dimension="customer", key=key_of(customer), name=customer)
    yield hub
    hub.connection.close()


def served(hub: DuckDbHub) -> dict[str, Decimal]:
    rows = hub.rows(
        "SELECT customer_key, SUM(cost) AS cost FROM project.hub.serving_daily_costs GROUP BY ALL"
    )
    costs = {row["customer_key"]: cast("Decimal", row["cost"]) for row in rows}
    return {customer: costs[key_of(customer)] for customer in CUSTOMERS}


@settings(max_examples=20)
@given(
    moves=st.lists(
        st.one_of(st.just([EVERYONE]), st.lists(st.sampled_from(CUSTOMERS), unique=True)),
        min_size=1,
        max_size=4,
    )
)
def test_after_every_move_each_dollar_is_served_once_from_its_customers_path(
    hub: DuckDbHub, moves: Sequence[Sequence[str]]
) -> None:
    for moved in moves:
        move(hub, Cut.of(moved), "somebody", NOW)
        assert served(hub) == {
            customer: 101 + 21 + 3 if customer in moved or moved == [EVERYONE] else 100 + 20 + 3
            for customer in CUSTOMERS
        }
        assert read_cut(hub) == Cut.of(moved)


def test_what_the_platform_costs_is_served_once_from_the_path_of_everyone_else() -> None:
    own = DuckDbHub.empty()
    # The hub's row of Azure is from before rows said whose they are.
    for (cloud, warehouse), cost in COSTS.items():
        whose = None if (cloud, warehouse) == ("Azure", "hub") else warehouse
        own.add(PLATFORM, warehouse=whose, cloud_provider=cloud, cost_usd=Decimal(cost))
    total = "SELECT SUM(cost_usd) AS cost FROM project.hub.serving_platform_costs"
    try:
        found: list[object] = [own.rows(total)[0]["cost"]]
        for moved in (["acme"], [EVERYONE]):
            move(own, Cut.of(moved), "somebody", NOW)
            found.append(own.rows(total)[0]["cost"])
    finally:
        own.connection.close()
    assert found == [123, 123, 101 + 21 + 3]


def test_without_a_cut_everyone_is_on_the_hubs_path() -> None:
    assert read_cut(DuckDbHub.empty()) == Cut.of([])


def test_a_cut_that_names_somebody_twice_or_beside_everyone_is_refused() -> None:
    with pytest.raises(UsageError, match="names acme more than once"):
        Cut.of(["acme", "globex", "acme"])
    with pytest.raises(UsageError, match=r"names everyone \('\*'\) and acme: allowed is one"):
        Cut.of(["acme", EVERYONE])


def test_a_customer_of_whom_there_is_no_bill_is_refused_with_the_name_it_is_like(
    hub: DuckDbHub,
) -> None:
    refuse_unknown(hub, [EVERYONE])
    refuse_unknown(hub, ["acme", "'); DROP TABLE"])
    with pytest.raises(UnknownCustomer, match=r"No bill names 'acne' \(is it 'acme'\?\); 'qqq'\."):
        refuse_unknown(hub, ["acne", "acme", "qqq"])
