"""The tests against real accounts say what they may cost, and run only when they are asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def run(root: Path, *options: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """pytest over ``tests/live`` in a process of its own, with no account but what is named."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIVE_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "tests/live"],
        cwd=root,
        env={**clean, "PYTEST_ADDOPTS": "", "STRICT": "", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_a_cloud_may_cost_is_said_before_it_is_asked(root: Path) -> None:
    done = run(root, "-m", "live", LIVE_AWS_SCOPE="no scope at all")
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
    cost = "live AWS: at most 20 requests of Cost Explorer, 0.20 USD"
    said, _, after = done.stdout.partition(cost)
    assert "AssertionError" not in said
    assert "AssertionError" in after
    for cloud in ("AZURE", "GCP"):
        assert f"LIVE_{cloud}_SCOPE is not set" in after
    assert "4 skipped, 3 errors" in after


def test_without_being_asked_for_they_are_not_even_selected(root: Path) -> None:
    done = run(root)
    assert done.returncode == 5, done.stdout[-3000:] + done.stderr[-3000:]
    assert "7 deselected" in done.stdout
    assert "live AWS" not in done.stdout
