"""Bills as reports that Azure makes when asked: made, waited for, fetched, or refused."""

import logging
from datetime import date
from decimal import Decimal

import pytest
from azure.mgmt.costmanagement import CostManagementClient

from handlers.errors import BillError
from handlers.scopes import AzureExport
from handlers.sources import Snapshot
from handlers.sources.azure.cost_details import CostDetailsSource
from handlers.sources.azure.management import CostManagement
from handlers.sources.objects import SourceUnavailable
from handlers.sources.refusals import Refusal
from tests.fakes.azure_blobs import SIGNATURE, FakeBlobs
from tests.fakes.azure_blobs_http import Fault
from tests.fakes.cost_management import FakeCostManagement, Report
from tests.handlers.sources.azure.bills import ENROLLMENT, ea_bytes
from tests.handlers.sources.azure.clouds import (
    NOVEMBER,
    OCTOBER,
    Waits,
    cost_of,
    credential,
)

ACCOUNT = "/" + ENROLLMENT.strip("/")
PROFILE = "/providers/Microsoft.Billing/billingAccounts/a:b_2019-05-31/billingProfiles/QX7K"
MONTH = "2026-11"


def bill(*amounts: str) -> bytes:
    return ea_bytes(*({"CostInBillingCurrency": amount} for amount in amounts))


def put(blobs: FakeBlobs, *contents: bytes, name: str = "run-1") -> list[tuple[str, int]]:
    """The parts of a report and their signed addresses."""
    keys = [f"{name}/part_{number}.csv" for number in range(len(contents))]
    for key, content in zip(keys, contents, strict=True):
        blobs.put("reports", key, content)
    return [(blobs.link("reports", key), len(blobs.blobs["reports"][key].content)) for key in keys]


def found(
    costs: FakeCostManagement,
    *periods: date,
    scope: str = ACCOUNT,
    waits: Waits | None = None,
    export: AzureExport = AzureExport.ACTUAL,
) -> tuple[list[Snapshot], list[Refusal]]:
    refusals: list[Refusal] = []
    with CostManagement(credential("valid"), (waits or Waits()).patience, costs.url) as management:
        source = CostDetailsSource([scope], management, export)
        return list(source.snapshots(periods, refusals.append)), refusals


def test_a_report_is_ordered_waited_for_as_asked_and_all_its_files_are_the_bill(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    links = put(blobs, bill("1.25", "2"), bill("4.5"))
    costs.reports[ACCOUNT, MONTH] = Report(links=links, steps=3, retry_after=20)

    (snapshot,), refusals = found(costs, NOVEMBER, waits=(waits := Waits()))

    assert refusals == []
    assert (snapshot.scope, snapshot.period) == ("8675309", NOVEMBER)
    assert cost_of(snapshot) == (3, Decimal("7.75"))
    assert waits.seconds == [20.0, 20.0, 20.0]


def test_a_report_that_has_no_word_on_waiting_is_looked_at_twice_a_minute(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    costs.reports[ACCOUNT, MONTH] = Report(links=put(blobs, bill("1")), retry_after=None)

    found(costs, NOVEMBER, waits=(waits := Waits()))

    assert waits.seconds == [30.0]


@pytest.mark.parametrize(("scope", "word"), [(ACCOUNT, "billingPeriod"), (PROFILE, "timePeriod")])
def test_an_enrollment_is_asked_by_billing_period_and_a_customer_agreement_by_days(
    costs: FakeCostManagement, blobs: FakeBlobs, scope: str, word: str
) -> None:
    for month in (MONTH, "2026-10"):
        costs.reports[scope, month] = Report(links=put(blobs, bill("1")))

    snapshots, _ = found(costs, NOVEMBER, OCTOBER, scope=scope)

    assert [each.period for each in snapshots] == [OCTOBER, NOVEMBER]
    assert {word.encode() in each.body for each in costs.faults.requests if each.body} == {True}


@pytest.mark.parametrize("report", [None, Report(status="NoDataFound")])
def test_a_month_without_a_charge_is_no_bill_and_no_failure(
    costs: FakeCostManagement, report: Report | None
) -> None:
    if report is not None:
        costs.reports[ACCOUNT, MONTH] = report

    assert found(costs, NOVEMBER) == ([], [])


def test_a_report_that_azure_could_not_make_is_refused_with_azures_reason(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    reason = {"code": "InternalServerError", "message": "Try later."}
    costs.reports[ACCOUNT, MONTH] = Report(status="Failed", error=reason)
    costs.reports[ACCOUNT, "2026-10"] = Report(links=put(blobs, bill("1")))

    snapshots, (refusal,) = found(costs, NOVEMBER, OCTOBER)

    assert [each.period for each in snapshots] == [OCTOBER]
    assert (refusal.scope, refusal.period) == ("8675309", NOVEMBER)
    assert "InternalServerError" in str(refusal.error)


def test_a_report_that_takes_longer_than_the_run_is_left_to_the_next_with_all_after_it(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    costs.reports[ACCOUNT, "2026-10"] = Report(links=put(blobs, bill("1")), steps=99)
    costs.reports[ACCOUNT, MONTH] = Report(links=put(blobs, bill("1")))

    snapshots, refusals = found(costs, NOVEMBER, OCTOBER, waits=Waits(left=60))

    assert snapshots == []
    assert [each.period for each in refusals] == [OCTOBER, NOVEMBER]
    assert all(isinstance(each.error, SourceUnavailable) for each in refusals)
    assert len(costs.making) == 1


def test_the_same_content_in_another_report_is_the_same_version_and_other_content_another(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    versions: list[str] = []
    for number, amount in enumerate(("1", "1", "2")):
        links = put(blobs, bill(amount), name=f"run-{number}")
        costs.reports[ACCOUNT, MONTH] = Report(links=links)
        (snapshot,), _ = found(costs, NOVEMBER)
        versions.append(snapshot.version)

    assert versions[0] == versions[1] != versions[2]


def test_content_tells_versions_apart_where_the_store_states_no_checksum(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    versions: list[str] = []
    for amount in ("1", "1", "2"):
        links = put(blobs, bill(amount))
        blobs.put("reports", "run-1/part_0.csv", bill(amount), md5=b"")
        costs.reports[ACCOUNT, MONTH] = Report(links=links)
        (snapshot,), _ = found(costs, NOVEMBER)
        versions.append(snapshot.version)

    assert versions[0] == versions[1] != versions[2]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (Report(blob_count=2), "2 files and names 0"),
        (Report(links=[("http://example.net/part.csv?sig=x", 1)]), "secure address"),
    ],
)
def test_a_report_that_contradicts_itself_or_leads_away_is_refused(
    costs: FakeCostManagement, report: Report, said: str
) -> None:
    costs.reports[ACCOUNT, MONTH] = report

    _, (refusal,) = found(costs, NOVEMBER)

    assert said in str(refusal.error)


def test_a_file_of_another_size_than_stated_is_refused(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    ((link, size),) = put(blobs, bill("1"))
    costs.reports[ACCOUNT, MONTH] = Report(links=[(link, size + 1)])

    _, (refusal,) = found(costs, NOVEMBER)

    assert f"has {size + 1} bytes; it has {size}" in str(refusal.error)


def test_a_file_that_is_gone_is_refused_and_no_message_holds_its_signature(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    costs.reports[ACCOUNT, MONTH] = Report(links=put(blobs, bill("1")))
    blobs.delete("reports", "run-1/part_0.csv")

    _, (refusal,) = found(costs, NOVEMBER)

    assert isinstance(refusal.error, SourceUnavailable)
    assert SIGNATURE not in str(refusal.error) + refusal.origin


def test_no_signature_is_logged(
    costs: FakeCostManagement, blobs: FakeBlobs, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    costs.reports[ACCOUNT, MONTH] = Report(links=put(blobs, bill("1")))
    blobs.faults.coming.append(Fault(503))

    (snapshot,), _ = found(costs, NOVEMBER)
    cost_of(snapshot)

    assert "part_0.csv" in caplog.text
    assert SIGNATURE not in caplog.text


def test_a_storage_account_that_is_away_is_named_without_the_signature(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    costs.reports[ACCOUNT, MONTH] = Report(links=put(blobs, bill("1")))
    blobs.faults.coming += [Fault()] * 200

    _, (refusal,) = found(costs, NOVEMBER)

    assert isinstance(refusal.error, SourceUnavailable)
    assert SIGNATURE not in str(refusal.error)


def test_a_report_of_another_scope_is_refused_when_it_is_read(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    costs.reports[ACCOUNT, MONTH] = Report(links=put(blobs, ea_bytes({"BillingAccountId": "1"})))

    (snapshot,), _ = found(costs, NOVEMBER)

    with pytest.raises(BillError, match="is not '8675309'"):
        cost_of(snapshot)


def test_without_periods_the_months_that_azure_keeps_are_asked_for(
    costs: FakeCostManagement,
) -> None:
    assert found(costs) == ([], [])

    asked = [each.body.partition(b'"billingPeriod": "')[2][:6] for each in costs.faults.requests]
    assert len(asked) == 13
    assert (asked[0], asked[-1]) == (b"202511", b"202611")


def test_there_are_no_reports_of_focus(costs: FakeCostManagement) -> None:
    with pytest.raises(ValueError, match="no reports of focus"):
        found(costs, NOVEMBER, export=AzureExport.FOCUS)


def test_microsofts_own_client_gets_the_same_report_from_the_fake(
    costs: FakeCostManagement, blobs: FakeBlobs
) -> None:
    links = put(blobs, bill("1"), bill("2"))
    costs.reports[ACCOUNT, MONTH] = Report(links=links, retry_after=None)
    with CostManagementClient(credential("valid"), costs.url, polling_interval=0) as client:
        order = client.generate_cost_details_report.begin_create_operation(
            ACCOUNT.strip("/"), {"metric": "ActualCost", "billingPeriod": "202611"}
        )
        answer = order.result()

    assert answer.manifest is not None
    theirs = [(each.blob_link, each.byte_count) for each in answer.manifest.blobs or []]
    assert theirs == links
