"""A collector killed at any instant leaves a bill as before or as after; a clean run mends it."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from handlers.load.load import Outcome
from handlers.tables import FACTS, LEDGER
from tests.engine.redshift.native import Native
from tests.engine.redshift.test_faults import bill, total
from tests.fakes.redshift_data import FakeRedshift, Fault

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(120)]

Plan = Callable[[FakeRedshift, Callable[[], object]], None]


def on_request(operation: str, skipped: int = 0) -> Plan:
    """Kill when that request arrives, after so many of its kind."""

    def plan(fake: FakeRedshift, kill: Callable[[], object]) -> None:
        if skipped:
            fake.faults.append(Fault(operation, times=skipped))
        fake.faults.append(Fault(operation, before=kill))

    return plan


def on_statement(place: int) -> Plan:
    """Kill when the load's transaction is at that statement."""

    def plan(fake: FakeRedshift, kill: Callable[[], object]) -> None:
        def before(at: int, sql: str) -> None:
            named = fake.batches("replace_")
            if at == place and named and sql in named[-1].sqls:
                kill()

        fake.before_statement = before

    return plan


PLANS: dict[str, tuple[Plan, bool]] = {
    "the tables are compared": (on_request("ExecuteStatement"), False),
    "the history is read": (on_request("GetStatementResult", 2), False),
    "an earlier attempt is looked for": (on_request("ListStatements"), False),
    "the transaction is sent": (on_request("BatchExecuteStatement"), True),
    "the transaction has its lock": (on_statement(1), True),
    "the transaction copies": (on_statement(4), True),
    "the transaction deletes": (on_statement(16), True),
}
"""When to kill, and whether the transaction commits all the same."""


@pytest.mark.parametrize(("plan", "commits"), PLANS.values(), ids=PLANS)
def test_killed_at_a_chosen_point_a_clean_run_gives_the_tables_of_an_undisturbed_one(
    native: Native, s3_address: str, tmp_path: Path, plan: Plan, commits: bool
) -> None:
    native.load(bill(tmp_path / "first", "1.00", 2))
    second = bill(tmp_path / "second", "2.00", 3)
    words = [str(second), str(tmp_path / "killed"), native.fake.url, s3_address]
    ready = threading.Event()
    started: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        ready.wait(30)
        started[0].kill()
        started[0].wait()

    plan(native.fake, kill)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.engine.redshift.loading", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        started.append(process)
        ready.set()
        assert process.wait(60) == -9
    native.fake.faults.clear()
    native.fake.before_statement = lambda _place, _sql: None
    native.fake.wait()
    assert total(native) == (6 if commits else 3)
    (again,) = native.load(second)
    assert again.outcome is (Outcome.UNCHANGED if commits else Outcome.LOADED)
    assert total(native) == 6
    assert len(native.rows(FACTS)) == 3
    assert [row["status"] for row in native.rows(LEDGER)] == ["loaded"] * 2
