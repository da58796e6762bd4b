"""Do the locks agree with pyproject.toml? Offline, in a moment: `make lock-check`.

A direct dependency that a lock lacks or has in another version, a pin without a hash, and any line
that is not a pin, a hash or a comment (an index's address, a path of this machine) are faults.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

REMEDY = "Run `make lock` and commit what it writes."

_EXACT = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(\[[a-z0-9,-]+\])?==(?P<version>[A-Za-z0-9.!+_-]+)( *;.*)?"
)
_PIN = re.compile(r"(?P<name>[a-z0-9.-]+)==(?P<version>\S+)( ; .+?)? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
_COMMENT = re.compile(r"\s*#(?!.*(://| /)).*|")


@dataclass(frozen=True)
class Lock:
    """A lock and the lists of pyproject.toml from which `make lock` compiles it."""

    path: str
    extras: Sequence[str] = ()
    groups: Sequence[str] = ()
    with_project: bool = True
    """Does it hold the project's own dependencies too?"""


LOCKS = (
    Lock("locks/demo.txt", extras=["demo"]),
    Lock("locks/dev.txt", extras=["demo"], groups=["dev"]),
    Lock("locks/google.txt", extras=["google"]),
    Lock("locks/aws.txt", extras=["aws"]),
    Lock("locks/azure.txt", extras=["azure"]),
    Lock("requirements.txt", groups=["pulumi"], with_project=False),
    Lock("locks/policy.txt", groups=["policy"], with_project=False),
    Lock("locks/focus.txt", groups=["focus"], with_project=False),
    Lock("locks/fuzz.txt", groups=["fuzz"]),
)


def disagreements(root: Path) -> list[str]:
    """Every fault found in the locks of the repository at ``root``, one sentence each."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return [fault for lock in LOCKS for fault in _faults(lock, project, root)]


def _faults(lock: Lock, project: Mapping[str, object], root: Path) -> Iterator[str]:
    text = (root / lock.path).read_text(encoding="utf-8")
    pins = {match["name"]: match["version"] for match in _PIN.finditer(text)}
    for requirement in _direct(lock, project):
        wanted = _EXACT.fullmatch(requirement)
        if wanted is None:
            yield f"pyproject.toml: '{requirement}' is not an exact version (name==1.2.3)."
            continue
        name = re.sub(r"[-_.]+", "-", wanted["name"]).lower()
        found = pins.get(name)
        if found != wanted["version"]:
            yield f"{lock.path}: {requirement} is wanted, {found or 'nothing'} is pinned. {REMEDY}"
    yield from _strange_lines(lock.path, text.splitlines())


def _direct(lock: Lock, project: Mapping[str, object]) -> Iterator[str]:
    table = cast(Mapping[str, object], project["project"])
    extras = cast(Mapping[str, Sequence[str]], table["optional-dependencies"])
    groups = cast(Mapping[str, Sequence[str | Mapping[str, str]]], project["dependency-groups"])
    if lock.with_project:
        yield from cast(Sequence[str], table["dependencies"])
    for extra in lock.extras:
        yield from extras[extra]
    for group in lock.groups:
        yield from _group(groups, group)


def _group(groups: Mapping[str, Sequence[str | Mapping[str, str]]], name: str) -> Iterator[str]:
    for requirement in groups[name]:
        if isinstance(requirement, str):
            yield requirement
        else:
            yield from _group(groups, requirement["include-group"])


def _strange_lines(path: str, lines: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        following = lines[number] if number < len(lines) else ""
        if (pin := _PIN.fullmatch(line)) and not _HASH.fullmatch(following):
            yield f"{path}, row {number}: {pin['name']} has no hash. {REMEDY}"
        if not any(kind.fullmatch(line) for kind in (_PIN, _HASH, _COMMENT)):
            yield f"{path}, row {number}: '{line}' is not a pin with a hash. {REMEDY}"


def main() -> int:
    """Print the faults of this repository's locks; 1 if there are any."""
    faults = disagreements(Path(__file__).resolve().parents[1])
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
