"""The labelled strings and the catalogs, read once per test run."""

import pytest

from handlers.catalog import load_catalog
from handlers.record import Cloud
from tests.handlers.catalog.corpora import Catalogs, Corpora, read


@pytest.fixture(scope="session")
def corpora() -> Corpora:
    kinds = ("corpus", "extra", "unseen")
    return {cloud: [row for kind in kinds for row in read(kind, cloud)] for cloud in Cloud}


@pytest.fixture(scope="session")
def catalogs() -> Catalogs:
    return {cloud: load_catalog(cloud) for cloud in Cloud}
