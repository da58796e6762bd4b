from collections.abc import Iterator

import pytest

from tests.fakes.azure_blobs import FakeBlobs, fake_blobs
from tests.fakes.azure_blobs_http import certificate
from tests.fakes.cost_management import FakeCostManagement, fake_cost_management


@pytest.fixture(autouse=True)
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure's clients believe the fakes' certificate, and no other."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate().certificate))


@pytest.fixture
def blobs() -> Iterator[FakeBlobs]:
    with fake_blobs() as fake:
        fake.blobs["exports"] = {}
        yield fake


@pytest.fixture
def costs() -> Iterator[FakeCostManagement]:
    with fake_cost_management() as fake:
        fake.tokens.add("valid")
        yield fake
