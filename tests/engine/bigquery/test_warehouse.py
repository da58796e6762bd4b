"""Bills loaded into BigQuery stand there as they do in the embedded warehouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.archive import FolderArchive
from handlers.catalog import load_catalog
from handlers.ledger import Status
from handlers.load.load import Loaded, Loader, Outcome, Policy
from handlers.load.stage import Rules
from handlers.record import Cloud
from handlers.site import load_site
from handlers.sources.folder import FolderSource
from handlers.tables import FACTS, LOADED
from tests.engine.bigquery.emulator import Emulator
from tests.engine.bigquery.exports import comparable, dollars
from tests.engine.bigquery.hub import Hub, hub_in
from tests.handlers.load.runs import NOW, collect, ledger, query

pytestmark = [pytest.mark.engine, pytest.mark.timeout(170)]


@pytest.fixture
def hub(emulator: Emulator, tmp_path: Path) -> Iterator[Hub]:
    with hub_in(emulator, tmp_path / "work") as made:
        yield made


def load(hub: Hub, bills: Path, site: Path, archive: Path) -> list[Loaded]:
    known = load_site(site)

    def rules_of(cloud: Cloud) -> Rules:
        return Rules(load_catalog(cloud, known.catalog.get(cloud)), known)

    with hub.warehouse.open() as connection:
        loader = Loader(
            hub.warehouse, connection, FolderArchive(archive), rules_of, Policy(lambda: NOW)
        )
        return [loader.load(bill) for bill in FolderSource(bills).snapshots([])]


@pytest.mark.parametrize("folder", ["aws/aws-b", "azure/azure-a", "gcp"])
def test_a_bill_in_bigquery_is_the_bill_in_duckdb_row_by_row(
    hub: Hub, ten_days: Path, tmp_path: Path, folder: str
) -> None:
    mine = Cloud({"aws": "AWS", "azure": "Azure", "gcp": "GCP"}[folder.partition("/")[0]])
    warehouse = tmp_path / "costs.duckdb"
    collect(ten_days / folder, warehouse, ten_days / "site")
    outcomes = load(hub, ten_days / folder, ten_days / "site", tmp_path / "archive")
    assert {each.outcome for each in outcomes} == {Outcome.LOADED}
    for table in LOADED:
        names = ", ".join(table.names)
        theirs = [
            dict(zip(table.names, row, strict=True))
            for row in query(warehouse, f"SELECT {names} FROM {table.name}")
        ]
        ours = hub.rows(table, [mine])
        assert comparable(ours) == comparable(theirs), table.name
        if table is FACTS:
            assert theirs
            assert dollars(ours) == dollars(theirs) > 0
    for row in ledger(warehouse):
        history = hub.warehouse.history(row.cloud_provider, row.scope, row.billing_period)
        (found,) = history
        assert (found.status, found.load_id) == (Status.LOADED, row.load_id)
        assert (found.source_total, found.cost_usd) == (row.source_total, row.cost_usd)
    again = load(hub, ten_days / folder, ten_days / "site", tmp_path / "archive")
    assert {each.outcome for each in again} == {Outcome.UNCHANGED}
