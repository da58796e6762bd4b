"""One azurite for all tests here; it is installed once for each machine."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.azure_blobs_http import certificate
from tests.fakes.azurite import Azurite, running

BUILD = Path(__file__).resolve().parents[3] / "tools" / "engines" / "build.sh"


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    built = subprocess.run(
        ["sh", str(BUILD), "azurite"], capture_output=True, text=True, check=False
    )
    if built.returncode:
        pytest.skip(f"no azurite: {built.stderr.strip()}")
    with running(built.stdout.strip(), tmp_path_factory.mktemp("azurite")) as started:
        yield started


@pytest.fixture(autouse=True)
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure's clients believe the emulator's certificate, and no other."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate().certificate))
