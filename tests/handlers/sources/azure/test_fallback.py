"""A month without an export is told by a report, until the export comes."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.archive import FolderArchive
from handlers.ledger import Status
from handlers.load.load import Loader, Outcome, Policy
from handlers.scopes import AzureExport, AzureScope
from handlers.site import site_from
from handlers.sources.azure.fallback import ONCE_IN, WithReports, has_reports
from handlers.sources.azure.management import CostManagement
from handlers.sources.azure.source import azure_source
from handlers.sources.refusals import Refusal
from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.fakes.azure_blobs import FakeBlobs
from tests.fakes.azure_blobs_http import Fault
from tests.fakes.cost_management import FakeCostManagement, Report
from tests.handlers.load.runs import ledger, query, rules_of
from tests.handlers.sources.azure.bills import ENROLLMENT, ea_bytes
from tests.handlers.sources.azure.clouds import (
    CONTAINER,
    NOVEMBER,
    NOW,
    OCTOBER,
    Waits,
    credential,
    scope_of,
)

EUROS = site_from({"rates.csv": b"currency,month,rate\nEUR,2026-11,1\n"})
ACCOUNT = "/" + ENROLLMENT.strip("/")
BILL = f"Azure {ENROLLMENT.rpartition('/')[2]} 2026-11"


def report(blobs: FakeBlobs, *amounts: str) -> Report:
    content = ea_bytes(*({"CostInBillingCurrency": amount} for amount in amounts))
    name = f"run-{len(blobs.blobs.get('reports', {}))}/part.csv"
    blobs.put("reports", name, content)
    return Report(links=[(blobs.link("reports", name), len(content))])


def put_export(blobs: FakeBlobs, *amounts: str) -> None:
    content = ea_bytes(*({"CostInBillingCurrency": amount} for amount in amounts))
    folder = "ea/actual/20261101-20261130/0b9a3e57-9f0b-4a70-93a0-5d0f1fbd6f43"
    manifest = {
        "exportConfig": {
            "exportName": "actual",
            "type": "ActualCost",
            "resourceId": f"{ACCOUNT}/providers/Microsoft.CostManagement/exports/actual",
        },
        "runInfo": {
            "submittedTime": "2026-11-20T04:00:00Z",
            "startDate": "2026-11-01T00:00:00",
            "endDate": "2026-11-30T00:00:00",
        },
        "blobs": [{"blobName": f"{folder}/part_0.csv", "byteCount": len(content)}],
    }
    blobs.put(CONTAINER, f"{folder}/part_0.csv", content)
    blobs.put(CONTAINER, f"{folder}/manifest.json", json.dumps(manifest).encode())


def collect(
    folder: Path,
    costs: FakeCostManagement,
    blobs: FakeBlobs,
    scope: AzureScope | None = None,
    periods: Sequence[date] = (NOVEMBER,),
    later: timedelta = timedelta(0),
) -> tuple[list[tuple[str, Outcome]], list[str]]:
    path = folder / "costs.duckdb"
    refused: list[Refusal] = []
    blobs.tokens.add("valid")
    own = scope or scope_of(blobs.account_url, ACCOUNT, prefix="ea")
    exports = azure_source([own], credential(*["valid"] * 9), Waits().patience, blobs.opened)
    store = DuckDbWarehouse(path, wait_seconds=5)
    rules = rules_of(EUROS)
    with (
        CostManagement(credential(*["valid"] * 9), Waits().patience, costs.url) as management,
        store.open() as connection,
    ):
        archive = FolderArchive(folder / "archive")
        ours = Loader(store, connection, archive, rules, Policy(lambda: NOW))
        bills = WithReports(exports, management, store.loaded(), NOW + later)
        outcomes = [ours.load(bill) for bill in bills.snapshots(periods, refused.append)]
    said = [(each.bill, each.outcome) for each in outcomes]
    return said, [str(each.error) for each in refused]


def cost(folder: Path) -> Decimal:
    ((found,),) = query(folder / "costs.duckdb", "SELECT sum(billing_cost) FROM llm_costs")
    return Decimal(found)


def test_a_report_stands_in_for_an_export_which_then_replaces_it_however_much_it_differs(
    costs: FakeCostManagement, blobs: FakeBlobs, tmp_path: Path
) -> None:
    costs.reports[ACCOUNT, "2026-11"] = report(blobs, "7", "1", "1")
    blobs.put(CONTAINER, "elsewhere/x", b"x")
    assert collect(tmp_path, costs, blobs) == ([(BILL, Outcome.LOADED)], [])
    assert cost(tmp_path) == Decimal(9)
    (row,) = ledger(tmp_path / "costs.duckdb")
    assert row.stands_in
    assert "generateCostDetailsReport/2026-11" in (row.origin or "")

    put_export(blobs, "2.5")
    assert collect(tmp_path, costs, blobs) == ([(BILL, Outcome.LOADED)], [])
    assert cost(tmp_path) == Decimal("2.5")
    rows = ledger(tmp_path / "costs.duckdb")
    assert [each.status for each in rows] == [Status.LOADED, Status.LOADED]
    assert not rows[-1].stands_in

    del blobs.blobs[CONTAINER]
    blobs.put(CONTAINER, "elsewhere/x", b"x")
    orders = len(costs.faults.requests)
    assert collect(tmp_path, costs, blobs, later=ONCE_IN * 2)[0] == []
    assert len(costs.faults.requests) == orders


def test_a_report_is_ordered_once_a_day_and_loaded_when_it_is_another(
    costs: FakeCostManagement, blobs: FakeBlobs, tmp_path: Path
) -> None:
    costs.reports[ACCOUNT, "2026-11"] = report(blobs, "7")
    blobs.put(CONTAINER, "elsewhere/x", b"x")
    collect(tmp_path, costs, blobs)
    orders = len(costs.faults.requests)
    assert collect(tmp_path, costs, blobs, later=timedelta(hours=1)) == ([], [])
    assert len(costs.faults.requests) == orders
    costs.reports[ACCOUNT, "2026-11"] = report(blobs, "8")
    assert collect(tmp_path, costs, blobs, later=ONCE_IN * 2) == ([(BILL, Outcome.LOADED)], [])
    assert cost(tmp_path) == Decimal(8)


@pytest.mark.parametrize("changed", ["container", "periods", "subscription"])
def test_no_report_is_ordered_where_an_export_may_be_or_none_is_made(
    costs: FakeCostManagement, blobs: FakeBlobs, tmp_path: Path, changed: str
) -> None:
    scope = None
    blobs.put(CONTAINER, "elsewhere/x", b"x")
    if changed == "container":
        blobs.faults.coming += [Fault(403)] * 9
    if changed == "subscription":
        guid = "11d0c4a8-6f21-4a7e-9b35-0c8e2f7d1a64"
        scope = scope_of(blobs.account_url, f"/subscriptions/{guid}")
    periods = [] if changed == "periods" else [OCTOBER, NOVEMBER]
    said, refused = collect(tmp_path, costs, blobs, scope, periods)
    assert said == []
    assert bool(refused) == (changed == "container")
    assert costs.faults.requests == []


def test_reports_are_made_of_billing_accounts_and_not_in_focus() -> None:
    url = "https://bills.blob.core.windows.net"
    assert has_reports(scope_of(url, ACCOUNT))
    assert has_reports(scope_of(url, ACCOUNT, AzureExport.AMORTIZED))
    assert not has_reports(scope_of(url, ACCOUNT, AzureExport.FOCUS))
    assert not has_reports(scope_of(url, "/subscriptions/11d0c4a8-6f21-4a7e-9b35-0c8e2f7d1a64"))
