import pickle
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from handlers.sample import SampleReport, write_sample
from tests.handlers.sample.rereading import PlainLine, read
from tests.made_once import made_once

END = date(2026, 11, 12)
"""Forty-five days before it: September's end, October, November's start."""


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    """Nobody writes into it."""

    def write(folder: Path) -> None:
        written = write_sample(folder / "bills", seed=1, days=45, end=END)
        (folder / "report").write_bytes(pickle.dumps(written))

    made = made_once(tmp_path_factory, "forty-five-days", write)
    return cast("SampleReport", pickle.loads((made / "report").read_bytes()))


@pytest.fixture(scope="session")
def sample(report: SampleReport) -> Path:
    return report.folder


@pytest.fixture(scope="session")
def lines(sample: Path) -> list[PlainLine]:
    return list(read(sample))
