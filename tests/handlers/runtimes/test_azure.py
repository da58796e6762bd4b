"""An Azure job over the sample's exports in blob storage: what stands in the tables afterwards."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.load.collecting import Bills
from handlers.record import Cloud
from handlers.runtimes.jobs import Outcome, RunFailed
from handlers.scopes import AzureExport
from handlers.site import Site, load_site
from handlers.sources.azure.source import azure_source
from tests.fakes.azure_blobs import FakeBlobs, fake_blobs
from tests.fakes.azure_blobs_http import certificate
from tests.handlers.load.runs import query, tables
from tests.handlers.runtimes.local import LocalClients, LocalJob
from tests.handlers.sources.azure.clouds import CONTAINER, Waits, credential, scope_of, upload

pytestmark = pytest.mark.slow

ACCOUNTS = "/providers/Microsoft.Billing/billingAccounts"
SCOPES = [
    (f"{ACCOUNTS}/8675309", AzureExport.ACTUAL, "azure-a"),
    (
        f"{ACCOUNTS}/QX7K-4M2P-BG7-PGB/billingProfiles/QX7K-4M2P-BG7-PGB",
        AzureExport.ACTUAL,
        "azure-b",
    ),
    ("/subscriptions/c39d7e64-1a58-4f92-b0e3-86d2a4f1c975", AzureExport.ACTUAL, "azure-c"),
    (f"{ACCOUNTS}/5550142", AzureExport.FOCUS, "azure-d"),
    (f"{ACCOUNTS}/5550977", AzureExport.FOCUS, "azure-e"),
]
MONTHS = "2026-10..2026-11"

Totals = dict[tuple[str, date, str], Decimal]


@dataclass(frozen=True)
class FromBlobs(LocalClients):
    """Bills from the fake service, the site data of the sample."""

    blobs: FakeBlobs = field(kw_only=True)

    def bills(self) -> Bills:
        url = self.blobs.account_url
        scopes = [scope_of(url, name, export, prefix) for name, export, prefix in SCOPES]
        self.blobs.tokens.add("valid")
        tokens = credential(*["valid"] * 2 * len(scopes))
        return azure_source(scopes, tokens, Waits().patience, self.blobs.opened)

    def site(self) -> Site:
        return load_site(self.folder / "sample" / "site")


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBlobs]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate().certificate))
    with fake_blobs() as fake:
        fake.blobs[CONTAINER] = {}
        yield fake


@pytest.fixture
def job(ten_days: Path, tmp_path: Path, blobs: FakeBlobs) -> LocalJob:
    (tmp_path / "sample").symlink_to(ten_days)
    upload(tmp_path / "sample" / "azure", lambda key, content: blobs.put(CONTAINER, key, content))
    job = LocalJob(tmp_path, Cloud.AZURE)
    job.clients = FromBlobs(tmp_path, blobs=blobs)
    return job


def stated(sample: Path) -> Totals:
    """What the sample's writer added up, to the cent."""
    found: dict[tuple[str, date, str], Decimal] = defaultdict(Decimal)
    with (sample / "truth" / "totals.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["cloud"] == "Azure":
                period = date.fromisoformat(f"{row['billing_period']}-01")
                key = (row["scope"], period, row["customer_id"])
                found[key] += Decimal(row["cost_usd_exact"])
    return {key: cost.quantize(Decimal("0.01")) for key, cost in found.items()}


def loaded(job: LocalJob) -> Totals:
    rows = query(
        job.warehouse,
        "SELECT scope, billing_period, customer_id, sum(cost_usd) FROM llm_costs GROUP BY ALL",
    )
    return {(row[0], row[1], row[2]): Decimal(row[3]).quantize(Decimal("0.01")) for row in rows}


def test_every_scope_period_and_customer_costs_what_its_writer_says_and_stays(
    job: LocalJob,
) -> None:
    report = job.run(run="collect", period=MONTHS)
    assert (report.outcome, report.details) == (Outcome.LOADED, {"loaded": 10})
    assert loaded(job) == stated(job.folder / "sample")
    before = tables(job.warehouse)
    assert job.run(run="collect", period=MONTHS).details == {"unchanged": 10}
    assert tables(job.warehouse) == before


def test_a_part_that_is_gone_fails_its_own_bill_and_the_next_attempt_mends_it(
    job: LocalJob, blobs: FakeBlobs
) -> None:
    gone = next(
        key
        for key in sorted(blobs.blobs[CONTAINER])
        if "azure-d" in key and key.endswith(".csv.gz")
    )
    content = (job.folder / "sample" / "azure" / gone).read_bytes()
    blobs.delete(CONTAINER, gone)
    with pytest.raises(RunFailed) as caught:
        job.run(run="collect", period=MONTHS)
    assert caught.value.details == {"loaded": 9, "failed": 1}
    assert {key[0] for key in loaded(job)} == {key[0] for key in stated(job.folder / "sample")}
    blobs.put(CONTAINER, gone, content)
    assert job.run(run="collect", period=MONTHS).details == {"unchanged": 9, "loaded": 1}
    assert loaded(job) == stated(job.folder / "sample")
