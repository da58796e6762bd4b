"""S3 for this folder's tests, and an environment in which boto3 finds it without waiting."""

import types
from collections.abc import Iterator

import botocore.endpoint
import pytest

from tests.fakes.s3 import FakeS3, fake_s3


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    """An empty S3; the environment leads boto3 to it."""
    with fake_s3() as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", fake.address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
        yield fake


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long botocore would have waited before each retry; it does not."""
    asked: list[float] = []
    clock = types.SimpleNamespace(sleep=asked.append)
    monkeypatch.setattr(botocore.endpoint, "time", clock)
    return asked
