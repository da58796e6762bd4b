"""What somebody wrote into a tag moves no cursor, hides nothing and ends no command."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RunHandlers
from tests.proof.conftest import Tried
from tests.proof.security.hostile import CONTROLS, HOSTILE, write_hostile_bill

pytestmark = pytest.mark.proof

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TURNS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def on_a_terminal(*words: str) -> str:
    """What ``python -m handlers`` writes to a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-m", "handlers", *words], stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        written = b""
        try:
            while chunk := os.read(ours, 1 << 16):
                written += chunk
        except OSError:
            pass  # Linux says so when the other end is closed.
        finally:
            os.close(ours)
        assert process.wait(30) == 0, written.decode()
    return written.decode()


@pytest.mark.parametrize(
    "words",
    [
        ("costs", "--by", "customer_id"),
        ("costs", "--by", "customer_id", "--format", "csv"),
        ("lines", "--limit", "500"),
        ("unknown",),
    ],
    ids=["costs", "csv", "lines", "unknown"],
)
def test_a_name_on_a_terminal_is_letters_only(
    words: tuple[str, ...], warehouse: Path, tried: Tried
) -> None:
    seen = on_a_terminal(*words, "--warehouse", f"duckdb:{warehouse}")
    assert TURNS.findall(COLOUR.sub("", seen)) == []
    assert words == ("unknown",) or r"\x1b]0" in seen, "the name is there, written out"
    tried("a hostile name on a terminal", len(HOSTILE))


def test_collect_tells_of_customers_whatever_they_are_called(
    tmp_path: Path, run_handlers: RunHandlers
) -> None:
    names = [*CONTROLS, "[/acme]", "[conceal]acme"]
    write_hostile_bill(tmp_path / "bills", names)
    done = run_handlers("collect", "bills", "--warehouse", "duckdb:costs.duckdb")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "[/acme]" in done.stdout
    assert "[conceal]acme" in done.stdout
    assert TURNS.findall(done.stdout) == []
