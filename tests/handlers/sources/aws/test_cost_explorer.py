"""Cost Explorer: two keys, pages, an end that is left out, and every request counted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from handlers.errors import BillError
from handlers.ledger import STAND_IN, Status
from handlers.load.load import Outcome
from handlers.sources.aws.cost_explorer import CostExplorer, Requests, cost_explorer
from handlers.sources.aws.credentials import own_session
from handlers.sources.aws.fallback import Fallback, exported
from tests.fakes.cost_explorer import Cost, FakeCostExplorer, fake_cost_explorer
from tests.fakes.s3 import FakeS3
from tests.handlers.load.runs import query
from tests.handlers.sources.aws.bills import PAYER, Export, csv_bytes, lines
from tests.handlers.sources.aws.clouds import NOVEMBER, OCTOBER, Collector, put_export, scope_of

TODAY = date(2026, 11, 21)
AUGUST = date(2026, 8, 1)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> Iterator[FakeCostExplorer]:
    del waits
    with fake_cost_explorer(FakeCostExplorer(TODAY)) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL_COST_EXPLORER", made.address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield made


def explorer(fake: FakeCostExplorer, requests: Requests | None = None) -> CostExplorer:
    scope = scope_of()
    session = own_session(scope.role_arn, scope.region)
    return cost_explorer(scope, session, requests or Requests(), lambda: TODAY, fake.opened)


def test_a_month_has_its_own_days_only(fake: FakeCostExplorer) -> None:
    days = (date(2026, 9, 30), OCTOBER, date(2026, 10, 31), NOVEMBER)
    fake.costs = [Cost(day, "1") for day in days]
    assert [each.day for each in explorer(fake).charged(OCTOBER)] == list(days[1:3])
    (asked,) = fake.requests
    assert asked["TimePeriod"] == {"Start": "2026-10-01", "End": "2026-11-01"}
    assert len(asked["GroupBy"]) == 2


def test_the_open_month_ends_with_today_and_a_month_to_come_is_not_asked_for(
    fake: FakeCostExplorer,
) -> None:
    fake.costs = [Cost(TODAY, "1")]
    assert len(explorer(fake).charged(NOVEMBER)) == 1
    assert fake.requests[0]["TimePeriod"]["End"] == "2026-11-22"
    assert explorer(fake).charged(date(2026, 12, 1)) == []
    assert len(fake.requests) == 1


def test_all_pages_are_read_and_each_is_counted_as_a_request_that_costs(
    fake: FakeCostExplorer,
) -> None:
    fake.costs = [Cost(OCTOBER, "0.10", service=f"Service {number}") for number in range(7)]
    fake.page = 3
    requests = Requests()
    charges = explorer(fake, requests).charged(OCTOBER)
    assert sum(each.amount for each in charges) == Decimal("0.70")
    assert (requests.made, requests.usd) == (3, Decimal("0.03"))


def test_what_the_client_sends_again_by_itself_is_counted_too(fake: FakeCostExplorer) -> None:
    fake.costs, fake.busy = [Cost(OCTOBER, "1")], 2
    requests = Requests()
    assert len(explorer(fake, requests).charged(OCTOBER)) == 1
    assert requests.made == len(fake.requests) == 3


def test_no_more_requests_are_made_than_the_run_may(fake: FakeCostExplorer) -> None:
    fake.costs = [Cost(OCTOBER, "1", service=f"Service {number}") for number in range(9)]
    fake.page = 1
    with pytest.raises(BillError, match=r"4 requests \(0.04 USD\), which is its limit"):
        explorer(fake, Requests(4)).charged(OCTOBER)
    assert len(fake.requests) == 4


def test_a_service_that_stays_busy_is_unavailable_and_a_month_too_old_is_said_so(
    fake: FakeCostExplorer,
) -> None:
    fake.busy = 99
    with pytest.raises(BillError, match="AWS is busy"):
        explorer(fake).charged(OCTOBER)
    fake.busy = 0
    with pytest.raises(BillError, match="14 months"):
        explorer(fake).charged(date(2024, 1, 1))


def test_a_role_of_another_account_would_see_that_accounts_costs(fake: FakeCostExplorer) -> None:
    scope = scope_of()
    session = own_session("", "eu-central-1")
    other = replace(scope, role_arn="arn:aws:iam::999900001111:role/reader")
    with pytest.raises(BillError, match="of account 999900001111"):
        cost_explorer(other, session, Requests(), lambda: TODAY, fake.opened)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"GroupBy": ["SERVICE", "USAGE_TYPE", "RECORD_TYPE"]}, "at most 2"),
        ({"GroupBy": ["MODEL"]}, "unknown dimension"),
        ({"TimePeriod": {"Start": "2026-10-01", "End": "2026-10-01"}}, "should be before"),
        ({"TimePeriod": {"Start": "2026-10-01", "End": "2026-12-31"}}, "in the future"),
        ({"NextPageToken": '{"at": 1, "of": "another"}'}, "of another request"),
    ],
)
def test_the_fake_refuses_what_cost_explorer_refuses(
    fake: FakeCostExplorer, changed: dict[str, Any], said: str
) -> None:
    sdk: Any = boto3
    client = sdk.client("ce", region_name="us-east-1")
    keys = changed.pop("GroupBy", ["SERVICE"])
    request = {
        "TimePeriod": {"Start": "2026-10-01", "End": "2026-11-01"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in keys],
        **changed,
    }
    with pytest.raises(ClientError, match=said):
        client.get_cost_and_usage(**request)
    client.close()
    assert len(fake.requests) == 1


def with_fallback(folder: Path, fake: FakeCostExplorer) -> Collector:
    plain = Collector(folder)
    known = exported(plain.ledger() if plain.warehouse.exists() else [])
    return Collector(folder, fallback=Fallback(lambda _: explorer(fake), known))


def origins(payer: Collector) -> list[str | None]:
    return [row.origin for row in payer.ledger() if row.status is Status.LOADED]


def test_a_month_without_an_export_is_told_by_cost_explorer_until_the_export_comes(
    s3: FakeS3, fake: FakeCostExplorer, tmp_path: Path
) -> None:
    fake.costs = [
        Cost(NOVEMBER, "0.70"),
        Cost(NOVEMBER, "5", service="Amazon Elastic Compute Cloud - Compute"),
        Cost(NOVEMBER, "-0.20", record_type="Credit"),
    ]
    s3.put(f"billing-{PAYER}", "unrelated", b"x")
    assert with_fallback(tmp_path, fake).run().outcomes == [
        (f"AWS {PAYER} 2026-11", Outcome.LOADED)
    ]
    payer = with_fallback(tmp_path, fake)
    assert payer.cost() == Decimal("0.50")
    assert origins(payer) == [f"{STAND_IN} of {PAYER} 2026-11"]
    rows = query(payer.warehouse, "SELECT DISTINCT model, customer_id, token_type FROM llm_costs")
    assert rows == [("nova-pro", "untagged", "input")]
    assert payer.run().outcomes == [(f"AWS {PAYER} 2026-11", Outcome.UNCHANGED)]

    export = Export(tmp_path / "bills")
    put_export(s3, export.folder, export, {"cur2-1.csv": csv_bytes(lines())})
    assert with_fallback(tmp_path, fake).run().outcomes == [
        (f"AWS {PAYER} 2026-11", Outcome.LOADED)
    ]
    payer = with_fallback(tmp_path, fake)
    assert payer.cost() == Decimal("0.80")
    assert not (origins(payer)[-1] or "").startswith(STAND_IN)

    for path in export.folder.rglob("*.*"):
        s3.delete(f"billing-{PAYER}", path.relative_to(export.folder).as_posix())
    asked = len(fake.requests)
    assert with_fallback(tmp_path, fake).run().outcomes == []
    assert len(fake.requests) == asked
    assert payer.cost() == Decimal("0.80")


def test_a_month_in_which_nothing_was_charged_has_no_bill(
    s3: FakeS3, fake: FakeCostExplorer, tmp_path: Path
) -> None:
    s3.put(f"billing-{PAYER}", "unrelated", b"x")
    assert with_fallback(tmp_path, fake).run((AUGUST,)).outcomes == []
    assert fake.requests
