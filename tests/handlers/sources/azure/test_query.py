"""What Cost Management says was charged, as the reconciliation asks for it."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import pytest
from azure.mgmt.costmanagement import CostManagementClient

from handlers.errors import UsageError
from handlers.sources.azure.faults import AzureRefused, AzureUnavailable, OutOfTime
from handlers.sources.azure.management import CLIENT_TYPE, CostManagement
from handlers.sources.azure.query import CostQuery, CostRow, Metric, Service
from handlers.sources.azure.throttle import MOST_ATTEMPTS
from tests.fakes.azure_blobs_http import Fault
from tests.fakes.cost_management import Charge, FakeCostManagement
from tests.handlers.sources.azure.clouds import Credential, Waits, credential

SCOPE = "/subscriptions/11d0c4a8-6f21-4a7e-9b35-0c8e2f7d1a64"
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
LIMITS = "x-ms-ratelimit-microsoft.costmanagement-"
AI = "Foundry Models"


@contextmanager
def asking(
    costs: FakeCostManagement,
    waits: Waits | None = None,
    identity: Credential | None = None,
    metric: Metric = Metric.ACTUAL,
) -> Generator[CostQuery]:
    patience = (waits or Waits()).patience
    with CostManagement(identity or credential("valid"), patience, costs.url) as management:
        yield CostQuery(management, SCOPE, metric)


def charge(day: int, cost: str, charge_type: str = "Usage", service: str = AI) -> Charge:
    return Charge(date(2026, 11, day), service, charge_type, cost)


def test_every_page_is_read_and_columns_are_found_by_their_names(costs: FakeCostManagement) -> None:
    costs.charges[SCOPE] = [
        charge(1, "1.10"),
        charge(1, "-0.05", "Refund"),
        charge(2, "0.000000123"),
        charge(30, "7"),
        charge(30, "3.5", service="Storage"),
    ]

    with asking(costs) as query:
        rows = list(query.rows(FIRST, LAST))

    assert rows == [
        CostRow(date(2026, 11, 1), AI, "Refund", Decimal("-0.05"), "EUR"),
        CostRow(date(2026, 11, 1), AI, "Usage", Decimal("1.10"), "EUR"),
        CostRow(date(2026, 11, 2), AI, "Usage", Decimal("0.000000123"), "EUR"),
        CostRow(LAST, AI, "Usage", Decimal(7), "EUR"),
        CostRow(LAST, "Storage", "Usage", Decimal("3.5"), "EUR"),
    ]
    assert len(costs.faults.requests) == 3


def test_money_is_decimal_to_the_last_digit_that_azure_writes(costs: FakeCostManagement) -> None:
    costs.charges[SCOPE] = [charge(1, "1234567890.1234567890123456")]

    with asking(costs) as query:
        (row,) = query.rows(FIRST, LAST)

    assert row.cost == Decimal("1234567890.1234567890123456")


def test_a_long_range_is_asked_in_windows_that_leave_out_no_day_and_count_none_twice(
    costs: FakeCostManagement,
) -> None:
    days = [date(2026, 9, 1) + timedelta(days=number) for number in range(91)]
    costs.charges[SCOPE] = [Charge(day, AI, "Usage", "1") for day in days]

    with asking(costs) as query:
        rows = list(query.rows(days[0], days[-1]))

    assert [row.day for row in rows] == days


def test_what_is_asked_for_is_what_the_interface_takes(costs: FakeCostManagement) -> None:
    costs.charges[SCOPE] = [charge(1, "1")]

    with asking(costs, metric=Metric.AMORTIZED) as query:
        list(query.rows(FIRST, LAST, Service.SERVICE_NAME))

    (request,) = costs.faults.requests
    body = json.loads(request.body)
    assert body["type"] == "AmortizedCost"
    assert [each["name"] for each in body["dataset"]["grouping"]] == ["ServiceName", "ChargeType"]
    assert request.headers["clienttype"] == CLIENT_TYPE


def test_a_range_without_a_day_is_a_mistake(costs: FakeCostManagement) -> None:
    with asking(costs) as query, pytest.raises(UsageError):
        list(query.rows(LAST, FIRST))


@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        (Fault(429, {f"{LIMITS}qpu-retry-after": "11"}), 11.0),
        (Fault(429, {"Retry-After": "3", f"{LIMITS}tenant-retry-after": "20"}), 20.0),
        (Fault(429), 1.0),
        (Fault(500), 1.0),
        (Fault(503, {"Retry-After": "6"}), 6.0),
        (Fault(), 1.0),
        (Fault(sent=30), 1.0),
    ],
)
def test_what_fails_for_now_is_asked_again_after_the_wait_that_azure_asks(
    costs: FakeCostManagement, fault: Fault, waited: float
) -> None:
    costs.charges[SCOPE] = [charge(1, "1")]
    costs.faults.coming.append(fault)

    with asking(costs, waits := Waits()) as query:
        assert len(list(query.rows(FIRST, LAST))) == 1
    assert waits.seconds == [waited]


def test_a_page_that_fails_in_the_middle_is_asked_again_by_itself(
    costs: FakeCostManagement,
) -> None:
    costs.charges[SCOPE] = [charge(day, "1") for day in range(1, 6)]

    def break_second_page(_: object) -> None:
        if len(costs.faults.requests) == 1:
            costs.faults.coming.append(Fault(503))

    costs.faults.before = break_second_page
    with asking(costs) as query:
        assert sum(row.cost for row in query.rows(FIRST, LAST)) == 5
    assert len(costs.faults.requests) == 4


def test_a_wait_beyond_the_runs_end_is_left_to_the_next_run(costs: FakeCostManagement) -> None:
    costs.charges[SCOPE] = [charge(1, "1")]
    costs.faults.coming.append(Fault(429, {f"{LIMITS}entity-retry-after": "600"}))

    with asking(costs, Waits(left=300)) as query, pytest.raises(OutOfTime, match="600 s"):
        list(query.rows(FIRST, LAST))


def test_a_cloud_that_stays_away_is_given_up_after_some_attempts(costs: FakeCostManagement) -> None:
    costs.faults.coming += [Fault(503)] * 20

    with asking(costs) as query, pytest.raises(AzureUnavailable, match="answered 503"):
        list(query.rows(FIRST, LAST))
    assert len(costs.faults.requests) == MOST_ATTEMPTS


def test_a_token_that_expires_between_two_pages_is_replaced(costs: FakeCostManagement) -> None:
    costs.charges[SCOPE] = [charge(day, "1") for day in range(1, 6)]

    def expire(_: object) -> None:
        if len(costs.faults.requests) == 2:
            costs.tokens = {"second"}

    costs.faults.before = expire
    identity = credential("valid", "second")
    with asking(costs, identity=identity) as query:
        assert len(list(query.rows(FIRST, LAST))) == 5
    assert set(identity.asked) == {"https://management.azure.com/.default"}


def test_a_token_that_is_refused_twice_ends_it_and_is_in_no_message(
    costs: FakeCostManagement,
) -> None:
    with (
        asking(costs, identity=credential("wrong-1", "wrong-2")) as query,
        pytest.raises(AzureRefused, match="401 ExpiredAuthenticationToken") as refused,
    ):
        list(query.rows(FIRST, LAST))
    assert "wrong" not in str(refused.value)
    assert len(costs.faults.requests) == 2


def test_an_identity_without_the_role_is_told_which_one_it_needs(
    costs: FakeCostManagement,
) -> None:
    costs.faults.coming.append(Fault(403))

    with asking(costs) as query, pytest.raises(AzureRefused, match="Cost Management Reader"):
        list(query.rows(FIRST, LAST))


def test_the_token_is_not_sent_where_a_next_page_leads_away(costs: FakeCostManagement) -> None:
    costs.charges[SCOPE] = [charge(day, "1") for day in range(1, 6)]
    costs.elsewhere = "https://127.0.0.1.example.net"

    with asking(costs) as query, pytest.raises(AzureRefused, match="no token is sent"):
        list(query.rows(FIRST, LAST))


def test_microsofts_own_client_gets_the_same_first_page_from_the_fake(
    costs: FakeCostManagement,
) -> None:
    costs.charges[SCOPE] = [charge(1, "1.5"), charge(2, "2.5")]
    with asking(costs) as query:
        ours = [(row.day, row.cost) for row in query.rows(FIRST, LAST)]
    body = json.loads(costs.faults.requests[0].body)

    with CostManagementClient(credential("valid"), costs.url) as client:
        answer = client.query.usage(SCOPE.strip("/"), body)

    assert answer is not None
    assert answer.properties is not None
    names = [column.name for column in answer.properties.columns or []]
    rows = [dict(zip(names, row, strict=True)) for row in answer.properties.rows or []]
    theirs = [
        (date.fromisoformat(str(row["UsageDate"])), Decimal(str(row["Cost"]))) for row in rows
    ]
    assert theirs == ours
