"""Inputs to begin with, by target: what the fuzzer found to lead further, else a few random ones.

``python -m tests.proof.fuzz.seeds`` takes over what the last runs left in build/proof/corpus.
"""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

from tests.proof.fuzz.targets import TARGETS

SEEDS = Path(__file__).with_name("seeds")
CORPUS = Path(__file__).parents[3] / "build" / "proof" / "corpus"

_LONGEST = 512
_MOST = 80


def seeds(name: str) -> list[bytes]:
    """Those of a target; a line of its file is one, in base64."""
    lines = (SEEDS / f"{name}.txt").read_text("ascii").split()
    return [base64.b64decode(line, validate=True) for line in lines]


def sow(name: str, corpus: Path) -> None:
    """Let the fuzzer begin with them: it names an input by its SHA-1."""
    for content in seeds(name):
        file = corpus / hashlib.sha1(content, usedforsecurity=False).hexdigest()
        file.write_bytes(content)


def keep(name: str, found: Iterable[bytes]) -> None:
    """Add the shortest of ``found`` to those of a target."""
    there = seeds(name) if (SEEDS / f"{name}.txt").exists() else []
    every = {content for content in (*there, *found) if 0 < len(content) <= _LONGEST}
    shortest = sorted(every, key=lambda content: (len(content), content))[:_MOST]
    lines = [base64.b64encode(content).decode("ascii") for content in shortest]
    SEEDS.mkdir(exist_ok=True)
    (SEEDS / f"{name}.txt").write_text("\n".join([*lines, ""]), encoding="ascii")


if __name__ == "__main__":
    for target in TARGETS:
        keep(target, [path.read_bytes() for path in (CORPUS / target).glob("*")])
