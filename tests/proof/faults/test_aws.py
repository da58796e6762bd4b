"""Whatever fails under a load into Redshift, one clean run gives the exact tables."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.engine.redshift.native import BUCKET
from tests.fakes.moto_server import REGION, aws_client, moto_server
from tests.fakes.postgres import postgres
from tests.fakes.redshift_data import fake_redshift
from tests.proof.conftest import Tried
from tests.proof.faults.aws import NativeAws, NativeCollector
from tests.proof.faults.bill import Sample
from tests.proof.faults.layer import How, Kind
from tests.proof.faults.turns import fail_in_turn, first_loads_at_once

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, str]]:
    """PostgreSQL and S3, for all tests of this file."""
    with postgres() as database, moto_server() as s3:
        yield database, s3


@pytest.fixture
def world(servers: tuple[str, str], small: Sample, tmp_path: Path) -> Iterator[NativeAws]:
    database, address = servers
    with closing(aws_client("s3", address)) as s3:
        where = {"LocationConstraint": REGION}
        if not s3.list_buckets()["Buckets"]:
            s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        with fake_redshift(database, s3) as fake:
            collector = NativeCollector(fake.url, address, tmp_path / "work", small.site)
            yield NativeAws(fake, s3, collector)


@pytest.mark.parametrize("how", list(How))
def test_the_nth_request(world: NativeAws, small: Sample, how: How, tried: Tried) -> None:
    turns = fail_in_turn(world, small, Kind.REQUEST, how)
    tried(f"Redshift: the n-th request to the Data API or S3 {how}", turns.calls, turns.said)


def test_the_nth_statement_of_the_transaction(
    world: NativeAws, small: Sample, tried: Tried
) -> None:
    turns = fail_in_turn(world, small, Kind.STATEMENT, How.REFUSED)
    tried("Redshift: the n-th SQL statement refused", turns.calls, turns.said)


def test_two_first_loads_at_once(world: NativeAws, small: Sample, tried: Tried) -> None:
    first_loads_at_once(world, small)
    tried("Redshift: two first loads at once", 1)
