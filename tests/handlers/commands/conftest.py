"""Ten days of the sample over a month's end, collected once, for the commands that only read."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.handlers.sample.rereading import PlainLine, is_ai, read, table
from tests.made_once import made_once

DAYS = ("--days", "10", "--end", "2026-11-05")


@dataclass(frozen=True)
class Collected:
    """The sample's folder and the warehouse made of it; nobody writes to either."""

    sample: Path
    path: Path

    @classmethod
    def in_folder(cls, folder: Path) -> "Collected":
        return cls(folder / "sample", folder / "costs.duckdb")

    @property
    def warehouse(self) -> str:
        return f"duckdb:{self.path}"

    def truth(self, name: str) -> list[dict[str, str]]:
        """A table of what the sample's writer says is right."""
        return table(self.sample / "truth" / name)


def call_door(*words: str) -> str:
    """What the door writes to standard output; for fixtures that live longer than a test."""
    return subprocess.run(
        [sys.executable, "-m", "handlers", *words],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
    ).stdout


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Collected:
    """Made by the first of the processes that run tests; see tests/made_once.py."""

    def write(folder: Path) -> None:
        made = Collected.in_folder(folder)
        call_door("sample", str(made.sample), *DAYS)
        site = str(made.sample / "site")
        call_door("collect", str(made.sample), "--warehouse", made.warehouse, "--site", site)

    return Collected.in_folder(made_once(tmp_path_factory, "collected", write))


@pytest.fixture(scope="session")
def ai_lines(collected: Collected) -> list[PlainLine]:
    """The AI lines of the bills, as a plain reader of the files finds them."""
    return [line for line in read(collected.sample) if is_ai(line)]
