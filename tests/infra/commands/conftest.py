import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest


class RunInfra(Protocol):
    """Runs the platform's door as a user does, with no credentials and no network."""

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def run_infra(tmp_path: Path) -> RunInfra:
    """Run ``python -m infra`` in a process and a folder of its own."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
            timeout=50,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return run
