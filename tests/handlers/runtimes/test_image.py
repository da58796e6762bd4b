"""The image of the container task as the Dockerfile describes it, checked without a builder."""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from infra.packages import PYTHON

LOCKS = ("google", "aws", "azure")
CLIENTS = {
    "google": "handlers.runtimes.google_clients",
    "aws": "handlers.runtimes.aws_clients",
    "azure": "handlers.runtimes.azure_clients",
}
"""What the task imports for each cloud when it runs a command."""


@pytest.fixture
def dockerfile(root: Path) -> str:
    """The instructions, a line each."""
    text = (root / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return "\n".join(lines).replace("\\\n", " ")


def ignored(root: Path) -> list[str]:
    """The patterns of what is kept out of the image, beneath the folders that are let in."""
    lines = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if (line and line[0] not in "#!*") or line.startswith("**/")]


def is_ignored(path: str, patterns: list[str]) -> bool:
    parts = path.split("/")
    for pattern in patterns:
        if pattern.startswith("**/"):
            if any(fnmatchcase(part, pattern.removeprefix("**/")) for part in parts):
                return True
        elif path == pattern or path.startswith(f"{pattern}/"):
            return True
    return False


@pytest.mark.parametrize("lock", LOCKS)
def test_every_path_that_the_image_copies_is_there(root: Path, dockerfile: str, lock: str) -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", dockerfile, re.MULTILINE)
    assert len(copied) == 2
    for path in copied:
        source = path.replace("${LOCK}", lock)
        assert (root / source).exists(), source
        assert not is_ignored(source, ignored(root)), source
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", dockerfile, re.MULTILINE))
    assert set(re.findall(r"^COPY --from=(\w+) ", dockerfile, re.MULTILINE)) == stages


def test_both_stages_are_of_one_base_with_the_functions_python(dockerfile: str) -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", dockerfile, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"${BASE}"}
    found = re.fullmatch(r"python:(\d+\.\d+)-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base)
    assert found is not None, base
    assert found[1] == PYTHON


def test_who_runs_it_is_nobody_and_is_named_after_everything_is_copied(dockerfile: str) -> None:
    steps = [line.partition(" ")[0] for line in dockerfile.splitlines() if line]
    users = re.findall(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE)
    assert len(users) == steps.count("USER") == 1
    assert all(int(number) >= 1000 for number in users[0])
    last = len(steps) - 1
    assert steps.index("USER") > last - steps[::-1].index("COPY")
    assert steps[-1] == "ENTRYPOINT"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_is_one_version_with_its_hashes(root: Path, lock: str) -> None:
    text = (root / "locks" / f"{lock}.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.replace("\\\n", " "))
    packages = [each for each in entries if re.match(r"[A-Za-z0-9]", each)]
    assert len(packages) > 5
    for package in packages:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", package), package
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", package), package


@pytest.mark.slow
def test_the_task_needs_nothing_of_what_is_kept_out_of_the_image(
    root: Path, tmp_path: Path
) -> None:
    patterns = ignored(root)

    def skip(folder: str, names: list[str]) -> list[str]:
        below = Path(folder).relative_to(root).as_posix()
        return [name for name in names if is_ignored(f"{below}/{name}", patterns)]

    shutil.copytree(root / "handlers", tmp_path / "handlers", ignore=skip)
    assert not (tmp_path / "handlers" / "commands").exists()
    words = ", ".join(("handlers.runtimes.task", "handlers.runtimes.collecting", *CLIENTS.values()))
    ended = subprocess.run(
        [sys.executable, "-c", f"import handlers, {words}; print(handlers.__file__)"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert Path(ended.stdout.strip()).is_relative_to(tmp_path)
