"""Each test of this folder leaves a small file about what it tried; tools/proof.py collects them.

A test says what it tried by the fixture ``tried``; one that says nothing counts as tried once.
"""

import os
import subprocess
import time
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.proof.kept import Said, Verdict, counts, is_kept, keep, plan

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / os.environ.get("PROOF_RESULTS", "build/proof/results")
GOES_ON = "PROOF_GOES_ON" in os.environ
"""Whether tests that passed earlier, asked for the same counts, are left out: a long run's way."""

_SAID = pytest.StashKey[list[Said]]()
_BEGAN = pytest.StashKey[float]()


class Tried(Protocol):
    """Says that ``what`` was tried so many times; ``found`` is what a reader should know of it."""

    def __call__(self, what: str, times: int, found: Sequence[str] = ()) -> None: ...


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Tried:
    said: list[Said] = []
    request.node.stash[_SAID] = said

    def say(what: str, times: int, found: Sequence[str] = ()) -> None:
        said.append({"what": what, "times": times, "found": list(found)})

    return say


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where a run goes on, note what there is to try, and leave out what earlier runs tried."""
    if not GOES_ON:
        return
    ours = [item for item in items if item.get_closest_marker("proof")]
    plan(RESULTS, {item.nodeid: _promise(item) for item in ours})
    done = {item.nodeid for item in ours if is_kept(RESULTS, item.nodeid, counts(os.environ))}
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in done])
    items[:] = [item for item in items if item.nodeid not in done]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_BEGAN] = _cpu_seconds()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" or (report.when == "setup" and not report.passed):
        verdict = Verdict(
            test=report.nodeid,
            promise=_promise(item),
            outcome=report.outcome,
            seconds=round(report.duration, 1),
            cpu_seconds=round(_cpu_seconds() - item.stash.get(_BEGAN, 0.0), 1),
            tried=item.stash.get(_SAID, list[Said]()),
            counts=counts(os.environ),
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            commit=_commit(),
        )
        keep(RESULTS, verdict)
    return report


def _promise(item: pytest.Item) -> str:
    module: Any = getattr(item, "module", None)
    return str(module.__doc__ or "").partition("\n")[0]


def _cpu_seconds() -> float:
    """Of this process, and of those that it started and waited for."""
    used = os.times()
    return time.process_time() + used.children_user + used.children_system


@cache
def _commit() -> str:
    """What was tried; files that differ from the commit are told by its ending."""
    words = ["git", "--no-optional-locks", "describe", "--always", "--dirty", "--exclude=*"]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.strip()
