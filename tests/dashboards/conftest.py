from collections.abc import Iterator

import pytest

from dashboards.duckdb_source import open_hub
from tests.dashboards.demo import Demo
from tests.dashboards.demo_facts import collected, complete_through, facts


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Writing and collecting 52 days of bills takes ten seconds: once for all that ask it."""
    path = collected(tmp_path_factory.mktemp("demo"))
    with open_hub(path) as hub:
        yield Demo(facts(path), complete_through(path), hub, path)
