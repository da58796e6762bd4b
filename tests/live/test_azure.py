"""What the tests of blobs and Cost Management assume, asked of a real subscription or account."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from azure.identity import DefaultAzureCredential

from handlers.periods import last_day, period_of
from handlers.record import Cloud
from handlers.scopes import AzureScope
from handlers.sources.azure.management import CostManagement
from handlers.sources.azure.query import CostQuery, Service
from handlers.sources.azure.source import azure_source
from handlers.sources.azure.throttle import Patience
from tests.live.conftest import scope_of

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.fixture
def scope() -> AzureScope:
    return scope_of(Cloud.AZURE, AzureScope)


@pytest.fixture
def credential() -> Iterator[DefaultAzureCredential]:
    made = DefaultAzureCredential()
    yield made
    made.close()


def patience() -> Patience:
    return Patience(remaining=lambda: 240.0)


def test_an_export_is_found_with_the_same_version_twice_and_its_parts_can_be_read(
    scope: AzureScope, credential: DefaultAzureCredential
) -> None:
    with ExitStack() as opened:
        source = azure_source([scope], credential, patience(), opened)
        first, second = (list(source.snapshots([])) for _ in range(2))
        assert first
        assert [each.version for each in first] == [each.version for each in second]
        for part in first[-1].parts:
            with part.open() as stream:
                assert stream.read(4)


def test_a_month_has_its_own_days_and_the_same_total_by_either_name_of_services(
    scope: AzureScope, credential: DefaultAzureCredential
) -> None:
    month = period_of(period_of(datetime.now(UTC).date()) - timedelta(days=1))
    totals: list[Decimal] = []
    days: set[date] = set()
    with CostManagement(credential, patience()) as management:
        for service in Service:
            rows = list(CostQuery(management, scope.id).rows(month, last_day(month), service))
            totals.append(sum((row.cost for row in rows), Decimal(0)))
            days.update(row.day for row in rows)
    assert {period_of(day) for day in days} <= {month}
    assert max(totals) - min(totals) < Decimal("0.01")
