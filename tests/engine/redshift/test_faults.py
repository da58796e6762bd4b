"""Whatever is cut off, refused or done twice: a bill stands as before, or as after."""

import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from handlers.errors import WarehouseError
from handlers.ledger import Status
from handlers.load.load import Loaded, Outcome
from handlers.record import Cloud
from handlers.sources.folder import FolderSource
from handlers.tables import DAILY, DIGESTS, FACTS, LEDGER
from handlers.warehouses import Superseded
from handlers.warehouses.attempts import StillRunning, Undecided
from handlers.warehouses.redshift.schema import OUTBOX
from handlers.warehouses.redshift.statements import CHECKED
from tests.engine.redshift.native import Native
from tests.fakes.redshift_data import Fault
from tests.fakes.redshift_sql import Refused
from tests.handlers.load.bills import AwsBill, Line, days_of, write_bill

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

OCTOBER = date(2026, 10, 1)
SCOPE = "111122223333"
BILL = (Cloud.AWS, SCOPE, OCTOBER)


def bill(folder: Path, cost: str, written: int, lines: int = 3) -> Path:
    """A bill of so many lines that cost so much each, written on that day of November."""
    day = days_of(OCTOBER)[0]
    tags = [{"customer": f"c{number}"} for number in range(lines)]
    write_bill(
        folder,
        AwsBill(
            SCOPE,
            OCTOBER,
            [Line(day, cost, tags=each) for each in tags],
            datetime(2026, 11, written, 4, tzinfo=UTC),
        ),
    )
    return folder


@pytest.fixture
def before(native: Native, tmp_path: Path) -> Native:
    """A warehouse in which a bill of 3.00 USD stands."""
    native.load(bill(tmp_path / "first", "1.00", 2))
    return native


@pytest.fixture
def restated(tmp_path: Path) -> Path:
    """The same bill, of 6.00 USD."""
    return bill(tmp_path / "second", "2.00", 3)


def total(native: Native) -> Decimal:
    """What the facts cost, if what was added up of them says the same."""
    costs = [sum(row[name] for row in native.rows(table)) for table, name in
             ((FACTS, "cost_usd"), (DAILY, "cost"))]  # fmt: skip
    current = {row["load_id"] for row in native.rows(FACTS)}
    costs.append(sum(row["cost_usd"] for row in native.rows(DIGESTS) if row["load_id"] in current))
    assert costs == [costs[0]] * 3
    loads = [row for row in native.rows(LEDGER) if row["status"] == "loaded"]
    last = max(loads, key=lambda row: row["finished_at"])
    assert (last["cost_usd"], {last["load_id"]}) == (costs[0], current)
    assert len(native.rows(OUTBOX)) == len(native.rows(LEDGER))
    return Decimal(costs[0])


def outcomes(found: list[Loaded]) -> list[Outcome]:
    return [each.outcome for each in found]


@pytest.mark.parametrize("place", [0, 1, 2, 3, 9, 15, 20])
def test_a_statement_that_fails_leaves_the_bill_as_it_was_and_says_so(
    before: Native, restated: Path, place: int
) -> None:
    def fail(at: int, _sql: str) -> None:
        if at == place and before.fake.batches("replace_")[-1].status == "STARTED":
            raise Refused("as planned")

    before.fake.before_statement = fail
    said = "committed first" if place == CHECKED else "was not committed: ERROR: as planned"
    with pytest.raises(WarehouseError, match=said):
        before.load(restated)
    assert total(before) == Decimal(3)
    before.fake.before_statement = lambda _place, _sql: None
    assert outcomes(before.load(restated)) == [Outcome.LOADED]
    assert total(before) == Decimal(6)
    assert before.staged() == []


def test_a_session_that_ends_in_the_middle_leaves_the_bill_as_it_was(
    before: Native, restated: Path
) -> None:
    def end_sessions(at: int, _sql: str) -> None:
        if at == 12:
            before.fake.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND state LIKE 'idle in%'"
            )

    before.fake.before_statement = end_sessions
    with pytest.raises(WarehouseError, match="the load was not committed"):
        before.load(restated)
    before.fake.before_statement = lambda _place, _sql: None
    assert total(before) == Decimal(3)


def test_a_transaction_whose_client_died_is_found_and_waited_for(
    before: Native, restated: Path
) -> None:
    held = threading.Event()
    before.fake.before_statement = lambda _place, _sql: held.wait(30)
    with pytest.raises(StillRunning, match="It goes on by itself"):
        before.load(restated, warehouse=before.warehouse(seconds=0.3))
    assert total(before) == Decimal(3)

    def release() -> None:
        time.sleep(0.5)
        held.set()

    thread = threading.Thread(target=release)
    thread.start()
    (again,) = before.load(restated)
    thread.join()
    assert again.outcome is Outcome.LOADED
    assert total(before) == Decimal(6)
    assert [each.status for each in before.fake.batches("replace_")] == ["FINISHED"] * 2
    assert outcomes(before.load(restated)) == [Outcome.UNCHANGED]


def test_an_answer_that_is_lost_after_the_start_finds_what_was_started(
    before: Native, restated: Path
) -> None:
    before.fake.faults.append(Fault("BatchExecuteStatement", lost=True, times=1))
    assert outcomes(before.load(restated)) == [Outcome.LOADED]
    assert total(before) == Decimal(6)
    assert len(before.fake.batches("replace_")) == 2


def test_of_two_first_loads_at_once_one_is_there_once(native: Native, tmp_path: Path) -> None:
    folders = bill(tmp_path / "a", "1.00", 2), bill(tmp_path / "b", "2.00", 3)
    native.warehouse().migrate()
    both = threading.Barrier(2, timeout=20)
    started: list[str] = []

    def meet(place: int, sql: str) -> None:
        if place == 0 and "load_lock" in sql and len(started) < 2:
            started.append(sql)
            both.wait()

    results: list[object] = []

    def load(folder: Path) -> None:
        try:
            results.append(native.load(folder)[0].outcome)
        except WarehouseError as error:
            results.append(type(error))

    native.fake.before_statement = meet
    threads = [threading.Thread(target=load, args=[folder]) for folder in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {Outcome.LOADED, Superseded}
    assert total(native) in (Decimal(3), Decimal(6))
    assert len(native.rows(FACTS)) == 3


def test_the_same_load_by_two_at_once_is_one_transaction(before: Native, restated: Path) -> None:
    """The second looks for the first's transaction just before that is started."""
    (found,) = FolderSource(restated).snapshots([])
    with before.loader() as first, before.loader() as second:
        inner: list[Outcome] = []
        fault = Fault(
            "BatchExecuteStatement", before=lambda: inner.append(second.load(found).outcome)
        )
        before.fake.faults.append(fault)
        assert first.load(found).outcome is Outcome.LOADED
    assert inner == [Outcome.LOADED]
    assert total(before) == Decimal(6)
    assert len(before.fake.batches("replace_")) == 2


def test_throttling_is_waited_out(before: Native, restated: Path) -> None:
    before.fake.faults += [
        Fault("BatchExecuteStatement", times=2, kind="ActiveStatementsExceededException"),
        Fault("DescribeStatement", times=2, kind="ThrottlingException"),
        Fault("ListStatements", times=1, kind="InternalServerException", status=500),
    ]
    assert outcomes(before.load(restated)) == [Outcome.LOADED]
    assert total(before) == Decimal(6)


def test_a_service_that_is_away_is_an_error_that_says_so(before: Native, restated: Path) -> None:
    before.fake.faults.append(
        Fault("BatchExecuteStatement", times=99, kind="InternalServerException", status=500)
    )
    with pytest.raises(Undecided, match="did not answer: replace"):
        before.load(restated)
    before.fake.faults.clear()
    assert total(before) == Decimal(3)
    assert outcomes(before.load(restated)) == [Outcome.LOADED]


def test_a_refusal_names_what_to_check(before: Native, restated: Path) -> None:
    before.fake.faults.append(Fault("BatchExecuteStatement", times=1, kind="AccessDeniedException"))
    with pytest.raises(WarehouseError, match=r"refused: replace: .*Check the role's permissions"):
        before.load(restated)
    assert total(before) == Decimal(3)
    (failed,) = [row for row in before.rows(LEDGER) if row["status"] == "failed"]
    assert "Redshift refused" in failed["error"]


def test_a_result_over_the_limit_is_an_error_and_changes_nothing(
    before: Native, restated: Path
) -> None:
    before.fake.largest_result = 20
    with pytest.raises(WarehouseError, match=r"failed: ERROR: Query result size exceeds"):
        before.load(restated)
    before.fake.largest_result = 10**6
    assert total(before) == Decimal(3)


def test_results_come_in_pages(before: Native) -> None:
    mine = before.warehouse()
    (row,) = mine.history(*BILL)
    for _ in range(4):
        mine.record(replace(row, status=Status.FAILED, error="e", started_at=datetime.now()))  # noqa: DTZ005
    before.fake.page = 2
    assert [each.status for each in mine.history(*BILL)] == [Status.LOADED] + [Status.FAILED] * 4


NAMES = {
    "quotes": 'o\'neil "x"; DROP TABLE llm_costs.ledger; --',
    "colons": ":ledger_scope :: %s %(x)s \\ $$ {}",
    "marks": "-",
    "longest": "漢" * 256,
    "beyond": "\U0001f600" * 300,
}


def test_names_of_any_text_arrive_as_they_are(native: Native, tmp_path: Path) -> None:
    day = days_of(OCTOBER)[0]
    lines = [Line(day, "1.00", tags={"customer": name}) for name in NAMES.values()]
    written = datetime(2026, 11, 2, 4, tzinfo=UTC)
    write_bill(tmp_path / "bills", AwsBill(SCOPE, OCTOBER, lines, written))
    native.load(tmp_path / "bills")
    customers = {customer for _, customer in native.warehouse().costs(*BILL)}
    whole = {name for name in NAMES.values() if len(name) <= 256}
    assert whole < customers
    (cut,) = customers - whole
    assert (len(cut), cut[:239]) == (256, NAMES["beyond"][:239])


def test_texts_of_the_ledger_arrive_as_they_are(before: Native) -> None:
    mine = before.warehouse()
    (row,) = mine.history(*BILL)
    texts = [*NAMES.values(), "", None]
    for text in texts:
        mine.record(replace(row, status=Status.REJECTED, reason=text, error=text))
    found = [(each.reason, each.error) for each in mine.history(*BILL)[1:]]
    assert sorted(found, key=repr) == sorted(((text, text) for text in texts), key=repr)


def test_a_ledger_text_that_is_too_long_is_cut_and_stays_unique(before: Native) -> None:
    mine = before.warehouse()
    (row,) = mine.history(*BILL)
    for end in "ab":
        mine.record(replace(row, status=Status.FAILED, error="漢" * 30_000 + end))
    errors = {each.error for each in mine.history(*BILL)[1:]}
    assert {len(error or "") for error in errors} == {4000}
    assert len(errors) == 2


def test_a_load_is_the_last_of_its_bill_whatever_the_clocks_say(
    before: Native, restated: Path
) -> None:
    with psycopg.connect(before.fake.address, autocommit=True) as connection:
        connection.execute("UPDATE llm_costs.ledger SET finished_at = '2099-01-01 00:00:00'")
        connection.execute("UPDATE llm_costs.outbox SET finished_at = '2099-01-01 00:00:00'")
    assert outcomes(before.load(restated)) == [Outcome.LOADED]
    assert total(before) == Decimal(6)
    (_, last) = before.warehouse().history(*BILL)
    assert last.finished_at.isoformat() == "2099-01-01T00:00:00.000001"
