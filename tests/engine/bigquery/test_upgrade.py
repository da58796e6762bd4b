"""What ``infra upgrade`` says of dollars that would move in the hub's own warehouse."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.archive.bucket import BucketArchive
from handlers.buckets import Address, Bucket
from handlers.load.collecting import rules_of_site
from handlers.load.load import Loader, Outcome, Policy
from handlers.site import load_site
from handlers.sources.folder import FolderSource
from handlers.tables import FACTS, LEDGER
from infra.native_settings import CollectorRuntime, Job
from infra.settings import GcpSettings
from infra.upgrade.dollars import moved
from tests.engine.bigquery.emulator import PROJECT, Emulator, behind_proxy
from tests.engine.bigquery.hub import hub_in
from tests.fakes.storage_server import fake_storage
from tests.handlers.load.bills import AwsBill, Line, write_bill, write_site

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

NOVEMBER = date(2026, 11, 1)
NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)


def test_dollars_that_a_new_alias_would_move_in_bigquery_are_told_and_nothing_is_changed(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(name="ai-cost", schedule="0 3 * * *")
    gcp = GcpSettings(
        project=PROJECT, region="us-central1", bigquery_location="US", dataset="costs", scopes=(),
        archive_years=7, collect_job=job, hub_job=job, runtime=CollectorRuntime.FUNCTION, image="",
    )  # fmt: skip
    lines = [Line(NOVEMBER, "12.5", tags={"customer_id": "acme-prod"})]
    write_bill(tmp_path / "bills", AwsBill("111122223333", NOVEMBER, lines, NOW))
    site = write_site(tmp_path / "site", customers="id,name,aliases\nacme,,\n")
    with fake_storage(gcp.archive_bucket) as store, hub_in(emulator, tmp_path / "work") as hub:
        archive = BucketArchive(
            Bucket(store.client(), Address.parse(f"gs://{gcp.archive_bucket}")),
            tmp_path / "archive",
        )
        with hub.warehouse.open() as connection:
            rules_of = rules_of_site(load_site(site))
            loader = Loader(hub.warehouse, connection, archive, rules_of, Policy(lambda: NOW))
            [bill] = FolderSource(tmp_path / "bills").snapshots([])
            assert loader.load(bill).outcome is Outcome.LOADED
        before = (hub.rows(FACTS), hub.rows(LEDGER))
        write_site(site, customers="id,name,aliases\nacme,,acme-prod\n")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", store.url)
        with behind_proxy(emulator) as address:
            monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", address)
            found = moved("bigquery", str(site), gcp, lambda: NOW)
        after = (hub.rows(FACTS), hub.rows(LEDGER))
    assert found.unread == []
    assert found.dollars == Decimal("12.5")
    assert [(move.customer_id, move.before, move.after) for move in found.moves] == [
        ("acme", 0, Decimal("12.5")),
        ("acme-prod", Decimal("12.5"), 0),
    ]
    assert after == before
