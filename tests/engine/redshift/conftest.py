"""A PostgreSQL for each module, and on it an empty warehouse for each test."""

import contextlib
import logging
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.engine.bigquery.conftest import emulator, executable
from tests.engine.redshift.native import BUCKET, Native
from tests.fakes.postgres import postgres
from tests.fakes.redshift_data import fake_redshift

__all__ = ["emulator", "executable"]


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    with moto() as address:
        yield address


@contextlib.contextmanager
def moto() -> Generator[str]:
    """moto's server, with the bucket for staging."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client(service: str, address: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    sdk: Any = boto3
    return sdk.client(
        service,
        endpoint_url=address,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture
def native(database: str, s3_address: str, tmp_path: Path) -> Iterator[Native]:
    s3 = client("s3", s3_address)
    where = {"LocationConstraint": "eu-central-1"}
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    with fake_redshift(database, s3) as fake:
        data = client("redshift-data", fake.url)
        made = Native(fake, data, s3, tmp_path / "work")
        made.folder.mkdir()
        yield made
        for each in (data, s3):
            each.close()
