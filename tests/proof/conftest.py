"""Each test of this folder leaves a small file about what it tried; tools/proof.py collects them.

A test says what it tried by the fixture ``tried``; one that says nothing counts as tried once.
"""

import hashlib
import json
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

RESULTS = Path(
    os.environ.get("PROOF_RESULTS", Path(__file__).parents[2] / "build" / "proof" / "results")
)

_SAID = pytest.StashKey[list[dict[str, object]]]()


class Tried(Protocol):
    """Says that ``what`` was tried so many times; ``found`` is what a reader should know of it."""

    def __call__(self, what: str, times: int, found: Sequence[str] = ()) -> None: ...


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Tried:
    said: list[dict[str, object]] = []
    request.node.stash[_SAID] = said

    def say(what: str, times: int, found: Sequence[str] = ()) -> None:
        said.append({"what": what, "times": times, "found": list(found)})

    return say


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" or (report.when == "setup" and not report.passed):
        _write(item, report)
    return report


def _write(item: pytest.Item, report: pytest.TestReport) -> None:
    module: Any = getattr(item, "module", None)
    content = {
        "test": report.nodeid,
        "promise": str(module.__doc__ or "").partition("\n")[0],
        "outcome": report.outcome,
        "seconds": round(report.duration, 1),
        "tried": item.stash.get(_SAID, list[dict[str, object]]()),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(report.nodeid.encode()).hexdigest()[:16]
    (RESULTS / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
