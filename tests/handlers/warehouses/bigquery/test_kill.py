"""kill -9 of the client before, during and after the transaction: the server does not notice."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.load.load import Outcome
from tests.fakes.bigquery_engine import Job, Refused
from tests.fakes.bigquery_server import FakeBigQuery, Fault
from tests.handlers.warehouses.bigquery.hubs import (
    Collector,
    Held,
    bill,
    bills_in,
    cost,
    ledger,
    tables,
    wait_until,
)

pytestmark = pytest.mark.slow


@contextmanager
def client(
    root: Path, fake: FakeBigQuery, folder: Path, bills: Path
) -> Generator[subprocess.Popen[bytes]]:
    """A load in a process of its own, killed at the end."""
    module = "tests.handlers.warehouses.bigquery.client"
    command = [sys.executable, "-m", module, fake.url, str(folder), str(bills)]
    with subprocess.Popen(command, cwd=root) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def bills(ours: Collector, tmp_path: Path) -> Path:
    """A bill of which an older version is loaded."""
    folder = bills_in(tmp_path / "bills", bill("10"))
    ours.load(folder)
    return bills_in(folder, bill("11", hour=5))


def test_killed_before_the_transaction_nothing_is_changed_and_the_next_run_loads(
    root: Path, fake: FakeBigQuery, ours: Collector, bills: Path, tmp_path: Path
) -> None:
    held = Held("LOAD", "stage_")
    fake.engine.before.append(held)
    before = tables(fake)
    with client(root, fake, tmp_path / "theirs", bills):
        assert held.reached.wait(30)
    held.go_on.set()
    assert tables(fake) == before
    assert [status for status, _ in ledger(fake)] == ["loaded"]
    assert ours.load(bills)[0].outcome is Outcome.LOADED
    assert cost(fake) == Decimal(110)


def test_killed_during_the_transaction_it_commits_by_itself_and_the_next_run_sees_it(
    root: Path, fake: FakeBigQuery, ours: Collector, bills: Path, tmp_path: Path
) -> None:
    held = Held("COMMIT")
    fake.engine.before.append(held)
    before = tables(fake)
    with client(root, fake, tmp_path / "theirs", bills):
        assert held.reached.wait(30)
    assert tables(fake) == before
    held.go_on.set()
    wait_until(lambda: cost(fake) == Decimal(110))
    assert ours.load(bills)[0].outcome is Outcome.UNCHANGED
    assert [status for status, _ in ledger(fake)] == ["loaded", "loaded"]


def test_killed_during_a_transaction_that_then_fails_the_next_run_loads(
    root: Path, fake: FakeBigQuery, ours: Collector, bills: Path, tmp_path: Path
) -> None:
    held = Held("INSERT INTO `demo-project.costs.daily_costs`")

    def fails_late(job: Job, statement: str) -> None:
        held(job, statement)
        if held.go_on.is_set():
            raise Refused("backendError", "out of luck")

    fake.engine.before.append(fails_late)
    before = tables(fake)
    with client(root, fake, tmp_path / "theirs", bills):
        assert held.reached.wait(30)
    held.go_on.set()
    (job_id,) = fake.ids("replace")[1:]
    assert fake.engine.jobs[job_id].done.wait(20)
    fake.engine.before.clear()
    assert tables(fake) == before
    assert ours.load(bills)[0].outcome is Outcome.LOADED
    assert cost(fake) == Decimal(110)
    assert fake.ids("replace")[-1] == f"{job_id[:-1]}2"


def test_killed_after_the_transaction_the_next_run_finds_it_done(
    root: Path, fake: FakeBigQuery, ours: Collector, bills: Path, tmp_path: Path
) -> None:
    def silent(job: Job, statement: str) -> None:
        if job.job_id.startswith("replace_") and statement.startswith("COMMIT"):
            fake.faults.append(Fault("/jobs/replace_", lost=True, times=999))

    fake.engine.before.append(silent)
    with client(root, fake, tmp_path / "theirs", bills):
        wait_until(lambda: cost(fake) == Decimal(110))
    fake.engine.before.clear()
    fake.faults.clear()
    after = tables(fake)
    assert ours.load(bills)[0].outcome is Outcome.UNCHANGED
    assert tables(fake) == after
    assert [status for status, _ in ledger(fake)] == ["loaded", "loaded"]
