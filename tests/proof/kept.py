"""What tests left of what they tried, in a folder: a file for each, and a list of all there are."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypedDict

COUNTS = ("PROOF_BILLS", "PROOF_TURNS", "PROOF_FUZZ_SECONDS", "PROOF_JUMPS")
"""What says in the environment how often things are tried."""

PLAN = "plan.json"


class Said(TypedDict):
    """What a test says that it tried."""

    what: str
    times: int
    found: list[str]


@dataclass(frozen=True)
class Verdict:
    """What a test tried, how it ended, how often it was asked to try, when and of which commit."""

    test: str
    promise: str
    outcome: str
    seconds: float
    cpu_seconds: float
    tried: list[Said]
    counts: Mapping[str, str]
    when: str
    commit: str


def counts(environment: Mapping[str, str]) -> dict[str, str]:
    """Those that the environment states; each test knows its own for the others."""
    return {name: environment[name] for name in COUNTS if name in environment}


def keep(folder: Path, verdict: Verdict) -> None:
    """Write it, in place of what the same test left before."""
    _write(_file(folder, verdict.test), asdict(verdict))


def is_kept(folder: Path, test: str, asked: Mapping[str, str]) -> bool:
    """Whether ``test`` passed before, asked for the same counts."""
    file = _file(folder, test)
    if not file.exists():
        return False
    left = json.loads(file.read_text("utf-8"))
    return left["outcome"] == "passed" and left["counts"] == dict(asked)


def plan(folder: Path, tests: Mapping[str, str]) -> None:
    """Note every test that there is, with its file's promise."""
    _write(folder / PLAN, dict(sorted(tests.items())))


def _write(file: Path, content: Mapping[str, object]) -> None:
    """Whole or not at all: a long run may be killed, and each worker notes the same plan."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(content), encoding="utf-8")
    new.replace(file)


def _file(folder: Path, test: str) -> Path:
    return folder / f"{hashlib.sha256(test.encode()).hexdigest()[:16]}.json"
