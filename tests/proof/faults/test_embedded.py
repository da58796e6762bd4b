"""Whatever fails under a load into DuckDB, one clean run gives the exact tables."""

from pathlib import Path

import pytest

from tests.proof.conftest import Tried
from tests.proof.faults.bill import Sample
from tests.proof.faults.embedded import Embedded, EmbeddedCollector, OnASmallDisk
from tests.proof.faults.layer import NOTHING, How, Kind
from tests.proof.faults.turns import MOST_TURNS, fail_in_turn, first_loads_at_once, run_in_child

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]


@pytest.fixture
def world(small: Sample, tmp_path: Path) -> Embedded:
    folder = tmp_path / "warehouse"
    return Embedded(folder, EmbeddedCollector(folder, small.site))


@pytest.mark.parametrize("how", list(How))
def test_the_nth_statement(world: Embedded, small: Sample, how: How, tried: Tried) -> None:
    turns = fail_in_turn(world, small, Kind.STATEMENT, how)
    tried(f"DuckDB: the n-th SQL statement {how}", turns.calls, turns.said)


@pytest.mark.parametrize("how", [How.REFUSED, How.KILLED])
def test_the_nth_file_write(world: Embedded, small: Sample, how: How, tried: Tried) -> None:
    turns = fail_in_turn(world, small, Kind.FILE, how)
    tried(f"DuckDB: the n-th file write {how}", turns.calls, turns.said)


def test_two_first_loads_at_once(world: Embedded, small: Sample, tried: Tried) -> None:
    first_loads_at_once(world, small)
    tried("DuckDB: two first loads at once", 1)


def test_a_disk_that_fills_up(world: Embedded, small: Sample, tried: Tried) -> None:
    world.collector(small.earlier, NOTHING)
    before = world.tables()
    world.save()
    world.collector(small.newer, NOTHING)
    after = world.tables()
    largest = max(path.stat().st_size for path in world.folder.rglob("*") if path.is_file())
    for number in range(1, MOST_TURNS + 1):
        world.back()
        on_disk = OnASmallDisk(world.collector, largest * number // (MOST_TURNS + 1))
        run_in_child(on_disk, small.newer, NOTHING)
        assert world.tables() in (before, after)
        world.collector(small.newer, NOTHING)
        assert world.tables() == after
    tried("DuckDB: a disk that is full after so many bytes", MOST_TURNS)
