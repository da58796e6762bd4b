"""The tests' own promises: each is shown by a small run of pytest with the real conftest."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from network_guard import NetworkBlocked

pytestmark = pytest.mark.slow

DOCUMENTATION_ADDRESS = ("192.0.2.1", 443)  # RFC 5737: belongs to nobody

OUTCOMES = """
import pytest

def test_passes():
    pass

@pytest.mark.skip(reason="no engine here")
def test_is_skipped():
    pass

@pytest.mark.xfail(reason="not mended yet")
def test_is_expected_to_fail():
    assert False
"""

SKIPPED_MODULE = """
import pytest
pytest.importorskip("a_module_that_nobody_has")
"""


def _outcomes(folder: Path, root: Path, source: str, *options: str, strict: str) -> dict[str, int]:
    """What a run of pytest over one file counts, by outcome; ``exit`` is its exit code."""
    tests = folder / "tests"
    shutil.copytree(root / "tests" / "offline", tests / "offline")
    for name in ("conftest.py", "doorkeeper.py", "made_once.py"):
        shutil.copy(root / "tests" / name, tests)
    shutil.copy(root / "pyproject.toml", folder)
    (tests / "test_outcomes.py").write_text(source)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "tests"],
        cwd=folder,
        env={**os.environ, "STRICT": strict, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    last_line = run.stdout.splitlines()[-1]
    counts = re.findall(r"(\d+) (passed|failed|skipped|xfailed|error)", last_line)
    return {"exit": run.returncode, **{outcome: int(number) for number, outcome in counts}}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_strict_makes_a_skipped_or_expected_failure_a_failure(
    tmp_path: Path, root: Path, workers: str
) -> None:
    counts = _outcomes(tmp_path, root, OUTCOMES, "-n", workers, strict="1")
    # A mark skips in the set-up, and pytest calls a failure there an error.
    assert counts == {"exit": 1, "passed": 1, "failed": 1, "error": 1}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_strict_does_not_let_a_whole_file_be_skipped(
    tmp_path: Path, root: Path, workers: str
) -> None:
    counts = _outcomes(tmp_path, root, SKIPPED_MODULE, "-n", workers, strict="1")
    assert counts["exit"] != 0
    assert counts["error"] >= 1


def test_without_strict_a_skip_is_a_skip(tmp_path: Path, root: Path) -> None:
    counts = _outcomes(tmp_path, root, OUTCOMES, strict="")
    assert counts == {"exit": 0, "passed": 1, "skipped": 1, "xfailed": 1}


def test_no_connection_leaves_this_machine() -> None:
    with socket.socket() as connection, pytest.raises(NetworkBlocked, match=r"192\.0\.2\.1"):
        connection.connect(DOCUMENTATION_ADDRESS)


def test_no_name_is_looked_up_outside() -> None:
    with pytest.raises(NetworkBlocked, match=r"example\.com"):
        socket.getaddrinfo("example.com", 443)


def test_a_started_python_process_can_not_leave_this_machine_either() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "import socket; socket.create_connection(('192.0.2.1', 443), 1)"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "NetworkBlocked" in run.stderr


def test_loopback_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port), timeout=5) as client:
            assert client.getpeername()[1] == port


@pytest.mark.skipif("TEST_TZ" in os.environ, reason="another time zone was asked for")
def test_local_time_is_not_utc() -> None:
    assert time.strftime("%z") == "+0545"
    noon = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    assert noon.astimezone().date() != noon.date()


def test_no_credentials_are_in_reach() -> None:
    assert "AWS_ACCESS_KEY_ID" not in os.environ
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in os.environ
    assert os.environ["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
