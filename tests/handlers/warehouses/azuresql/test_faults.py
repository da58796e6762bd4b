"""A load that is cut off, thrown out or slowed down anywhere: before or after, never between."""

import threading
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.errors import WarehouseError
from handlers.load.load import Loaded, Loader
from handlers.sources.folder import FolderSource
from handlers.warehouses import LoadBatch, Superseded
from handlers.warehouses.attempts import Undecided
from handlers.warehouses.azuresql import statements
from handlers.warehouses.azuresql.port import SqlError
from tests.fakes.azuresql import LOST, FakeAzureSql, nobody, said
from tests.handlers.warehouses.azuresql.loads import Loads, bill

pytestmark = pytest.mark.slow

FAILOVER = said(40197, "The service has encountered an error processing your request. Please try")
ASLEEP = said(40613, "Database 'costs' on server 'x' is not currently available. Please retry")
BUSY = said(40501, "The service is currently busy. Retry the request after 10 seconds.")


class Killed(BaseException):
    """The process ended."""


class Nth:
    """Raises at the n-th call of those that start with ``what``, once; remembers them all."""

    def __init__(self, number: int, error: BaseException, what: str = "") -> None:
        self.number = number
        self.error = error
        self.what = what
        self.calls: list[str] = []

    def __call__(self, what: str) -> None:
        if what.startswith(self.what):
            self.calls.append(what)
            if len(self.calls) == self.number:
                raise self.error


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """Every call of one undisturbed replacement, from the first login on."""
    server = FakeAzureSql()
    loads = Loads(server, tmp_path_factory.mktemp("calls"))
    loads.migrate()
    loads.write(bill(cost="1"))
    counting = Nth(0, Killed())
    with loads.batches() as batch:
        server.before = counting
        loads.warehouse().replace(batch(2))
    server.close()
    assert counting.calls.count("COMMIT TRANSACTION") == 1
    return counting.calls


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_call_leaves_before_or_after_and_the_next_run_makes_it_whole(
    loads: Loads, calls: Sequence[str], when: str
) -> None:
    loads.write(bill(cost="1"))
    committed = calls.index("COMMIT TRANSACTION") + 1
    with loads.batches() as batch:
        for number in range(1, len(calls) + 1):
            setattr(loads.server, when, Nth(number, Killed()))
            with pytest.raises(Killed):
                loads.warehouse().replace(batch(number + 1))
            setattr(loads.server, when, nobody)
            is_in = number > committed or (when == "after" and number == committed)
            assert loads.cost() == 3 * (number + is_in), calls[number - 1]
            if not is_in:
                loads.warehouse().replace(batch(number + 1))
            assert loads.cost() == 3 * (number + 1), calls[number - 1]
    assert loads.statuses() == ["loaded"] * (len(calls) + 1)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("error", [FAILOVER, SqlError(LOST)], ids=["failover", "lost"])
def test_a_failover_at_any_call_is_retried_and_the_load_is_committed_once(
    loads: Loads, calls: Sequence[str], when: str, error: SqlError
) -> None:
    loads.write(bill(cost="1"))
    with loads.batches() as batch:
        for number in range(1, len(calls) + 1):
            setattr(loads.server, when, Nth(number, error))
            loads.warehouse().replace(batch(number + 1))
            setattr(loads.server, when, nobody)
            assert loads.cost() == 3 * (number + 1), calls[number - 1]
    assert loads.statuses() == ["loaded"] * (len(calls) + 1)


def test_a_connection_lost_at_commit_is_found_committed_and_not_done_again(loads: Loads) -> None:
    loads.write(bill())
    lost = Nth(1, SqlError(LOST), "COMMIT")
    loads.server.after = lost
    loads.collect()
    assert (loads.cost(), loads.statuses()) == (Decimal("3.75"), ["loaded"])
    assert len(lost.calls) == 1


def test_a_connection_lost_before_commit_is_rolled_back_and_done_again(loads: Loads) -> None:
    loads.write(bill())
    lost = Nth(1, SqlError(LOST), "COMMIT")
    loads.server.before = lost
    loads.collect()
    assert (loads.cost(), loads.statuses()) == (Decimal("3.75"), ["loaded"])
    assert len(lost.calls) == 2


def test_a_ledger_row_whose_commit_was_not_seen_is_written_once(loads: Loads) -> None:
    loads.write(bill())
    (loaded,) = loads.collect()
    assert loaded.row is not None
    loads.server.after = Nth(1, SqlError(LOST), "COMMIT")
    loads.warehouse().record(loaded.row)
    assert loads.server.rows("SELECT count(*) FROM dbo.ledger") == [(2,)]


@pytest.mark.parametrize("error", [ASLEEP, BUSY], ids=["asleep", "busy"])
def test_a_database_that_wakes_up_or_is_busy_is_waited_for(loads: Loads, error: SqlError) -> None:
    loads.write(bill())
    tries = iter([error, error, error])

    def refuse(what: str) -> None:
        if what == "LOGIN" and (refusal := next(tries, None)):
            raise refusal

    loads.server.before = refuse
    assert [str(each.outcome) for each in loads.collect()] == ["loaded"]
    assert loads.clock.slept == [2.0, 4.0, 8.0]


def test_one_that_stays_asleep_is_given_up_at_the_deadline_and_changes_nothing(
    loads: Loads,
) -> None:
    loads.write(bill())

    def refuse(what: str) -> None:
        if what == "LOGIN":
            raise ASLEEP

    loads.server.before = refuse
    with pytest.raises(Undecided, match=r"error 40613.*Run the same command again"):
        loads.collect()
    assert 0 < loads.clock.now <= loads.seconds
    assert loads.cost() == 0


@pytest.mark.parametrize(
    ("refusal", "found"),
    [
        (
            "[SQL Server]Cannot open server 'x' requested by the login. Client with IP address"
            " '20.1.2.3' is not allowed to access the server.",
            r"error 40615.*virtual network rule",
        ),
        (
            "[SQL Server]Login failed for user '<token-identified principal>'.",
            r"error 18456.*run the command migrate",
        ),
        ("Failed to load the driver. Please read the documentation", "libltdl7"),
    ],
    ids=["firewall", "login", "library"],
)
def test_what_no_retry_mends_is_refused_at_once_with_what_to_do(
    loads: Loads, refusal: str, found: str
) -> None:
    loads.server.refuse_login = refusal
    with pytest.raises(WarehouseError, match=found):
        loads.collect()
    assert loads.clock.slept == []


def test_a_bulk_copy_that_breaks_off_is_done_again_and_its_rows_go_a_day_later(
    loads: Loads,
) -> None:
    loads.write(bill())
    loads.server.bulk_stops_after = 1
    loads.collect()
    assert loads.cost() == Decimal("3.75")
    staged = "SELECT count(*) FROM staging.llm_consumption"
    assert loads.server.rows(staged) == [(1,)]
    loads.server.rows("UPDATE staging.llm_consumption SET attempt = '20260101T000000_died'")
    loads.write(bill(cost="3", version=1))
    loads.collect()
    assert (loads.cost(), loads.server.rows(staged)) == (9, [(0,)])


def test_a_text_that_is_too_long_is_refused_and_the_ledger_says_so(loads: Loads) -> None:
    loads.write(bill())

    def lengthen(loader: Loader) -> list[Loaded]:
        (found,) = FolderSource(loads.folder / "bills").snapshots([])
        loader.load(found)
        loader.connection.execute("UPDATE new_llm_costs SET region = repeat('é', 81)")
        warehouse = loads.warehouse()
        warehouse.replace(LoadBatch(loader.connection, warehouse.loaded()[0]))
        return []

    with pytest.raises(WarehouseError, match="truncated"):
        loads.collect(lengthen)
    assert loads.statuses() == ["loaded", "failed"]
    assert loads.server.rows("SELECT DISTINCT region FROM dbo.llm_consumption") == [("us-east-1",)]


def test_two_first_loads_at_once_load_the_bill_once(loads: Loads, tmp_path: Path) -> None:
    both = [Loads(loads.server, tmp_path / name) for name in ("one", "other")]
    barrier = threading.Barrier(2, timeout=20)
    loads.server.before = once_each(barrier.wait)
    outcomes: list[str] = []

    def load(mine: Loads) -> None:
        mine.write(bill())
        try:
            outcomes.extend(str(each.outcome) for each in mine.collect())
        except Superseded:
            outcomes.append("superseded")

    threads = [threading.Thread(target=load, args=[mine]) for mine in both]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=30)
    assert sorted(outcomes) == ["loaded", "superseded"]
    assert (loads.cost(), loads.statuses()) == (Decimal("3.75"), ["loaded"])


def once_each(meet: Callable[[], object]) -> Callable[[str], None]:
    """Calls ``meet`` before each thread's first transaction."""
    met = threading.local()

    def call(what: str) -> None:
        if what == "BEGIN TRANSACTION" and not getattr(met, "done", False):
            met.done = True
            meet()

    return call


def test_a_load_that_another_has_overtaken_is_refused_and_changes_nothing(loads: Loads) -> None:
    loads.write(bill())

    def overtaken(loader: Loader) -> list[Loaded]:
        (found,) = FolderSource(loads.folder / "bills").snapshots([])
        loads.server.before = once_each(loads.collect)
        return [loader.load(found)]

    with pytest.raises(Superseded, match="another load of this bill was committed"):
        loads.collect(overtaken)
    assert (loads.cost(), loads.statuses()) == (Decimal("3.75"), ["loaded"])


def test_another_load_that_holds_the_lock_is_named_and_nothing_changes(loads: Loads) -> None:
    loads.write(bill())
    loads.server.longest_wait = 0.1
    holder = loads.server.connecting()()
    holder.execute(statements.BEGIN)
    held = statements.lock("ai-cost-monitoring AWS", 1000)
    assert holder.fetch(held.sql, held.values) == [(0,)]
    with pytest.raises(WarehouseError, match="'ai-cost-monitoring AWS' was not free"):
        loads.collect()
    holder.close()
    assert loads.cost() == 0
    assert [str(each.outcome) for each in loads.collect()] == ["loaded"]


def test_commits_are_ordered_even_when_the_servers_clock_goes_back(loads: Loads) -> None:
    loads.write(bill())
    loads.collect()
    ((first,),) = loads.server.rows("SELECT finished_at FROM dbo.ledger")
    loads.server.clock = lambda: first.replace(year=2020)
    loads.write(bill(cost="2", version=1))
    loads.collect()
    assert loads.cost() == 6
    assert [str(each.outcome) for each in loads.collect()] == ["unchanged"]
