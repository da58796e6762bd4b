import pytest

from infra.recording import Recording
from tests.infra.gcp.hub import recorded


@pytest.fixture(scope="session")
def hub() -> Recording:
    """The whole Google side after ``up``."""
    return recorded()


@pytest.fixture(scope="session", params=[True, False], ids=["preview", "up"])
def either(request: pytest.FixtureRequest) -> Recording:
    """The whole Google side, before the first ``up`` and after it."""
    return recorded(preview=request.param)
