from datetime import date
from pathlib import Path

import pytest

from handlers.sample import SampleReport, write_sample
from tests.handlers.sample.rereading import PlainLine, read

END = date(2026, 11, 12)
"""Forty-five days before it: September's end, October, November's start."""


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    folder = tmp_path_factory.mktemp("bills") / "sample"
    return write_sample(folder, seed=1, days=45, end=END)


@pytest.fixture(scope="session")
def sample(report: SampleReport) -> Path:
    return report.folder


@pytest.fixture(scope="session")
def lines(sample: Path) -> list[PlainLine]:
    return list(read(sample))
