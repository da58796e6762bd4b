"""A hub in the transactional fake for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.bigquery_server import FakeBigQuery, fake_bigquery
from tests.handlers.warehouses.bigquery.hubs import Collector, collector


@pytest.fixture
def fake() -> Iterator[FakeBigQuery]:
    """BigQuery with the hub's empty tables."""
    with fake_bigquery() as made:
        yield made


@pytest.fixture
def ours(fake: FakeBigQuery, tmp_path: Path) -> Iterator[Collector]:
    """A collector into it."""
    with collector(fake, tmp_path / "ours") as made:
        yield made
