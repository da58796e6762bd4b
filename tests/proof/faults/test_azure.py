"""Whatever fails under a load into Azure SQL, one clean run gives the exact tables."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.azuresql import FakeAzureSql
from tests.handlers.warehouses.azuresql.loads import Loads
from tests.proof.conftest import Tried
from tests.proof.faults.azure import NativeAzure, NativeCollector, served
from tests.proof.faults.bill import Sample
from tests.proof.faults.layer import How, Kind
from tests.proof.faults.turns import fail_in_turn, first_loads_at_once

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]


@pytest.fixture
def world(small: Sample, tmp_path: Path) -> Iterator[NativeAzure]:
    server = FakeAzureSql()
    Loads(server, tmp_path).migrate()
    with tempfile.TemporaryDirectory(prefix="sql-") as short:  # a socket's path is short
        address = f"{short}/socket"
        with served(server, address):
            yield NativeAzure(server, NativeCollector(address, tmp_path / "ours", small.site))
    server.close()


@pytest.mark.parametrize("how", list(How))
def test_the_nth_call(world: NativeAzure, small: Sample, how: How, tried: Tried) -> None:
    turns = fail_in_turn(world, small, Kind.REQUEST, how)
    tried(f"Azure SQL: the n-th call, of SQL or bulk copy, {how}", turns.calls, turns.said)


def test_two_first_loads_at_once(world: NativeAzure, small: Sample, tried: Tried) -> None:
    first_loads_at_once(world, small)
    tried("Azure SQL: two first loads at once", 1)
