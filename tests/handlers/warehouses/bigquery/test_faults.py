"""BigQuery's API when it is busy, away, or answers on a line that breaks."""

import time
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.errors import WarehouseError
from handlers.load.load import Outcome
from handlers.warehouses.attempts import Undecided
from tests.fakes.bigquery_server import FakeBigQuery, Fault
from tests.handlers.warehouses.bigquery.hubs import Collector, bill, bills_in, cost, ledger

pytestmark = pytest.mark.slow

BUSY = {
    "500": Fault("", 500, "backendError"),
    "503": Fault("", 503, "backendError"),
    "429": Fault("", 429, "rateLimitExceeded"),
    "429 that says how long": Fault("", 429, "rateLimitExceeded", headers={"Retry-After": "1"}),
    "reset": Fault("", reset=True),
    "answer lost": Fault("", lost=True),
}


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("answer lost", "POST"),
        ("503", "/upload/"),
        *(
            pytest.param(name, where, marks=pytest.mark.slow)
            for name in BUSY
            for where in ("POST", "GET", "/upload/")
            if (name, where) not in (("answer lost", "POST"), ("503", "/upload/"))
        ),
    ],
)
def test_what_passes_is_tried_again_and_nothing_is_loaded_twice(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path, name: str, where: str
) -> None:
    planned = BUSY[name]
    fake.faults.append(
        Fault(
            where,
            planned.status,
            planned.reason,
            1,
            planned.headers,
            planned.reset,
            planned.lost,
        )
    )
    (loaded,) = ours.load(bills_in(tmp_path / "bills", bill()))
    assert loaded.outcome is Outcome.LOADED
    assert cost(fake) == Decimal(100)
    assert [status for status, _ in ledger(fake)] == ["loaded"]
    assert len(fake.ids("replace")) == 1


@pytest.mark.slow
def test_an_upload_that_is_never_taken_changes_nothing_and_the_next_run_loads(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path
) -> None:
    bills = bills_in(tmp_path / "bills", bill())
    fake.faults.append(Fault("/upload/", 503, "backendError", times=999))
    with pytest.raises(Undecided, match="did not answer: staging"):
        ours.waiting(2.0).load(bills)
    assert cost(fake) == 0
    fake.faults.clear()
    assert ours.load(bills)[0].outcome is Outcome.LOADED
    assert cost(fake) == Decimal(100)


def test_a_refusal_says_what_to_check(fake: FakeBigQuery, ours: Collector, tmp_path: Path) -> None:
    fake.faults.append(Fault("/upload/", 403, "accessDenied", times=9))
    with pytest.raises(WarehouseError, match="Check the job's role"):
        ours.load(bills_in(tmp_path / "bills", bill()))
    assert cost(fake) == 0
    ((status, said),) = ledger(fake)
    assert (status, "BigQuery refused: staging" in said) == ("failed", True)


@pytest.mark.slow
def test_an_answer_that_never_comes_leaves_it_to_the_next_run_to_find_out(
    fake: FakeBigQuery, ours: Collector, tmp_path: Path
) -> None:
    bills = bills_in(tmp_path / "bills", bill())
    ours.load(bills)
    newer = bills_in(tmp_path / "bills", bill("11", hour=5))

    def away(_: object, statement: str) -> None:
        if statement.startswith("COMMIT"):
            fake.faults.append(Fault("/jobs", reset=True, times=999))
            time.sleep(1.0)  # the answer to the start is on its way by then, and says: running

    fake.engine.before.append(away)
    with pytest.raises(Undecided, match="Run the same command again"):
        ours.waiting(3.0).load(newer)
    fake.engine.before.clear()
    fake.faults.clear()
    ours.load(newer)
    assert cost(fake) == Decimal(110)
    assert [status for status, _ in ledger(fake)] == ["loaded", "loaded"]
    assert len(fake.ids("replace")) == 2
