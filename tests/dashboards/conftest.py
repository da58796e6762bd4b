from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.duckdb_source import open_hub
from tests.dashboards.demo import Demo
from tests.dashboards.demo_facts import collected, complete_through, facts


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        here = Path(__file__).parent in item.path.parents
        if here and "demo" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("dashboards-demo"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Writing and collecting 52 days of bills takes ten seconds: once for all that ask it."""
    path = collected(tmp_path_factory.mktemp("demo"))
    with open_hub(path) as hub:
        yield Demo(facts(path), complete_through(path), hub, path)
