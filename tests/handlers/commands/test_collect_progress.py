"""Whoever looks on sees how far a collection is; a pipe gets the answer alone."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.handlers.commands.collected import NOW
from tests.handlers.sources.aws.bills import Export, csv_bytes, lines

pytestmark = pytest.mark.slow


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    Export(tmp_path / "bills").write(csv_bytes(lines({})))
    warehouse = f"duckdb:{tmp_path / 'costs.duckdb'}"
    command = ["collect", str(tmp_path / "bills"), "--warehouse", warehouse, "--now", NOW]
    return [sys.executable, "-m", "handlers", *command]


def test_a_bar_is_drawn_on_a_terminal_and_is_gone_at_the_end(words: list[str]) -> None:
    ours, theirs = pty.openpty()
    terminal = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, env=terminal) as running:
        os.close(theirs)
        drawn = _read_all(ours)
        answer = running.stdout.read().decode() if running.stdout else ""
    assert running.returncode == 0
    assert "Collecting" in drawn
    assert "100%" in drawn
    assert drawn.rstrip("\r\n").endswith("\x1b[2K")  # the bar's line, cleared
    assert "Collecting" not in answer


def test_nothing_is_drawn_in_a_pipe(words: list[str]) -> None:
    piped = subprocess.run(words, check=True, capture_output=True, text=True, encoding="utf-8")
    assert piped.stderr == ""
    assert "\x1b" not in piped.stdout


def _read_all(terminal: int) -> str:
    """All that is drawn until the program closes its side."""
    drawn = b""
    try:
        while block := os.read(terminal, 65536):
            drawn += block
    except OSError:  # how Linux tells of the other side's end
        pass
    finally:
        os.close(terminal)
    return drawn.decode()
