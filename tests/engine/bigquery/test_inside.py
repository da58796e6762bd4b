"""Google's bill loaded where it is: read by nobody, classified, replaced and archived."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from handlers.archive import FolderArchive
from handlers.catalog import load_catalog
from handlers.errors import BillError, ConservationError
from handlers.ledger import LedgerRow, Status
from handlers.load import collecting
from handlers.load.collecting import Collected, Failure
from handlers.load.inside import tasks_inside
from handlers.load.inside_aside import allowed, fetch_aside, verify_separated
from handlers.load.load import Loader, Outcome, Policy
from handlers.record import Cloud
from handlers.sample import write_sample
from handlers.scan.totals import Total
from handlers.scopes import GcpScope
from handlers.site import load_site
from handlers.sources.archive import ArchiveSource
from handlers.sources.gcp.bigquery import Load, bills_in, export_at, separation_of
from handlers.sources.refusals import Refusal
from handlers.tables import FACTS, LOADED
from handlers.warehouses.bigquery.names import TableName
from tests.engine.bigquery.emulator import PROJECT, Emulator, Row
from tests.engine.bigquery.exports import Bill, comparable, dollars, in_duckdb, rows_of
from tests.engine.bigquery.hub import Hub, hub_in
from tests.handlers.load.runs import NOW, collect, ledger
from tests.handlers.sources.gcp.tables import row

pytestmark = [pytest.mark.engine, pytest.mark.timeout(170)]

ACCOUNT = "01A2B3-C4D5E6-F7A8B9"
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
TABLE = "demo-project.billing.export"


@pytest.fixture
def hub(emulator: Emulator, tmp_path: Path) -> Iterator[Hub]:
    with hub_in(emulator, tmp_path / "work") as made:
        yield made


class Watcher:
    """Keeps nothing."""

    def starts(self, task: object) -> None:
        pass

    def loaded(self, task: object, loaded: object) -> None:
        pass

    def failed(self, failure: Failure, load_id: str) -> None:
        pass


def run(
    hub: Hub,
    folder: Path,
    periods: Sequence[date],
    site: Path | None = None,
    table: str = TABLE,
    from_archive: bool = False,
) -> tuple[Collected, list[Refusal]]:
    known = load_site(site)
    refused: list[Refusal] = []
    rules_of = collecting.rules_of_site(known)
    archive = FolderArchive(folder / "archive")
    policy = Policy(lambda: NOW, reclassify=from_archive)
    with hub.warehouse.open() as connection:
        loader = Loader(hub.warehouse, connection, archive, rules_of, policy)
        scopes = [GcpScope(id=ACCOUNT, table=table)]
        if from_archive:
            source = ArchiveSource(hub.warehouse, archive, [Cloud.GCP])
            tasks = collecting.tasks_of(source, periods, hub.warehouse, loader, refused.append)
        else:
            tasks = tasks_inside(hub.warehouse, scopes, periods, loader, refused.append)
        return collecting.load_all(tasks, Watcher(), lambda: True), refused


def said(collected: Collected) -> list[tuple[str, Outcome]]:
    assert not collected.failures, [str(each.error) for each in collected.failures]
    return [(each.bill, each.outcome) for each in collected.outcomes]


def history(hub: Hub) -> LedgerRow:
    return hub.warehouse.history(Cloud.GCP, ACCOUNT, NOVEMBER)[-1]


def test_a_bill_in_the_export_stands_in_the_hub_as_its_file_does_in_duckdb(
    emulator: Emulator, hub: Hub, tmp_path: Path
) -> None:
    bills = tmp_path / "sample"
    write_sample(bills, seed=1, days=10, end=date(2026, 11, 5))
    warehouse = tmp_path / "costs.duckdb"
    collect(bills / "gcp", warehouse, bills / "site")
    (table,) = (bills / "gcp").glob(f"*_{ACCOUNT.replace('-', '_')}")
    emulator.load_export(rows_of(table))

    first, refused = run(hub, tmp_path, [NOVEMBER], bills / "site")
    assert refused == []
    assert said(first) == [(f"GCP {ACCOUNT} 2026-11", Outcome.LOADED)]
    theirs = in_duckdb(warehouse, Bill(ACCOUNT, NOVEMBER))
    for kind in LOADED:
        assert comparable(hub.rows(kind, [Cloud.GCP])) == comparable(theirs[kind.name]), kind.name
    found = history(hub)
    (right,) = (
        each
        for each in ledger(warehouse)
        if (each.scope, each.billing_period) == (ACCOUNT, NOVEMBER)
    )
    for name in ("source_total", "ai_total", "other_total", "cost_usd", "gross_cost_usd", "rows",
                 "source_lines", "ai_lines", "billing_currency", "data_through", "exported_at",
                 "rates_used"):  # fmt: skip
        assert getattr(found, name) == getattr(right, name), name
    assert (found.status, found.origin) == (Status.LOADED, TABLE)
    left = [item.table_id for item in emulator.client.list_tables("staging", retry=None)]
    assert left == []

    again, _ = run(hub, tmp_path, [NOVEMBER], bills / "site")
    assert said(again) == [(f"GCP {ACCOUNT} 2026-11", Outcome.UNCHANGED)]


NEXT: dict[str, Any] = {
    "invoice": {"month": "202611"},
    "usage_start_time": "2026-11-03 00:00:00 UTC",
    "usage_end_time": "2026-11-03 01:00:00 UTC",
    "currency": "USD",
    "currency_conversion_rate": 1.0,
    "credits": [],
    "export_time": "2026-11-04 02:00:00 UTC",
}


def test_rows_that_google_adds_are_another_version_of_their_own_month_alone(
    emulator: Emulator, hub: Hub
) -> None:
    other = row(invoice={"month": "202611"}, billing_account_id="0A1B2C-3D4E5F-6A7B8C")
    early = row(**{**NEXT, "export_time": "2026-10-26 23:59:59 UTC"})
    rows = [row(**NEXT), early, row(), other]

    def versions(added: Sequence[Row], periods: Sequence[date]) -> dict[date, str]:
        emulator.run(f"DROP TABLE IF EXISTS `{TABLE}`")
        emulator.run("DROP TABLE IF EXISTS billing.texts")
        emulator.load_export([*rows, *added])
        export = export_at(hub.warehouse.jobs, TABLE)
        return {
            bill.period: bill.version
            for bill in bills_in(hub.warehouse.jobs, export, ACCOUNT, periods)
        }

    before = versions([], [])
    assert list(before) == [OCTOBER, NOVEMBER]
    assert versions([], [NOVEMBER]) == {NOVEMBER: before[NOVEMBER]}
    after = versions([row(**NEXT)], [])
    assert after[OCTOBER] == before[OCTOBER]
    assert after[NOVEMBER] != before[NOVEMBER]


def test_the_archive_alone_rebuilds_a_bill_that_was_loaded_inside(
    emulator: Emulator, hub: Hub, tmp_path: Path
) -> None:
    emulator.load_export([row(cost=1.25, **NEXT)])
    first, _ = run(hub, tmp_path, [NOVEMBER])
    assert said(first) == [(f"GCP {ACCOUNT} 2026-11", Outcome.LOADED)]
    before = hub.rows(FACTS, [Cloud.GCP])
    assert dollars(before) == Decimal("1.25")
    emulator.run(f"DROP TABLE `{TABLE}`")
    site = tmp_path / "site"
    site.mkdir()
    (site / "customers.csv").write_text("id,name,aliases\nacme,Acme,\n", encoding="utf-8")
    rebuilt, _ = run(hub, tmp_path, [], site, from_archive=True)
    assert said(rebuilt) == [(f"GCP {ACCOUNT} 2026-11", Outcome.LOADED)]
    assert comparable(hub.rows(FACTS, [Cloud.GCP])) == comparable(before)


def test_an_export_that_is_not_there_refuses_its_own_scope_alone(hub: Hub, tmp_path: Path) -> None:
    collected, refused = run(hub, tmp_path, [NOVEMBER], table="demo-project.billing.nothing")
    assert said(collected) == []
    (refusal,) = refused
    assert (refusal.scope, refusal.cloud) == (ACCOUNT, Cloud.GCP)
    assert "Check that the billing export is on" in str(refusal.error)


def test_a_row_that_can_not_be_understood_fails_the_load_and_the_ledger_says_which_column(
    emulator: Emulator, hub: Hub, tmp_path: Path
) -> None:
    emulator.load_export([row(), row(currency="")])
    collected, _ = run(hub, tmp_path, [OCTOBER])
    (failure,) = collected.failures
    assert "column 'currency'" in str(failure.error)
    assert hub.rows(FACTS, [Cloud.GCP]) == []
    (failed,) = hub.warehouse.history(Cloud.GCP, ACCOUNT, OCTOBER)
    assert (failed.status, failed.error) == (Status.FAILED, str(failure.error))


def test_rows_that_can_not_be_understood_are_told_from_the_rest_of_their_bill(
    emulator: Emulator, hub: Hub
) -> None:
    usd: Row = {"currency": "USD", "currency_conversion_rate": 1.0, "credits": []}
    storage = usd | {"service": {"id": "95FF-2EF5-5EA1", "description": "Cloud Storage"}}
    emulator.load_export(
        [
            row(**usd | {"cost": 1.25}),
            row(**usd | {"cost": 0.5, "currency": "", "credits": [{"amount": -0.125}]}),
            row(**usd | {"cost": None, "credits": [{"amount": -2.0}]}),
            row(**storage | {"cost": 4.0}),
            row(**storage | {"cost": 8.0, "usage_start_time": None}),
        ]
    )
    (bill,) = bills_in(hub.warehouse.jobs, export_at(hub.warehouse.jobs, TABLE), ACCOUNT, [OCTOBER])
    staging = TableName(PROJECT, "staging", "attempt")
    load = Load(export=bill.export, account=ACCOUNT, period=OCTOBER, load_id="L1", staging=staging)
    steps = separation_of(load, load_catalog(Cloud.GCP), load_site(None))
    for step in steps.statements:
        emulator.run(step.sql, step.parameters)

    rest = emulator.run(f"SELECT cost, currency FROM {steps.table('understood')}")
    assert sorted((each["cost"], each["currency"]) for each in rest) == [
        (1.25, "USD"),
        (4.0, "USD"),
    ]
    separated = fetch_aside(hub.warehouse.jobs, steps, bill)
    # Half a dollar less its credit, and eight; the amount of the third row can't be read, and the
    # second reader has its credit alone.
    assert (separated.aside.lines, separated.aside.cost) == (3, Decimal("8.375"))
    assert separated.seen == Total(3, Decimal("6.375"))
    kept = list(csv.DictReader(io.StringIO(separated.aside.content.decode("utf-8"), newline="")))
    costs = {"currency": '"cost":0.5,', "cost": '"cost":null,', "usage_start_time": '"cost":8,'}
    assert {each["quarantine_column"] for each in kept} == costs.keys()
    for each in kept:
        assert costs[each["quarantine_column"]] in each["line"]
        assert each["quarantine_file"] == TABLE

    whole = {"source_lines": 5, "source_total": Decimal("11.625"), "faults": 3, "fault": "cost"}
    left = {"source_lines": 2, "source_total": Decimal("5.25")}
    verify_separated(bill, whole, left, separated)
    with pytest.raises(ConservationError, match="this is a defect"):
        verify_separated(bill, whole, left | {"source_lines": 1}, separated)
    with pytest.raises(BillError, match="--quarantine loads the others"):
        allowed(None, bill, whole)
