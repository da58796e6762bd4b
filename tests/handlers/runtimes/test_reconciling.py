"""A message reconciles: the cloud's own word and the invoices, against what was loaded."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.reconcile import SaidBy, Statement
from handlers.record import ChargeType, Cloud
from handlers.runtimes.jobs import Outcome, RunFailed
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import query
from tests.handlers.runtimes.local import LocalJob

SEPTEMBER = date(2026, 9, 1)
SAID = Statement(
    cloud=Cloud.AWS,
    scope="111122223333",
    period=SEPTEMBER,
    said_by=SaidBy.COST_EXPLORER,
    currency="USD",
    total=Decimal("119"),
    by_charge_type={ChargeType.USAGE: Decimal(100), ChargeType.TAX: Decimal(19)},
)


@pytest.fixture
def job(tmp_path: Path) -> LocalJob:
    job = LocalJob(tmp_path)
    lines = [Line(SEPTEMBER + timedelta(days=number), "10") for number in range(10)]
    written = datetime(2026, 10, 20, tzinfo=UTC)
    write_bill(tmp_path / "bills", AwsBill("111122223333", SEPTEMBER, lines, written))
    job.run(run="collect", period="2026-09")
    return job


def test_each_statement_is_compared_logged_and_kept(job: LocalJob) -> None:
    job.clients.said.append(SAID)
    (job.folder / "site").mkdir()
    (job.folder / "site" / "invoices.csv").write_text(
        "cloud,scope,billing_period,invoice_id,currency,amount\n"
        "AWS,111122223333,2026-09,1,USD,150\n",
        encoding="utf-8",
    )
    report = job.run(run="reconcile")
    assert report.outcome is Outcome.DONE
    assert (report.details["compared"], report.details["unexplained"]) == (2, 1)
    rows = query(
        job.warehouse, "SELECT source, charge_type, difference, reason FROM reconciliation"
    )
    assert sorted(rows, key=str) == sorted(
        [
            ("cost_explorer", None, Decimal(19), "tax"),
            ("cost_explorer", "tax", Decimal(19), "tax"),
            ("invoice", None, Decimal(50), "unexplained"),
            ("invoice", "usage", Decimal(50), "unexplained"),
        ],
        key=str,
    )
    told = [line for line in job.logged("bill") if "difference" in line]
    assert [line["severity"] for line in told] == ["WARNING", "INFO"]


def test_where_nobody_says_anything_there_is_no_data(job: LocalJob) -> None:
    report = job.run(run="reconcile")
    assert (report.outcome, report.details["unstated"]) == (Outcome.NO_DATA, 1)


def test_a_scope_that_could_not_be_asked_fails_the_run_after_all_else_is_kept(
    job: LocalJob,
) -> None:
    job.clients.said.append(SAID)
    job.clients.refusals.append("AWS 444455556666: AWS is busy.")
    with pytest.raises(RunFailed, match="444455556666: AWS is busy"):
        job.run(run="reconcile")
    assert query(job.warehouse, "SELECT count(*) FROM reconciliation WHERE reason = 'tax'") == [
        (2,)
    ]
