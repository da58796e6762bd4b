"""Whatever fails under a load into BigQuery, one clean run gives the exact tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.bigquery_server import fake_bigquery
from tests.proof.conftest import Tried
from tests.proof.faults.bill import Sample
from tests.proof.faults.hub import Hub, HubCollector
from tests.proof.faults.layer import How, Kind
from tests.proof.faults.turns import fail_in_turn, first_loads_at_once

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]


@pytest.fixture
def world(small: Sample, tmp_path: Path) -> Iterator[Hub]:
    with fake_bigquery() as fake:
        yield Hub(fake, HubCollector(fake.url, tmp_path / "ours", small.site))


@pytest.mark.parametrize("how", list(How))
def test_the_nth_request(world: Hub, small: Sample, how: How, tried: Tried) -> None:
    turns = fail_in_turn(world, small, Kind.REQUEST, how)
    tried(f"BigQuery: the n-th request {how}", turns.calls, turns.said)


def test_the_nth_statement_of_the_transaction(world: Hub, small: Sample, tried: Tried) -> None:
    turns = fail_in_turn(world, small, Kind.STATEMENT, How.REFUSED)
    tried("BigQuery: the n-th SQL statement refused", turns.calls, turns.said)


def test_two_first_loads_at_once(world: Hub, small: Sample, tried: Tried) -> None:
    first_loads_at_once(world, small)
    tried("BigQuery: two first loads at once", 1)
