"""What the tests of S3 and Cost Explorer assume, asked of a real payer account."""

from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from handlers.periods import period_of
from handlers.record import Cloud
from handlers.scopes import AwsScope
from handlers.sources.aws.cost_explorer import REGION, CostExplorer, Requests, cost_explorer
from handlers.sources.aws.credentials import own_session
from handlers.sources.aws.source import AwsSource, s3_objects
from tests.live.conftest import scope_of

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.fixture
def scope() -> AwsScope:
    return scope_of(Cloud.AWS, AwsScope)


def last_month() -> date:
    return period_of(period_of(datetime.now(UTC).date()) - timedelta(days=1))


def explorer(scope: AwsScope, opened: ExitStack) -> CostExplorer:
    session = own_session(scope.role_arn, scope.region)
    return cost_explorer(scope, session, Requests(6), lambda: datetime.now(UTC).date(), opened)


def test_an_export_is_found_with_the_same_version_twice_and_its_parts_can_be_read(
    scope: AwsScope,
) -> None:
    with ExitStack() as opened:
        source = AwsSource([scope], lambda each: s3_objects(each, opened, own_session))
        first, second = (list(source.snapshots([])) for _ in range(2))
        assert first
        assert [each.version for each in first] == [each.version for each in second]
        assert {each.scope for each in first} == {scope.id}
        for part in first[-1].parts:
            with part.open() as stream:
                assert stream.read(4)


def test_cost_explorer_gives_the_same_total_by_either_grouping_in_the_months_own_days(
    scope: AwsScope,
) -> None:
    month = last_month()
    with ExitStack() as opened:
        asked = explorer(scope, opened)
        plain, itemized = asked.charged(month), asked.itemized(month)
    assert {period_of(each.day) for each in (*plain, *itemized)} <= {month}
    total = sum((each.amount for each in plain), Decimal(0))
    assert abs(total - sum((each.amount for each in itemized), Decimal(0))) < Decimal("0.01")


@pytest.mark.usefixtures("scope")
def test_three_keys_are_refused() -> None:
    sdk: Any = boto3
    client = sdk.client("ce", region_name=REGION)
    month = last_month()
    keys = ("SERVICE", "USAGE_TYPE", "RECORD_TYPE")
    with pytest.raises(ClientError, match="ValidationException"):
        client.get_cost_and_usage(
            TimePeriod={"Start": f"{month}", "End": f"{month + timedelta(days=1)}"},
            Granularity="DAILY",
            Metrics=["UnblendedCost"],
            GroupBy=[{"Type": "DIMENSION", "Key": key} for key in keys],
        )
    client.close()
