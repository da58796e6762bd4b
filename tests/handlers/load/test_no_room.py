"""A memory or disk that is full ends a load by a refusal of ours: said, written down, mended."""

import errno
import resource
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from handlers.ledger import Status
from handlers.load.load import Outcome
from handlers.no_room import NoRoom, refusing_no_room
from handlers.scan.room import FUNCTION, LAPTOP, Room
from handlers.warehouses.duckdb import configure
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import bill_in, collect, ledger, loader, query, tables

pytestmark = pytest.mark.slow

PERIOD = date(2026, 11, 1)
WRITTEN = datetime(2026, 11, 15, 4, tzinfo=UTC)
BILL = AwsBill("111122223333", PERIOD, [Line(PERIOD, "10")], WRITTEN)
MANY = replace(
    BILL,
    lines=[Line(PERIOD, "0.01", tags={"customer_id": f"c{number}"}) for number in range(3000)],
    written=WRITTEN + timedelta(days=1),
)


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """No file of this process may become larger, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """With the first version of the bill in it; the next lies beside it."""
    write_bill(tmp_path / "bills", BILL)
    collect(tmp_path / "bills", tmp_path / "w" / "costs.duckdb")
    write_bill(tmp_path / "bills", MANY)
    return tmp_path / "w" / "costs.duckdb"


def test_an_engine_without_memory_refuses_the_bill_and_with_memory_loads_it(
    warehouse: Path, tmp_path: Path
) -> None:
    before = tables(warehouse)
    bill = bill_in(tmp_path / "bills")
    with loader(warehouse) as ours:
        ours.connection.execute("SET temp_directory = ''")
        ours.connection.execute("SET memory_limit = '8MB'")
        with pytest.raises(NoRoom, match=r"the memory is full here .*Nothing was changed") as error:
            ours.load(bill)
        assert "can't be read" not in str(error.value)
        assert "docs/scale.md" in str(error.value)
        ours.connection.execute("SET memory_limit = '200MB'")
    assert tables(warehouse) == before
    assert [row.status for row in ledger(warehouse)] == [Status.LOADED, Status.FAILED]
    assert ledger(warehouse)[-1].error == str(error.value)
    assert collect(tmp_path / "bills", warehouse)[0].outcome is Outcome.LOADED
    assert query(warehouse, "SELECT sum(cost_usd) FROM llm_costs") == [(30,)]


def test_a_functions_engine_refuses_what_would_fill_the_functions_memory_with_files(
    tmp_path: Path,
) -> None:
    """A gigabyte of random text fits in no function; as files it would end the process."""
    small = replace(FUNCTION, memory_mb=50, spill_mb=20)
    with duckdb.connect() as connection:
        configure(connection, tmp_path)
        small.give(connection)
        with pytest.raises(NoRoom, match="the memory is full here"), refusing_no_room("a bill"):
            connection.execute(
                "CREATE TABLE lines AS SELECT gen_random_uuid()::VARCHAR AS line"
                " FROM range(20_000_000)"
            )
    assert (LAPTOP.spill_mb, Room.of_workers(4).spill_mb) == (None, None)
    assert FUNCTION.spill_mb is not None
    assert FUNCTION.memory_mb + FUNCTION.spill_mb < 512


def test_a_disk_without_room_for_the_commit_refuses_the_bill_and_with_room_loads_it(
    warehouse: Path, tmp_path: Path
) -> None:
    before = tables(warehouse)
    with loader(warehouse) as ours, files_of_at_most(warehouse.stat().st_size // 8):
        with pytest.raises(NoRoom, match=r"the disk is full here .*File too large") as error:
            ours.load(bill_in(tmp_path / "bills"))
        assert str(error.value).startswith("AWS 111122223333 2026-11: ")
    assert tables(warehouse) == before
    assert collect(tmp_path / "bills", warehouse)[0].outcome is Outcome.LOADED
    assert query(warehouse, "SELECT sum(cost_usd) FROM llm_costs") == [(30,)]


def test_without_room_for_the_copy_of_the_readers_the_load_stands_and_that_is_said(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = tables(warehouse)
    with monkeypatch.context() as patched:
        patched.setattr("handlers.warehouses.duckdb.shutil.copy2", full)
        with pytest.raises(NoRoom, match="What was loaded is loaded; readers see the copy from"):
            collect(tmp_path / "bills", warehouse)
    assert tables(warehouse) == before
    assert collect(tmp_path / "bills", warehouse)[0].outcome is Outcome.UNCHANGED
    assert query(warehouse, "SELECT sum(cost_usd) FROM llm_costs") == [(30,)]


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full here"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "the disk is full here"),
        (MemoryError(), "the memory is full here"),
    ],
)
def test_what_python_says_of_a_full_disk_or_memory_is_the_same_refusal(
    error: Exception, full: str
) -> None:
    with pytest.raises(NoRoom, match=full), refusing_no_room("a file"):
        raise error


def test_any_other_error_is_left_as_it_is() -> None:
    with pytest.raises(PermissionError), refusing_no_room("a file"):
        raise PermissionError(errno.EACCES, "Permission denied")
