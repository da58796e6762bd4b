"""A load that fails says so in the ledger and changes nothing else; the others go on."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from handlers.errors import BillError, ConservationError, UsageError
from handlers.ledger import Status
from handlers.load.load import Outcome
from handlers.load.overlap import refuse_overlap
from handlers.record import Cloud
from tests.conftest import RunHandlers
from tests.handlers.load.bills import AwsBill, Line, write_bill, write_site
from tests.handlers.load.runs import bill_in, collect, ledger, loader, query, tables
from tests.handlers.sources.azure.bills import SUBSCRIPTION, ea_bytes, export

pytestmark = pytest.mark.slow

PERIOD = date(2026, 11, 1)
GOOD = AwsBill("111122223333", PERIOD, [Line(PERIOD, "10")], datetime(2026, 11, 15, 4, tzinfo=UTC))
BAD = replace(GOOD, scope="444455556666", lines=[Line(PERIOD, "1"), Line(PERIOD, "1,000")])


def test_a_load_that_fails_leaves_a_row_with_the_reason_and_every_table_as_it_was(
    tmp_path: Path,
) -> None:
    write_bill(tmp_path / "bills", GOOD)
    warehouse = tmp_path / "w" / "costs.duckdb"
    collect(tmp_path / "bills", warehouse)
    before, rows = tables(warehouse), ledger(warehouse)
    broken = replace(GOOD, lines=BAD.lines, written=GOOD.written + timedelta(days=1))
    write_bill(tmp_path / "bills", broken)
    with pytest.raises(BillError) as error:
        collect(tmp_path / "bills", warehouse)
    assert tables(warehouse) == before
    *same, failed = ledger(warehouse)
    assert same == rows
    assert (failed.status, failed.scope, failed.billing_period) == (
        Status.FAILED,
        GOOD.scope,
        PERIOD,
    )
    assert failed.error == str(error.value)
    for part in ("cur2-00001.csv", "row 3", "column 'line_item_unblended_cost'"):
        assert part in str(failed.error)
    assert (failed.rows, failed.cost_usd, failed.archive) == (None, None, None)


def test_a_failed_load_is_tried_again_and_loaded_once_it_is_mended(tmp_path: Path) -> None:
    write_bill(tmp_path / "bills", BAD)
    warehouse = tmp_path / "w" / "costs.duckdb"
    for _ in range(2):
        with pytest.raises(BillError):
            collect(tmp_path / "bills", warehouse)
    shutil.rmtree(tmp_path / "bills")
    write_bill(tmp_path / "bills", replace(BAD, lines=BAD.lines[:1]))
    assert collect(tmp_path / "bills", warehouse)[0].outcome is Outcome.LOADED
    assert [row.status for row in ledger(warehouse)] == ["failed", "failed", "loaded"]


def test_one_bad_bill_does_not_keep_the_others_from_being_loaded(
    tmp_path: Path, run_handlers: RunHandlers
) -> None:
    last = replace(GOOD, scope="777788889999")
    for bill in (GOOD, BAD, last):
        write_bill(tmp_path / "bills", bill)
    warehouse = tmp_path / "w" / "costs.duckdb"
    answer = run_handlers(
        "collect", tmp_path / "bills", "--warehouse", f"duckdb:{warehouse}",
        "--now", "2026-11-21T06:00:00",
    )  # fmt: skip
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: ")
    assert "Traceback" not in answer.stderr
    assert "row 3, column 'line_item_unblended_cost'" in answer.stderr
    found = query(warehouse, "SELECT scope, sum(cost_usd) FROM llm_costs GROUP BY ALL ORDER BY 1")
    assert found == [(GOOD.scope, 10), (last.scope, 10)]
    statuses = {row.scope: row.status for row in ledger(warehouse)}
    assert statuses == {
        GOOD.scope: Status.LOADED,
        BAD.scope: Status.FAILED,
        last.scope: Status.LOADED,
    }


def test_an_older_export_that_comes_late_leaves_the_newer_one_loaded(tmp_path: Path) -> None:
    warehouse = tmp_path / "w" / "costs.duckdb"
    newer = replace(GOOD, lines=[Line(PERIOD, "11")], written=GOOD.written + timedelta(days=1))
    with loader(warehouse) as ours:
        for name, bill in (("new", newer), ("old", GOOD)):
            write_bill(tmp_path / name, bill)
        assert ours.load(bill_in(tmp_path / "new")).outcome is Outcome.LOADED
        assert ours.load(bill_in(tmp_path / "old")).outcome is Outcome.OLDER
    assert query(warehouse, "SELECT cost_usd FROM llm_costs") == [(11,)]
    assert len(ledger(warehouse)) == 1


def azure(folder: Path, name: str, resource: str) -> None:
    """An export of ``resource`` with one line of the usual subscription, in EUR."""
    export(ea_bytes(), name=name, resource=resource).write(folder)


def test_a_subscription_beside_its_billing_account_is_refused_by_both_names(
    tmp_path: Path,
) -> None:
    site = write_site(tmp_path / "site", rates="currency,month,rate\nEUR,2026-11,0.86\n")
    warehouse = tmp_path / "w" / "costs.duckdb"
    azure(tmp_path / "bills", "whole", "/providers/Microsoft.Billing/billingAccounts/8675309")
    collect(tmp_path / "bills", warehouse, site)
    before = tables(warehouse)
    azure(tmp_path / "bills", "part", f"/subscriptions/{SUBSCRIPTION}")
    with pytest.raises(UsageError, match=f"overlap: both hold {SUBSCRIPTION}") as error:
        collect(tmp_path / "bills", warehouse, site)
    assert "8675309" in str(error.value)
    assert tables(warehouse) == before


@pytest.mark.parametrize("cloud", [Cloud.AWS, Cloud.GCP])
def test_an_account_that_moved_to_another_bill_within_the_month_may_be_on_both(
    cloud: Cloud,
) -> None:
    refuse_overlap(cloud, "old", ["moved"], [("new", "moved")])
    with pytest.raises(UsageError, match="old and new overlap: both hold moved"):
        refuse_overlap(Cloud.AZURE, "old", ["moved"], [("new", "moved")])


def test_scopes_without_a_common_account_are_loaded_beside_each_other(tmp_path: Path) -> None:
    warehouse = tmp_path / "w" / "costs.duckdb"
    for scope, account in ((GOOD.scope, "1" * 12), (BAD.scope, "2" * 12)):
        line = Line(PERIOD, "1", account=account)
        write_bill(tmp_path / "bills", replace(GOOD, scope=scope, lines=[line]))
    outcomes = {loaded.outcome for loaded in collect(tmp_path / "bills", warehouse)}
    assert outcomes == {Outcome.LOADED}


def test_usage_of_another_month_is_refused_and_a_late_credit_is_not(tmp_path: Path) -> None:
    october = PERIOD - timedelta(days=1)
    credit = replace(GOOD, lines=[Line(october, "-1", line_type="Credit"), *GOOD.lines])
    warehouse = tmp_path / "w" / "costs.duckdb"
    write_bill(tmp_path / "bills", credit)
    assert collect(tmp_path / "bills", warehouse)[0].outcome is Outcome.LOADED
    usage = replace(credit, lines=[Line(october, "1")], written=GOOD.written + timedelta(days=1))
    write_bill(tmp_path / "bills", usage)
    with pytest.raises(BillError, match="2026-10-31"):
        collect(tmp_path / "bills", warehouse)


def test_a_load_that_is_refused_after_its_lines_were_named_leaves_no_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConservationError("The rows do not add up.")

    monkeypatch.setattr("handlers.load.load.verified_split", refuse)
    write_bill(tmp_path / "bills", GOOD)
    with pytest.raises(ConservationError):
        collect(tmp_path / "bills", tmp_path / "w" / "costs.duckdb")
    assert [path for path in (tmp_path / "w" / "archive").rglob("*") if path.is_file()] == []
