"""A warehouse with a bill whose every text is hostile."""

from pathlib import Path

import pytest

from tests.handlers.load.runs import collect
from tests.proof.security.hostile import write_hostile_bill


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_bill(folder / "bills")
    collect(folder / "bills", folder / "costs.duckdb")
    return folder / "costs.duckdb"
