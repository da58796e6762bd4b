"""A load is whole or not there: whatever fails, whoever else loads, whenever the client leaves."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.errors import WarehouseError
from handlers.load.load import Outcome
from handlers.warehouses import Superseded
from handlers.warehouses.attempts import StillRunning
from handlers.warehouses.bigquery.jobs import FinishedJob
from tests.fakes.bigquery_engine import ABORTED, Job, Refused
from tests.fakes.bigquery_server import FakeBigQuery
from tests.handlers.warehouses.bigquery.hubs import (
    Collector,
    Held,
    bill,
    bills_in,
    collector,
    cost,
    history,
    ledger,
    tables,
    wait_until,
)

pytestmark = pytest.mark.slow

COMMIT = "COMMIT TRANSACTION"


class Failing:
    """Fails the first ``times`` transactions before the statement that begins so."""

    def __init__(self, statement: str, times: int = 1, message: str = "out of luck") -> None:
        self._statement = statement
        self._message = message
        self.left = times

    def __call__(self, job: Job, statement: str) -> None:
        if (
            self.left
            and job.job_id.startswith("replace_")
            and statement.startswith(self._statement)
        ):
            self.left -= 1
            raise Refused("invalidQuery", self._message)


def uploads(fake: FakeBigQuery) -> int:
    return sum("/upload/" in each for each in fake.asked)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE", marks=pytest.mark.slow),
        pytest.param("ASSERT", marks=pytest.mark.slow),
        pytest.param("DELETE FROM `demo-project.costs.aws_llm_costs`", marks=pytest.mark.slow),
        pytest.param("INSERT INTO `demo-project.costs.aws_llm_costs`", marks=pytest.mark.slow),
        pytest.param("INSERT INTO `demo-project.costs.daily_costs`", marks=pytest.mark.slow),
        pytest.param("INSERT INTO `demo-project.costs.ledger`", marks=pytest.mark.slow),
        COMMIT,
    ],
)
def test_a_transaction_that_fails_anywhere_changes_nothing_and_the_next_run_repairs_it(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path, statement: str
) -> None:
    ours.load(bills_in(tmp_path / "bills", bill("10")))
    before = tables(fake)
    newer = bills_in(tmp_path / "bills", bill("11", hour=5))
    fake.engine.before.append(Failing(statement))
    with pytest.raises(WarehouseError, match=r"was not committed: out of luck .* run it again"):
        ours.load(newer)
    assert tables(fake) == before
    assert fake.staged() == []
    assert [status for status, _ in ledger(fake)] == ["loaded", "failed"]
    assert "out of luck" in ledger(fake)[-1][1]
    (again,) = ours.load(newer)
    assert again.outcome is Outcome.LOADED
    assert cost(fake) == Decimal(110)


def test_staging_that_fails_in_the_middle_leaves_no_table_behind(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path
) -> None:
    def full(job: Job, _: str) -> None:
        if job.job_id.startswith("stage_") and job.job_id.endswith("_daily_costs"):
            raise Refused("quotaExceeded", "out of luck")

    fake.engine.before.append(full)
    bills = bills_in(tmp_path / "bills", bill())
    with pytest.raises(WarehouseError, match="staging failed: out of luck"):
        ours.load(bills)
    assert fake.staged() == []
    assert [status for status, _ in ledger(fake)] == ["failed"]
    fake.engine.before.clear()
    assert ours.load(bills)[0].outcome is Outcome.LOADED
    assert fake.staged() == []


def test_a_transaction_that_another_one_aborts_is_tried_again(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path
) -> None:
    said = ABORTED.format(table="demo-project:costs.load_lock")
    fake.engine.before.append(Failing(COMMIT, times=2, message=said))
    (loaded,) = ours.load(bills_in(tmp_path / "bills", bill()))
    assert loaded.outcome is Outcome.LOADED
    assert [each.rpartition("_")[2] for each in fake.ids("replace")] == ["1", "2", "3"]
    assert cost(fake) == Decimal(100)
    assert [status for status, _ in ledger(fake)] == ["loaded"]


@pytest.mark.slow
def test_another_clouds_load_waits_for_no_lock_but_two_of_one_cloud_never_mix(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path
) -> None:
    held = Held(COMMIT)
    fake.engine.before.append(held)
    payers = [bills_in(tmp_path / payer, bill(payer=payer)) for payer in ("1" * 12, "2" * 12)]
    with collector(fake, tmp_path / "theirs") as theirs, ThreadPoolExecutor(2) as both:
        first = both.submit(ours.load, payers[0])
        assert held.reached.wait(20)
        second = both.submit(theirs.load, payers[1])
        wait_until(lambda: len(fake.ids("replace")) == 2)
        held.go_on.set()
        assert [each.result()[0].outcome for each in (first, second)] == [Outcome.LOADED] * 2
    assert cost(fake) == Decimal(200)
    assert sorted(status for status, _ in ledger(fake)) == ["loaded", "loaded"]


def test_two_first_loads_of_one_bill_at_once_are_one_job(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path
) -> None:
    ours.load(bills_in(tmp_path / "another", bill(payer="9" * 12)))
    uploads_of_one = uploads(fake)
    held = Held("BEGIN")
    fake.engine.before.append(held)
    bills = bills_in(tmp_path / "bills", bill())
    with collector(fake, tmp_path / "theirs") as theirs, ThreadPoolExecutor(2) as both:
        runs = [both.submit(each.load, bills) for each in (ours, theirs)]
        assert held.reached.wait(20)
        wait_until(lambda: uploads(fake) == 3 * uploads_of_one)
        held.go_on.set()
        assert [each.result()[0].outcome for each in runs] == [Outcome.LOADED] * 2
    assert len(fake.ids("replace")) == 2
    assert cost(fake) == Decimal(200)
    assert [status for status, _ in ledger(fake)] == ["loaded", "loaded"]
    assert fake.staged() == []


@pytest.mark.slow
def test_of_two_versions_at_once_the_later_one_finds_that_it_was_overtaken(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path
) -> None:
    held = Held("BEGIN")
    fake.engine.before.append(held)
    older = bills_in(tmp_path / "older", bill("10"))
    newer = bills_in(tmp_path / "newer", bill("11", hour=5))
    with collector(fake, tmp_path / "theirs") as theirs, ThreadPoolExecutor(2) as both:
        runs = [both.submit(ours.load, older), both.submit(theirs.load, newer)]
        wait_until(lambda: len(fake.ids("replace")) == 2)
        held.go_on.set()
        failures = [each.exception() for each in runs]
    overtaken = [each for each in failures if each is not None]
    assert len(overtaken) <= 1
    assert all(isinstance(each, Superseded) for each in overtaken)
    assert cost(fake) in (Decimal(100), Decimal(110))
    ours.load(newer)
    assert cost(fake) == Decimal(110)
    (row,) = fake.engine.rows("SELECT count(DISTINCT load_id) AS loads FROM costs.aws_llm_costs")
    assert row["loads"] == 1


def test_a_job_outlives_the_client_that_stopped_waiting_and_the_next_one_attaches_to_it(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path
) -> None:
    held = Held(COMMIT)
    fake.engine.before.append(held)
    bills = bills_in(tmp_path / "bills", bill())
    with pytest.raises(StillRunning, match="It goes on by itself"):
        ours.waiting(1.0).load(bills)
    assert cost(fake) == 0
    assert ledger(fake) == []
    with collector(fake, tmp_path / "theirs") as theirs, ThreadPoolExecutor(1) as beside:
        again = beside.submit(theirs.load, bills)
        asked = len(fake.asked)
        wait_until(lambda: any("/jobs/replace_" in each for each in fake.asked[asked:]))
        held.go_on.set()
        assert again.result()[0].outcome is Outcome.LOADED
    assert len(fake.ids("replace")) == 1
    assert cost(fake) == Decimal(100)
    assert [status for status, _ in ledger(fake)] == ["loaded"]


@pytest.mark.slow
def test_what_a_job_is_billed_is_told_and_one_that_would_cost_too_much_is_not_run(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path
) -> None:
    told: list[FinishedJob] = []
    bills = bills_in(tmp_path / "bills", bill())
    ours.told(told.append).load(bills)
    (replaced,) = [each for each in told if each.what == "replace"]
    assert replaced.bytes_billed == fake.engine.bytes_of_a_query
    newer = bills_in(tmp_path / "bills", bill("11", hour=5))

    def dear(job: Job, _: str) -> None:
        if job.job_id.startswith("replace_"):
            raise Refused("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed: 1.")

    fake.engine.before.append(dear)
    with pytest.raises(WarehouseError, match="exceeded limit for bytes billed"):
        ours.load(newer)
    assert cost(fake) == Decimal(100)


def test_a_query_over_the_cap_is_refused(fake: FakeBigQuery, ours: Collector) -> None:
    fake.engine.bytes_of_a_query = 10**12
    with pytest.raises(WarehouseError, match="exceeded limit for bytes billed: 1000000000"):
        history(ours)
