"""Parts that are read at once: how many, and that what is found does not depend on it."""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from handlers.errors import BillError
from handlers.scan.room import FUNCTION, Room
from handlers.scan.scan import Scanned, scan
from handlers.scan.totals import Total
from handlers.sources import Reading, Snapshot
from handlers.sources.aws.discover import discover
from handlers.sources.parts import FilePart
from tests.handlers.sources.aws.bills import (
    OTHER,
    Cells,
    Export,
    csv_bytes,
    gzipped,
    lines,
    parquet_bytes,
)

COST = "line_item_unblended_cost"
Parts = Sequence[Sequence[Cells]]
Found = tuple[list[tuple[str, Decimal]], Decimal, int]


def is_bedrock(reading: Reading) -> str:
    return f"{reading.lines['service_id']} = 'AmazonBedrock'"


def written(parts: Parts, ending: str, folder: Path) -> Snapshot:
    """A bill of these parts, in the format of that ending."""
    contents = {
        f"{number}.{ending}": (
            parquet_bytes(rows, folder) if ending.endswith("parquet") else gzipped(csv_bytes(rows))
        )
        for number, rows in enumerate(parts)
    }
    Export(folder / "bill").write_parts(contents)
    (snapshot,) = discover(folder / "bill")
    return snapshot


def read(snapshot: Snapshot, room: Room) -> tuple[Scanned, Found]:
    """What was found: file and cost of each line that was kept, the rest's cost and lines."""
    with duckdb.connect() as connection:
        room.give(connection)
        scanned = scan(connection, snapshot, is_bedrock, room=room)
        kept = connection.execute("SELECT line_file, cost FROM bill_lines ORDER BY ALL").fetchall()
        rest = connection.execute(
            "SELECT COALESCE(sum(cost), 0), COALESCE(sum(line_count), 0) FROM left_out"
        ).fetchone()
    assert rest is not None
    return scanned, ([(str(name), Decimal(cost)) for name, cost in kept], rest[0], int(rest[1]))


# Quarters are doubles without a rest, as AWS's parquet has them.
line = st.tuples(st.booleans(), st.integers(-4_000_000, 4_000_000).map(lambda n: Decimal(n) / 4))


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv.gz", "snappy.parquet"])
@settings(max_examples=5, phases=(Phase.explicit, Phase.generate))
@given(
    parts=st.lists(st.lists(line, min_size=1, max_size=6), min_size=1, max_size=6),
    workers=st.integers(2, 9),
)
def test_what_is_found_is_the_same_for_any_number_of_workers(
    ending: str, parts: list[list[tuple[bool, Decimal]]], workers: int
) -> None:
    with TemporaryDirectory() as folder:
        rows = [
            lines(*({COST: f"{cost}"} | ({} if is_ai else OTHER | {COST: f"{cost}"})
                    for is_ai, cost in part))
            for part in parts
        ]  # fmt: skip
        snapshot = written(rows, ending, Path(folder))
        kept = sorted(
            (f"{number}.{ending}", cost)
            for number, part in enumerate(parts)
            for is_ai, cost in part
            if is_ai
        )
        rest = [cost for part in parts for is_ai, cost in part if not is_ai]
        everything = Total(
            len(kept) + len(rest), sum((cost for part in parts for _, cost in part), Decimal(0))
        )
        for room in (FUNCTION, Room.of_workers(1), Room.of_workers(workers)):
            scanned, found = read(snapshot, room)

            assert scanned.first == scanned.second == everything
            assert [(Path(name).name, cost) for name, cost in found[0]] == kept
            assert found[1:] == (sum(rest, Decimal(0)), len(rest))


@dataclass
class Watched:
    """Counts the parts that lie here at the same time; each waits for as many as ``meet``."""

    meet: threading.Barrier
    here: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def one(self) -> Generator[None]:
        with self.lock:
            self.here += 1
            self.most = max(self.most, self.here)
        self.meet.wait(timeout=60)
        try:
            yield
        finally:
            with self.lock:
                self.here -= 1


@dataclass(frozen=True)
class WatchedPart(FilePart):
    """A part that says when it lies here."""

    watched: Watched | None = None

    @contextmanager
    def local(self) -> Generator[Path]:
        assert self.watched is not None
        with self.watched.one(), super().local() as path:
            yield path


@pytest.mark.parametrize(
    ("room", "at_once"), [(FUNCTION, 1), (Room.of_workers(1), 1), (Room.of_workers(3), 3)]
)
def test_as_many_parquet_parts_lie_here_as_there_is_room_for(
    room: Room, at_once: int, tmp_path: Path
) -> None:
    snapshot = written([lines({COST: str(number)}) for number in range(6)], "parquet", tmp_path)
    watched = Watched(threading.Barrier(at_once))
    parts = tuple(
        WatchedPart(part.path, watched=watched)
        for part in snapshot.parts
        if isinstance(part, FilePart)
    )

    scanned, _ = read(replace(snapshot, parts=parts), room)

    assert scanned.first == Total(6, Decimal(15))
    assert watched.most == at_once


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_of_parts_that_are_read_at_once_the_first_faulty_one_is_named(
    ending: str, tmp_path: Path
) -> None:
    good = lines(*(OTHER for _ in range(500)))
    other_month = {"line_item_usage_start_date": "2025-11-05T00:00:00.000Z"}
    snapshot = written(
        [good, [*good, *lines(other_month)], lines(other_month), good], ending, tmp_path
    )

    with pytest.raises(BillError) as refusal:
        read(snapshot, Room.of_workers(4))

    assert Path(refusal.value.place.file).name == f"1.{ending}"


def test_the_engine_has_the_threads_and_the_memory_of_its_room() -> None:
    with duckdb.connect() as connection:
        Room.of_workers(3).give(connection)
        given_now = connection.execute(
            "SELECT current_setting('threads'), current_setting('memory_limit')"
        ).fetchone()

    assert given_now == (3, "2.7 GiB")
