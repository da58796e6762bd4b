"""What a run asks the clouds themselves, against fakes that are as strict as they are."""

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.reconcile import SaidBy
from handlers.reconcile.asked import Answers
from handlers.record import ChargeType
from handlers.runtimes.aws_bills import statements_of
from handlers.runtimes.azure_bills import stated_by
from handlers.runtimes.clients import Login, Reader, Scratch, Tell
from handlers.scopes import AwsExport, AwsScope, AzureExport, AzureScope
from handlers.sources.azure.management import CostManagement
from tests.fakes.azure_blobs_http import certificate
from tests.fakes.cost_explorer import Cost, FakeCostExplorer, fake_cost_explorer
from tests.fakes.cost_management import Charge, fake_cost_management
from tests.handlers.sources.azure.clouds import Waits, credential

TODAY = date(2026, 11, 24)
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
PAYER = "111122223333"
SUBSCRIPTION = "11d0c4a8-6f21-4a7e-9b35-0c8e2f7d1a64"


def untold(_message: str, _details: Mapping[str, object]) -> None:
    """Nobody listens."""


def reader(folder: Path, opened: ExitStack, tell: Tell = untold) -> Reader:
    now = datetime(2026, 11, 24, 3, tzinfo=UTC)
    return Reader(Login.OWN, Scratch(folder, lambda: now, lambda: 100.0, opened, tell), None)


def payer(role_of: str) -> AwsScope:
    return AwsScope(
        id=PAYER,
        role_arn=f"arn:aws:iam::{role_of}:role/reader",
        region="us-east-1",
        bucket="bills",
        prefix="",
        export=AwsExport.CUR2,
    )


def test_cost_explorer_states_a_payers_month_by_kind_of_charge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = [
        Cost(date(2026, 9, 1), "100.10"),
        Cost(date(2026, 9, 30), "50", service="Amazon S3"),
        Cost(date(2026, 9, 30), "28.52", service="Tax", record_type="Tax"),
        Cost(date(2026, 9, 30), "-10", record_type="Credit"),
        Cost(date(2026, 10, 1), "7"),
    ]
    told: list[tuple[str, object, object]] = []

    def tell(message: str, details: Mapping[str, object]) -> None:
        told.append((message, details["requests"], details["usd"]))

    with fake_cost_explorer(FakeCostExplorer(TODAY, costs, page=2)) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_COST_EXPLORER", fake.address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        asking = reader(tmp_path, fake.opened, tell)
        both = statements_of([payer(PAYER)], [SEPTEMBER, OCTOBER], asking)
        asked = len(fake.requests)
        assert told == [
            (f"Cost Explorer: {asked} requests, 0.0{asked} USD", asked, Decimal(asked) / 100)
        ]
        foreign = payer("999900001111")
        assert statements_of([foreign], [SEPTEMBER], reader(tmp_path, fake.opened)) == Answers()
        assert len(fake.requests) == asked
    september, october = both.statements
    assert (september.scope, september.period, september.currency) == (PAYER, SEPTEMBER, "USD")
    assert september.said_by is SaidBy.COST_EXPLORER
    assert september.total == Decimal("168.62")
    assert september.by_charge_type == {
        ChargeType.USAGE: Decimal("150.10"),
        ChargeType.TAX: Decimal("28.52"),
        ChargeType.CREDIT: Decimal(-10),
    }
    assert october.total == Decimal(7)


def test_cost_management_states_a_scopes_month_under_the_name_that_loads_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate().certificate))
    scope = AzureScope(
        id=f"/subscriptions/{SUBSCRIPTION}",
        account_url="https://bills.blob.core.windows.net",
        container="exports",
        prefix="",
        export=AzureExport.ACTUAL,
    )
    with fake_cost_management() as fake:
        fake.tokens.add("valid")
        fake.charges[scope.id] = [
            Charge(date(2026, 9, 1), "Foundry Models", "Usage", "100.10"),
            Charge(date(2026, 9, 30), "Storage", "Usage", "50"),
            Charge(date(2026, 9, 30), "Foundry Models", "Refund", "-3"),
            Charge(date(2026, 10, 1), "Storage", "Usage", "7"),
        ]
        with CostManagement(credential("valid"), Waits().patience, fake.url) as management:
            answers = stated_by(management, [scope], [SEPTEMBER, date(2026, 12, 1)], TODAY)
    [said] = answers.statements
    assert (said.scope, said.period, said.currency) == (SUBSCRIPTION, SEPTEMBER, "EUR")
    assert said.total == Decimal("147.10")
    assert said.by_charge_type == {
        ChargeType.USAGE: Decimal("150.10"),
        ChargeType.REFUND: Decimal(-3),
    }
