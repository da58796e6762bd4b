"""One PostgreSQL and one S3 for all tests, and on them an empty warehouse for each."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bigquery.conftest import emulator, executable
from tests.engine.redshift.native import BUCKET, Native
from tests.fakes.moto_server import REGION, aws_client, moto_server
from tests.fakes.postgres import postgres
from tests.fakes.redshift_data import fake_redshift

__all__ = ["emulator", "executable"]


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def native(database: str, s3_address: str, tmp_path: Path) -> Iterator[Native]:
    s3 = aws_client("s3", s3_address)
    where = {"LocationConstraint": REGION}
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    for left in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3.delete_object(Bucket=BUCKET, Key=left["Key"])
    with fake_redshift(database, s3) as fake:
        data = aws_client("redshift-data", fake.url)
        made = Native(fake, data, s3, tmp_path / "work")
        made.folder.mkdir()
        yield made
        for each in (data, s3):
            each.close()
