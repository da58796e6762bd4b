"""A job collects what is due, within its time, and says what became of each bill."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.archive.bucket import BucketArchive
from handlers.buckets import Address, Bucket
from handlers.ledger import Status
from handlers.runtimes.jobs import RUN_SECONDS, CommandRefused, Outcome, RunFailed, RunUnfinished
from tests.fakes.storage_server import FakeStorage, fake_storage
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import ledger, query, tables
from tests.handlers.runtimes.local import NOW, LocalClients, LocalJob

pytestmark = pytest.mark.slow

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def bill(payer: str, period: date, cost: str = "10", day: int = 15) -> AwsBill:
    lines = [Line(period + timedelta(days=number), cost) for number in range(10)]
    return AwsBill(payer, period, lines, datetime(2026, 11, day, 4, tzinfo=UTC))


@pytest.fixture
def job(tmp_path: Path) -> LocalJob:
    return LocalJob(tmp_path)


def costs(job: LocalJob) -> dict[tuple[str, date], Decimal]:
    rows = query(
        job.warehouse, "SELECT scope, billing_period, sum(cost_usd) FROM llm_costs GROUP BY ALL"
    )
    return {(scope, period): cost for scope, period, cost in rows}


def test_daily_loads_the_open_month_and_a_second_message_changes_nothing(job: LocalJob) -> None:
    write_bill(job.folder / "bills", bill("111122223333", NOVEMBER))
    report = job.run(run="daily")
    assert (report.outcome, report.details) == (Outcome.LOADED, {"loaded": 1})
    assert costs(job) == {("111122223333", NOVEMBER): Decimal(100)}
    before, rows = tables(job.warehouse), ledger(job.warehouse)
    again = job.run(run="daily")
    assert (again.outcome, again.details) == (Outcome.UNCHANGED, {"unchanged": 1})
    assert (tables(job.warehouse), ledger(job.warehouse)) == (before, rows)


def test_daily_asks_for_what_is_due_and_a_command_for_what_it_names(job: LocalJob) -> None:
    write_bill(job.folder / "bills", bill("111122223333", NOVEMBER))
    job.run(run="daily")
    job.run(run="collect", period=["2026-01..2026-02", "2026-11"])
    due, named = job.clients.asked
    assert NOVEMBER in due
    assert len(due) < 6
    assert named == (date(2026, 1, 1), date(2026, 2, 1), NOVEMBER)


def test_a_restated_bill_moves_only_its_own_month(job: LocalJob) -> None:
    for period in (OCTOBER, NOVEMBER):
        write_bill(job.folder / "bills", bill("111122223333", period))
    job.run(run="collect", period="2026-10..2026-11")
    write_bill(job.folder / "bills", bill("111122223333", NOVEMBER, cost="11", day=16))
    report = job.run(run="collect", period="2026-10..2026-11")
    assert report.details == {"unchanged": 1, "loaded": 1}
    assert costs(job) == {
        ("111122223333", OCTOBER): Decimal(100),
        ("111122223333", NOVEMBER): Decimal(110),
    }
    [line] = [line for line in job.logged("bill") if line.get("restated_usd") is not None]
    assert Decimal(str(line["restated_usd"])) == 10


def test_each_bill_has_a_line_in_the_log_with_the_id_that_the_ledger_has(job: LocalJob) -> None:
    write_bill(job.folder / "bills", bill("111122223333", NOVEMBER))
    job.run(run="daily")
    [row] = ledger(job.warehouse)
    [found], [starts], [ends] = job.logged("found"), job.logged("loading"), job.logged("bill")
    assert found["bills"] == 1
    assert (starts["load_id"], starts["bill"]) == (row.load_id, "AWS 111122223333 2026-11")
    assert (ends["load_id"], ends["became"], ends["rows"]) == (row.load_id, "loaded", row.rows)


def test_a_message_brings_the_tables_up_to_this_version(job: LocalJob) -> None:
    report = job.run(run="migrate")
    assert (report.outcome, report.message) == (
        Outcome.DONE,
        "The tables of duckdb are as this version has them.",
    )
    assert query(job.warehouse, "SELECT count(*) FROM llm_costs") == [(0,)]
    assert job.run(run="migrate").outcome is Outcome.DONE


def test_no_bill_at_all_is_no_data(job: LocalJob) -> None:
    report = job.run(run="collect", period="2026-10")
    assert (report.outcome, report.message) == (
        Outcome.NO_DATA,
        "No bill of 2026-10 is there to be read.",
    )


def test_one_bad_bill_keeps_no_other_from_loading_and_the_answer_names_it(job: LocalJob) -> None:
    bills = job.folder / "bills"
    write_bill(bills, bill("111122223333", NOVEMBER))
    write_bill(bills, bill("444455556666", NOVEMBER, cost="ten"))
    write_bill(bills, bill("777788889999", NOVEMBER))
    (manifest,) = (bills / "777788889999").rglob("*-Manifest.json")
    manifest.write_text("{", encoding="utf-8")
    with pytest.raises(RunFailed, match="444455556666 2026-11") as caught:
        job.run(run="daily")
    assert caught.value.details == {"loaded": 1, "failed": 2}
    assert "The manifest is not JSON" in str(caught.value)
    assert costs(job) == {("111122223333", NOVEMBER): Decimal(100)}
    failed = [line for line in job.logged("bill") if line["severity"] == "ERROR"]
    assert [line["became"] for line in failed] == ["failed", "failed"]
    rows = {row.scope: row for row in ledger(job.warehouse)}
    assert rows["444455556666"].status is Status.FAILED
    assert failed[1]["load_id"] == rows["444455556666"].load_id


def test_after_it_is_mended_the_next_attempt_loads_the_rest(job: LocalJob) -> None:
    bills = job.folder / "bills"
    write_bill(bills, bill("111122223333", NOVEMBER))
    write_bill(bills, bill("444455556666", NOVEMBER, cost="ten"))
    with pytest.raises(RunFailed):
        job.run(run="daily")
    write_bill(bills, bill("444455556666", NOVEMBER, day=16))
    assert job.run(run="daily").details == {"unchanged": 1, "loaded": 1}


def test_when_the_time_is_up_what_is_loaded_stays_and_the_next_attempt_goes_on(
    job: LocalJob,
) -> None:
    payers = ["111122223333", "444455556666", "777788889999"]
    for payer in payers:
        write_bill(job.folder / "bills", bill(payer, NOVEMBER))

    def slow() -> datetime:
        job.moments[0] += timedelta(seconds=35)
        return job.moments[0]

    job.clock = slow
    job.moments = [NOW]
    with pytest.raises(RunUnfinished, match="goes on with AWS 777788889999") as caught:
        job.run(run="daily")
    assert caught.value.details == {"loaded": 2, "left": 1}
    assert set(costs(job)) == {(payer, NOVEMBER) for payer in payers[:2]}
    assert (job.moments[0] - NOW).total_seconds() < RUN_SECONDS
    fresh = LocalJob(job.folder)
    assert fresh.run(run="daily").details == {"unchanged": 2, "loaded": 1}


def test_a_bill_that_shrinks_is_held_until_a_message_accepts_it(job: LocalJob) -> None:
    full = bill("111122223333", NOVEMBER)
    write_bill(job.folder / "bills", full)
    job.run(run="daily")
    small = replace(full, lines=full.lines[:2], written=full.written + timedelta(days=1))
    write_bill(job.folder / "bills", small)
    report = job.run(run="daily")
    assert (report.outcome, report.details) == (Outcome.HELD, {"held": 1})
    [line] = [line for line in job.logged("bill") if line["severity"] == "WARNING"]
    assert "gross cost from 100.00 to 20.00 USD" in str(line["message"])
    held = ledger(job.warehouse)[-1]
    accepted = job.run(
        run="collect", accept=held.load_id, by="Ada", reason="account moved to another payer"
    )
    assert accepted.outcome is Outcome.LOADED
    assert costs(job) == {("111122223333", NOVEMBER): Decimal(20)}
    assert [row.status for row in ledger(job.warehouse)[-2:]] == [Status.ACCEPTED, Status.LOADED]
    with pytest.raises(CommandRefused, match="No load"):
        job.run(run="collect", accept=held.load_id, by="Ada", reason="twice")


def test_a_rejected_load_is_left_alone(job: LocalJob) -> None:
    full = bill("111122223333", NOVEMBER)
    write_bill(job.folder / "bills", full)
    job.run(run="daily")
    write_bill(
        job.folder / "bills",
        replace(full, lines=full.lines[:2], written=full.written + timedelta(days=1)),
    )
    job.run(run="daily")
    held = ledger(job.warehouse)[-1]
    rejected = job.run(run="collect", reject=held.load_id, by="Ada", reason="cut off")
    assert (rejected.outcome, rejected.message) == (Outcome.DONE, f"{held.load_id} is rejected.")
    assert job.run(run="daily").details == {"rejected": 1}
    assert costs(job) == {("111122223333", NOVEMBER): Decimal(100)}


def test_lines_that_cant_be_parsed_go_to_the_quarantine_where_the_command_allows_it(
    job: LocalJob,
) -> None:
    good = bill("111122223333", NOVEMBER)
    write_bill(
        job.folder / "bills", replace(good, lines=[*good.lines, Line(NOVEMBER, "ten dollars")])
    )
    with pytest.raises(RunFailed):
        job.run(run="daily")
    assert job.run(run="collect", quarantine=True).details == {"loaded": 1}
    [file] = (job.folder / "w" / "quarantine").rglob("*.csv")
    assert "ten dollars" in file.read_text(encoding="utf-8")
    assert ledger(job.warehouse)[-1].quarantined_rows == 1


def test_the_tables_are_rebuilt_from_the_archive_alone(job: LocalJob) -> None:
    for period in (OCTOBER, NOVEMBER):
        write_bill(job.folder / "bills", bill("111122223333", period))
    job.run(run="collect", period="2026-10..2026-11")
    before = tables(job.warehouse)
    (job.folder / "bills").rename(job.folder / "gone")
    site = job.folder / "site"
    site.mkdir()
    (site / "customers.csv").write_text("id,name,aliases\nacme,Acme,\n", encoding="utf-8")
    report = job.run(run="collect", reclassify=True)
    assert report.details == {"loaded": 2}
    after = tables(job.warehouse)
    assert [row[:9] for row in after["llm_costs"]] == [row[:9] for row in before["llm_costs"]]
    assert job.run(run="collect", from_archive=True).details == {"unchanged": 2}


@dataclass(frozen=True)
class WithBucket(LocalClients):
    """The same with the archive in a bucket, whose folder has room for one file."""

    store: FakeStorage = field(kw_only=True)

    def archive(self) -> BucketArchive:
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        bucket = Bucket(self.store.client(), Address.parse("gs://archive/loads"))
        return BucketArchive(bucket, work, room_bytes=1)


def test_the_tables_are_rebuilt_from_an_archive_in_a_bucket_that_nobody_may_change(
    job: LocalJob,
) -> None:
    for payer in ("111122223333", "444455556666"):
        for period in (OCTOBER, NOVEMBER):
            write_bill(job.folder / "bills", bill(payer, period))
    with fake_storage("archive") as store:
        store.retained.add("archive")
        job.clients = WithBucket(job.folder, store=store)
        job.run(run="collect", period="2026-10..2026-11")
        kept = {row.archive for row in ledger(job.warehouse)}
        assert {f"loads/{name}" for name in kept} == set(store.names("archive"))
        assert len(kept) == 4
        before = costs(job)
        (job.folder / "bills").rename(job.folder / "gone")
        (job.folder / "site").mkdir()
        names = "id,name,aliases\nacme,Acme,\n"
        (job.folder / "site" / "customers.csv").write_text(names, encoding="utf-8")
        assert job.run(run="collect", reclassify=True).details == {"loaded": 4}
        assert costs(job) == before


def test_a_load_whose_lines_cant_be_archived_is_not_committed(job: LocalJob) -> None:
    write_bill(job.folder / "bills", bill("111122223333", NOVEMBER))
    with fake_storage() as store:
        job.clients = WithBucket(job.folder, store=store)
        with pytest.raises(RunFailed, match=r"gs://archive/loads/.*no such object or bucket"):
            job.run(run="daily")
        assert query(job.warehouse, "SELECT count(*) FROM llm_costs") == [(0,)]
        assert ledger(job.warehouse)[-1].status is Status.FAILED
        store.buckets["archive"] = {}
        assert job.run(run="daily").details == {"loaded": 1}
