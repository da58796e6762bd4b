from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.operator import Operator, operator


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Operator]:
    """Somebody logged in to faked clouds that hold nothing yet."""
    with operator(tmp_path) as someone:
        yield someone
