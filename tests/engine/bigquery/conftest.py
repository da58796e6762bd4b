"""An emulator for each test; it is built once for each machine."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bigquery.emulator import Emulator, running

BUILD = Path(__file__).resolve().parents[3] / "tools" / "engines" / "build.sh"


@pytest.fixture(scope="session")
def executable() -> str:
    built = subprocess.run(
        ["sh", str(BUILD), "bigquery-emulator"], capture_output=True, text=True, check=False
    )
    if built.returncode:
        pytest.skip(f"no BigQuery emulator: {built.stderr.strip()}")
    return built.stdout.strip()


@pytest.fixture
def emulator(executable: str) -> Iterator[Emulator]:
    with running(executable) as started:
        yield started
