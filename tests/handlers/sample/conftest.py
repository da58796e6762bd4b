import fcntl
import os
import pickle
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from handlers.sample import SampleReport, write_sample
from tests.handlers.sample.rereading import PlainLine, read

END = date(2026, 11, 12)
"""Forty-five days before it: September's end, October, November's start."""


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    """Made by the first of the processes that run tests; the others wait for it. Nobody writes."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    made = shared / "forty-five-days.pickle"
    with (shared / "forty-five-days.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.is_file():
            written = write_sample(shared / "forty-five-days", seed=1, days=45, end=END)
            made.write_bytes(pickle.dumps(written))
    return cast("SampleReport", pickle.loads(made.read_bytes()))


@pytest.fixture(scope="session")
def sample(report: SampleReport) -> Path:
    return report.folder


@pytest.fixture(scope="session")
def lines(sample: Path) -> list[PlainLine]:
    return list(read(sample))
