"""The small bill of the sample, written once for each process of the tests."""

import pytest

from tests.proof.faults.bill import Sample, small_sample


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return small_sample(tmp_path_factory.mktemp("small"))
