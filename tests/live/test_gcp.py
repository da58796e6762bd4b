"""What the tests of the billing export assume, asked of a real one in BigQuery."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from google.cloud import bigquery

from handlers.periods import period_of
from handlers.reconcile.statement import SaidBy
from handlers.record import Cloud
from handlers.runtimes.google_bills import statements_of
from handlers.scopes import GcpScope
from handlers.sources.gcp.bigquery import bills_in, export_at
from handlers.warehouses.bigquery.jobs import FinishedJob, Jobs
from tests.live.conftest import scope_of

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

MOST_BYTES = 5 * 1024**3


@pytest.fixture
def scope() -> GcpScope:
    return scope_of(Cloud.GCP, GcpScope)


@pytest.fixture
def billed() -> list[FinishedJob]:
    return []


@pytest.fixture
def jobs(billed: list[FinishedJob]) -> Iterator[Jobs]:
    location = os.environ.get("LIVE_GCP_LOCATION", "US")
    client: Any = bigquery.Client(project=os.environ["LIVE_GCP_PROJECT"], location=location)
    yield Jobs(
        client=client, location=location, max_bytes_billed=MOST_BYTES, finished=billed.append
    )
    client.close()


def test_the_open_months_bill_is_found_with_the_same_version_whatever_else_is_asked(
    scope: GcpScope, jobs: Jobs, billed: list[FinishedJob]
) -> None:
    month = period_of(datetime.now(UTC).date())
    export = export_at(jobs, scope.table)
    alone = {bill.period: bill.version for bill in bills_in(jobs, export, scope.id, [month])}
    assert set(alone) <= {month}
    assert all(job.bytes_billed <= MOST_BYTES for job in billed)


def test_an_invoice_months_total_is_stated_in_one_currency(scope: GcpScope, jobs: Jobs) -> None:
    month = period_of(datetime.now(UTC).date())
    said = statements_of(jobs, [scope], [month])
    assert not said.refusals
    assert len(said.statements) <= 1
    assert all(each.said_by is SaidBy.BILLING_EXPORT for each in said.statements)
