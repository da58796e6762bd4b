"""What the documents tell people to type: every command exists, and what needs no account runs."""

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from tests.handlers.load.runs import ledger

BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:\.venv/bin/)?python -m (?:handlers|dashboards|infra) [^`]+)`")
OPTION = re.compile(r"--[a-z][a-z-]*")
ACCOUNT = "needs an account"
ELSEWHERE = {"docs/runbooks/dry-run.md"}
"""Pages whose commands another test runs as a whole."""

MADE_BY = ("make ",)
"""Targets of the Makefile: .ci/run and the tests of their commands run them."""

NEEDS_A_HELD_LOAD = "--accept LOAD"
"""tests/handlers/load/test_hold.py and the dry run of decisions hold one and let it in."""

DOORS = ("handlers", "dashboards", "infra")


@dataclass(frozen=True)
class Block:
    """The commands of one block of a page, as they are pasted."""

    page: str
    text: str

    def offline(self) -> str:
        """What of it can be run here."""
        if ACCOUNT in self.text.split("\n", 1)[0]:
            return ""
        lines = self.text.replace("\\\n", " ").splitlines()
        return "\n".join(line for line in lines if ACCOUNT not in line and not _skipped(line))


def _skipped(line: str) -> bool:
    return line.startswith(MADE_BY) or NEEDS_A_HELD_LOAD in line


def pages(root: Path) -> Iterator[tuple[str, str]]:
    for path in (*root.glob("*.md"), *(root / "docs").rglob("*.md"), *root.glob("handlers/*/*.md")):
        if path.name != "CHANGELOG.md":
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def blocks(root: Path) -> Iterator[Block]:
    for page, text in pages(root):
        for indent, body in BLOCK.findall(text):
            lines = (line.removeprefix(indent) for line in body.splitlines())
            yield Block(page, "\n".join(lines))


def commands(root: Path) -> Iterator[tuple[str, str]]:
    """Every call of a door that a page names, in a block or within a sentence."""
    for block in blocks(root):
        for line in block.text.replace("\\\n", " ").splitlines():
            if re.search(r"python -m (handlers|dashboards|infra)\b", line):
                yield block.page, line.partition(" # ")[0].strip()
    for page, text in pages(root):
        for command in INLINE.findall(text):
            yield page, command


def test_every_command_and_option_that_a_page_names_exists(root: Path) -> None:
    named = [(page, command) for page, command in commands(root) if "COMMAND" not in command]
    assert len(named) > 80
    assert {
        f"{page}: {command}: {fault}" for page, command in named if (fault := _fault(command))
    } == set()


def _fault(command: str) -> str:
    """What is not there of a command, or nothing."""
    words = shlex.split(command.replace("...", " "))
    door_name = words[words.index("-m") + 1]
    door = importlib.import_module(f"{door_name}.__main__").door
    found: click.Command = door
    for word in words[words.index("-m") + 2 :]:
        if not isinstance(found, click.Group) or word.startswith("-"):
            break
        deeper = found.get_command(click.Context(found), word)
        if deeper is None:
            return f"there is no {word}"
        found = deeper
    known = {"--help"} | {option for parameter in found.params for option in parameter.opts}
    return ", ".join(sorted(set(OPTION.findall(" ".join(words))) - known))


@pytest.fixture
def workplace(tmp_path: Path, root: Path) -> Path:
    """A folder with a sample, collected where the commands look by themselves."""
    made = tmp_path / "made"
    made.mkdir()
    _run("python -m handlers sample FOLDER --days 25 --end 2026-11-20", made, root)
    (made / "FOLDER" / "site").rename(made / "site")
    _run("python -m handlers collect FOLDER --now 2026-11-21T06:00:00", made, root)
    shares = (
        'to = "build/shares"\n[[share]]\ncustomer = "acme"\nreaders = ["user:a@acme.example"]\n'
    )
    (made / "site" / "shares.toml").write_text(shares, encoding="utf-8")
    assert ledger(made / "build" / "costs.duckdb")
    for name in ("Pulumi.yaml", "Pulumi.phase1.yaml"):
        (made / name).write_bytes((root / name).read_bytes())
    (made / "Pulumi.prod.yaml").write_bytes((root / "Pulumi.phase1.yaml").read_bytes())
    return made


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_every_command_that_needs_no_account_runs(workplace: Path, root: Path) -> None:
    scripts: dict[str, list[str]] = {}
    for block in blocks(root):
        script = block.offline()
        if block.page not in ELSEWHERE and script.strip():
            scripts.setdefault(block.page, []).append(script)
    assert len(scripts) > 4
    for number, (page, parts) in enumerate(sorted(scripts.items())):
        place = shutil.copytree(workplace, workplace.parent / f"page-{number}")
        for script in parts:
            done = _run(script.replace("site example site", "site example new"), place, root)
            assert done.returncode == 0, f"{page}:\n{script}\n{done.stdout}{done.stderr}"


def _run(script: str, place: Path, root: Path) -> subprocess.CompletedProcess[str]:
    python = Path(sys.executable).parent
    environ = {**os.environ, "PATH": f"{python}:{os.environ['PATH']}", "PYTHONPATH": str(root)}
    return subprocess.run(
        ["bash", "-euc", script.replace(".venv/bin/python", "python")],
        cwd=place,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
