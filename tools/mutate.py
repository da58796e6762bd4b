"""Changes modules one small thing at a time and counts what their tests notice: `make mutate`.

``python -m tools.mutate`` takes the modules of mutate.toml that differ from the last commit, or
those that it is given; ``--all`` takes all. Each mutant is tried in a process of its own, which
imports the changed text in place of the file; no file is touched.
"""

import importlib
import importlib.abc
import importlib.util
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tools.mutants import Mutant, mutants

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).with_suffix(".toml")
_QUIET = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "no:warnings")


class Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives one module another text."""

    def __init__(self, file: str, source: str) -> None:
        self._name = file.removesuffix(".py").replace("/", ".")
        self._path = str(ROOT / file)
        self._source = source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See the base class."""
        del path, target
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def get_source(self, fullname: str) -> str:
        """See the base class."""
        del fullname
        return self._source


def main(words: Sequence[str]) -> int:
    """Try the modules; 0 when enough of each one's mutants are killed."""
    data = tomllib.loads(DATA.read_text(encoding="utf-8"))
    chosen = [one for one in data["module"] if _chosen(one["file"], words)]
    if not chosen:
        print("No module of tools/mutate.toml differs from the last commit: name one, or --all.")
    for name in data.get("imported", []):
        importlib.import_module(name)
    shares = [_try(one, data.get("survivor", [])) for one in chosen]
    return 0 if all(share >= data["share"] for share in shares) else 1


def _chosen(file: str, words: Sequence[str]) -> bool:
    if words:
        return "--all" in words or file in words
    differs = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", file], cwd=ROOT, check=False)
    return differs.returncode != 0


def _try(module: Mapping[str, Any], explained: Sequence[Mapping[str, str]]) -> float:
    """Which share of the module's mutants its tests kill, in percent."""
    file, source = module["file"], (ROOT / module["file"]).read_text(encoding="utf-8")
    known = {one["mutant"] for one in explained if one["file"] == file}
    began = time.monotonic()
    if _survives(file, source, module["tests"], 600):
        limit = 10 + 5 * (time.monotonic() - began)
    else:
        print(f"{file}: its tests fail as it stands.")
        return 0
    made = list(mutants(source))
    left: list[Mutant] = []
    for one in made:
        if _survives(file, one.source, module["tests"], limit):
            left.append(one)
            if _named(one) not in known:
                print(f"{file}:{one}", flush=True)
    unknown = [one for one in left if _named(one) not in known]
    share = 100 * (1 - len(unknown) / max(1, len(made)))
    print(
        f"{file}: {len(made) - len(left)} of {len(made)} mutants killed,"
        f" {len(left) - len(unknown)} survivors explained, {len(unknown)} not: {share:.1f} %",
        flush=True,
    )
    return share


def _named(mutant: Mutant) -> str:
    """The mutant without its line, which moves."""
    return f"{mutant.before}  ->  {mutant.after}"


def _survives(file: str, source: str, tests: Sequence[str], limit: float) -> bool:
    """Do the tests pass on that text? What does not end in ``limit`` seconds is noticed too."""
    child = os.fork()
    if child == 0:
        _run(file, source, tests)
    until = time.monotonic() + limit
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(0.05)


def _run(file: str, source: str, tests: Sequence[str]) -> None:
    """Run the tests in this process, which ends with their verdict and says nothing."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.environ.pop("PYTEST_ADDOPTS", None)  # is the caller's, as a file of results for one run
    sys.meta_path.insert(0, Changed(file, source))
    code = 1
    try:
        code = int(pytest.main([*_QUIET, *(str(ROOT / test) for test in tests)]))
    finally:
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
