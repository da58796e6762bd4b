"""Whatever fails while a bill is read from S3, one clean run gives the exact tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.moto_server import moto_server
from tests.proof.conftest import Tried
from tests.proof.faults.bill import Sample
from tests.proof.faults.embedded import Embedded
from tests.proof.faults.layer import How, Kind
from tests.proof.faults.reading import ReadingCollector
from tests.proof.faults.turns import fail_in_turn

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """For all tests of this file."""
    with moto_server() as address:
        yield address


@pytest.fixture
def world(s3: str, small: Sample, tmp_path: Path) -> Iterator[Embedded]:
    folder = tmp_path / "warehouse"
    collector = ReadingCollector(s3, folder, small.site)
    yield Embedded(folder, collector)
    collector.empty()


@pytest.mark.parametrize("how", list(How))
def test_the_nth_request(world: Embedded, small: Sample, how: How, tried: Tried) -> None:
    turns = fail_in_turn(world, small, Kind.REQUEST, how)
    tried(f"S3: the n-th request of reading a bill {how}", turns.calls, turns.said)
