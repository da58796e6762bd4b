"""Which stacks a change touches, as a JSON list: `make ci-stacks` (BASE=COMMIT).

A stack is a file Pulumi.NAME.yaml that names its `gcp_project`; the two starting configurations
name none. A change of the program, or of what it deploys, touches all of them, a change of a
stack's file that one. Without a base, or with one that is not there, all are touched. Needs only
Python's own library, so that it runs before anything is installed.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

PROGRAM = (
    "__main__.py",
    "Pulumi.yaml",
    "requirements.txt",
    "locks/",
    "infra/",
    "handlers/",
    "dashboards/",
)
"""What every stack is made from; a folder ends with /."""

_FILE = re.compile(r"Pulumi\.([A-Za-z0-9][A-Za-z0-9_-]{0,99})\.yaml")
_DEPLOYED = re.compile(r"^ +['\"]?ai-cost-monitoring:gcp_project['\"]?: *\S", re.MULTILINE)


def stacks(root: Path) -> list[str]:
    """The names of the stacks that are deployed from this repository."""
    found = {_FILE.fullmatch(file.name): file for file in root.glob("Pulumi.*.yaml")}
    return sorted(
        match[1]
        for match, file in found.items()
        if match and _DEPLOYED.search(file.read_text(encoding="utf-8"))
    )


def affected(names: Iterable[str], changed: Iterable[str]) -> list[str]:
    """Those of the stacks that a change of these files touches."""
    files = set(changed)
    if any(file.startswith(PROGRAM) for file in files):
        return list(names)
    return [name for name in names if f"Pulumi.{name}.yaml" in files]


def changed_since(base: str, root: Path) -> list[str] | None:
    """The files that differ from the commit ``base``; None where that is not known."""
    if not re.fullmatch(r"[0-9a-f]{40}", base):
        return None
    done = subprocess.run(
        ["git", "diff", "--name-only", "-z", base, "HEAD"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split("\0")[:-1] if done.returncode == 0 else None


def main() -> int:
    """Print the list; on a runner it is the step's output `stacks` as well."""
    root = Path.cwd()
    names, changed = stacks(root), changed_since(os.environ.get("BASE", ""), root)
    answer = json.dumps(names if changed is None else affected(names, changed))
    print(answer)
    output = os.environ.get("GITHUB_OUTPUT")
    if output:
        with Path(output).open("a", encoding="utf-8") as file:
            file.write(f"stacks={answer}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
