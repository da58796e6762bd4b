"""A server with its tables and its collector's user."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.azuresql import FakeAzureSql
from tests.handlers.warehouses.azuresql.loads import Loads


@pytest.fixture
def server() -> Iterator[FakeAzureSql]:
    fake = FakeAzureSql()
    yield fake
    fake.close()


@pytest.fixture
def loads(server: FakeAzureSql, tmp_path: Path) -> Loads:
    loads = Loads(server, tmp_path)
    loads.migrate()
    return loads
