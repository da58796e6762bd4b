"""Contract tests against real accounts, for whoever has them: ``pytest -m live tests/live``.

Each cloud's scope is an object as COST_SCOPES has it, in LIVE_AWS_SCOPE, LIVE_AZURE_SCOPE or
LIVE_GCP_SCOPE (with LIVE_GCP_PROJECT and LIVE_GCP_LOCATION for the jobs). Who asks is whoever is
logged in: AWS's usual chain, ``az login``, ``gcloud auth application-default login``. Nothing is
written. Without ``-m live`` these tests are not even selected, so that nothing is skipped.
"""

import os
from collections.abc import Mapping, Sequence
from typing import TypeVar

import pytest

from handlers.record import Cloud
from handlers.scopes import Scope, read_scopes

COSTS: Mapping[Cloud, str] = {
    Cloud.AWS: "at most 20 requests of Cost Explorer, 0.20 USD, and reads of S3",
    Cloud.AZURE: "nothing: queries and reads of blobs, a few of each",
    Cloud.GCP: "queries of BigQuery of at most 20 GiB in all, about 0.12 USD",
}
"""What the tests of each cloud may cost."""

VARIABLES: Mapping[Cloud, str] = {cloud: f"LIVE_{cloud.upper()}_SCOPE" for cloud in Cloud}

AnyScope = TypeVar("AnyScope", bound=Scope)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say what it may cost before anything is asked."""
    if not any(item.get_closest_marker("live") for item in session.items):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    for cloud, cost in COSTS.items():
        meant = VARIABLES[cloud] in os.environ
        line = f"live {cloud}: {cost}" if meant else f"live {cloud}: {VARIABLES[cloud]} is not set"
        if reporter is not None:
            reporter.write_line(line)


def scope_of(cloud: Cloud, kind: type[AnyScope]) -> AnyScope:
    """The scope that the environment names."""
    text = os.environ.get(VARIABLES[cloud])
    if text is None:
        pytest.skip(f"{VARIABLES[cloud]} is not set")
    scopes: Sequence[Scope]
    scopes, mistakes = read_scopes(cloud, f"[{text}]")
    assert not mistakes, mistakes
    (scope,) = scopes
    assert isinstance(scope, kind)
    return scope
