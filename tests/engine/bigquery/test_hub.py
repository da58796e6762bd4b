"""The hub's tables and views as they are created, on rows whose sums are counted by hand."""

from decimal import Decimal

import pytest

from handlers.record import COLUMNS, PUBLISHED, Cloud, Kind
from handlers.serving import EVERYONE_ELSE, HUB_WAREHOUSE, NATIVE_WAREHOUSES, Path
from handlers.warehouses.bigquery import FACT_TABLES, tables, views
from tests.engine.bigquery.emulator import PROJECT, Emulator

pytestmark = pytest.mark.engine

AWS, AZURE = NATIVE_WAREHOUSES[Cloud.AWS], NATIVE_WAREHOUSES[Cloud.AZURE]

# Cloud, whose load, customer, dollars: both paths hold the same bill of AWS and of Azure, and the
# amounts of the two paths differ by a cent here, so that it shows which of them was served.
COSTS = (
    (Cloud.AWS, HUB_WAREHOUSE, "acme", "10.00"),
    (Cloud.AWS, AWS, "acme", "10.01"),
    (Cloud.AWS, HUB_WAREHOUSE, "globex", "20.00"),
    (Cloud.AWS, AWS, "globex", "20.01"),
    (Cloud.AZURE, HUB_WAREHOUSE, "acme", "3.00"),
    (Cloud.AZURE, AZURE, "acme", "3.01"),
    (Cloud.AZURE, HUB_WAREHOUSE, "untagged", "4.00"),
    (Cloud.AZURE, AZURE, "untagged", "4.01"),
    (Cloud.GCP, HUB_WAREHOUSE, "acme", "100.00"),
    (Cloud.GCP, HUB_WAREHOUSE, "untagged", "200.00"),
)


@pytest.fixture
def hub(emulator: Emulator) -> Emulator:
    for table in tables():
        emulator.create("costs", table)
    for view in views():
        emulator.run(f"CREATE VIEW costs.{view.name} AS {view.sql(PROJECT, 'costs')}")
    return emulator


@pytest.fixture
def served(hub: Emulator) -> Emulator:
    """A hub in which both paths hold the bills of AWS and Azure."""
    for cloud, warehouse, customer, dollars in COSTS:
        common = f"'{warehouse}', 's', DATE '2026-10-01', DATE '2026-10-05'"
        hub.run(
            "INSERT INTO costs.daily_costs (warehouse, scope, billing_period, date,"
            " cloud_provider, model, token_type, customer_key, charge_type, service_tier,"
            f" usage_unit, usage, cost, gross) VALUES ({common}, '{cloud}', 'm', 'input',"
            f" '{customer}', 'usage', 'standard', 'tokens', 1, {dollars}, {dollars})"
        )
        hub.run(
            "INSERT INTO costs.hourly_costs (warehouse, scope, billing_period, date, hour,"
            " cloud_provider, model, customer_key, charge_type, usage, unit, cost)"
            f" VALUES ({common}, 7, '{cloud}', 'm', '{customer}', 'usage', 1, 'tokens', {dollars})"
        )
    return hub


def cut(hub: Emulator, **paths: str) -> None:
    hub.run("DELETE FROM costs.serving_cut WHERE TRUE")
    for customer, path in paths.items():
        key = EVERYONE_ELSE if customer == "others" else customer
        hub.run(
            "INSERT INTO costs.serving_cut (customer_key, path, changed_at, changed_by)"
            f" VALUES ('{key}', '{path}', TIMESTAMP '2026-10-06 00:00:00+00', 'a test')"
        )


def shown(hub: Emulator, view: str) -> dict[tuple[str, str], list[Decimal]]:
    rows = hub.run(f"SELECT cloud_provider, customer_key, cost FROM costs.{view}")
    found: dict[tuple[str, str], list[Decimal]] = {}
    for row in rows:
        found.setdefault((row["cloud_provider"], row["customer_key"]), []).append(row["cost"])
    return found


def expected(*native: str) -> dict[tuple[str, str], list[Decimal]]:
    """What is to be served when these customers are on the clouds' own path."""
    return {
        (cloud, customer): [Decimal(dollars)]
        for cloud, warehouse, customer, dollars in COSTS
        if cloud is Cloud.GCP or (warehouse != HUB_WAREHOUSE) == (customer in native)
    }


@pytest.mark.parametrize("view", ["serving_daily_costs", "serving_hourly_costs"])
def test_every_dollar_is_served_once_whoever_is_moved(served: Emulator, view: str) -> None:
    assert shown(served, view) == expected()
    cut(served, acme=Path.NATIVE)
    assert shown(served, view) == expected("acme")
    cut(served, others=Path.HUB, acme=Path.NATIVE, globex=Path.HUB)
    assert shown(served, view) == expected("acme")
    cut(served, others=Path.NATIVE)
    assert shown(served, view) == expected("acme", "globex", "untagged")
    cut(served, others=Path.NATIVE, globex=Path.HUB)
    assert shown(served, view) == expected("acme", "untagged")


def test_what_is_no_path_or_stands_twice_serves_no_dollar_twice_or_never(served: Emulator) -> None:
    cut(served, acme="nativ", others=Path.NATIVE)
    for other in ("acme", EVERYONE_ELSE):
        served.run(
            "INSERT INTO costs.serving_cut (customer_key, path, changed_at, changed_by)"
            " SELECT 'globex', path, changed_at, changed_by FROM costs.serving_cut"
            f" WHERE customer_key = '{other}'"
        )
    assert shown(served, "serving_daily_costs") == expected("untagged")


def test_loads_and_filters_are_offered_once_of_two_paths(hub: Emulator) -> None:
    for warehouse in (HUB_WAREHOUSE, AWS):
        hub.run(
            "INSERT INTO costs.ledger (warehouse, load_id, cloud_provider, scope, billing_period,"
            " source_version, rule_digest, site_digest, started_at, finished_at, status)"
            f" VALUES ('{warehouse}', 'L1', 'AWS', 's', DATE '2026-10-01', 'v', 'r', 'd',"
            " TIMESTAMP '2026-10-06 00:00:00+00', TIMESTAMP '2026-10-06 00:00:00+00', 'loaded')"
        )
        hub.run(
            "INSERT INTO costs.dimensions (warehouse, cloud_provider, scope, billing_period,"
            f" dimension, key, name) VALUES ('{warehouse}', 'AWS', 's', DATE '2026-10-01',"
            " 'customer', 'k', 'Acme')"
        )
    assert [row["name"] for row in hub.run("SELECT * FROM costs.serving_dimensions")] == ["Acme"]
    loads = "SELECT warehouse FROM costs.serving_ledger"
    assert hub.run(loads) == [{"warehouse": HUB_WAREHOUSE}]
    cut(hub, others=Path.NATIVE)
    assert hub.run(loads) == [{"warehouse": AWS}]


def test_all_clouds_facts_are_one_table_published_columns_first(hub: Emulator) -> None:
    values = {Kind.DATE: "DATE '2026-10-05'", Kind.TEXT: "'x'", Kind.DECIMAL: "0.000000001"}
    for cloud, table in FACT_TABLES.items():
        cells = ", ".join(
            f"'{cloud}'" if column.name == "cloud_provider" else values[column.kind]
            for column in COLUMNS
        )
        hub.run(f"INSERT INTO costs.{table} VALUES ({cells})")
    rows = hub.run("SELECT * FROM costs.unified_costs")
    assert sorted(row["cloud_provider"] for row in rows) == sorted(Cloud)
    assert tuple(rows[0])[: len(PUBLISHED)] == PUBLISHED
    assert sum(row["cost_usd"] for row in rows) == Decimal("0.000000003")
