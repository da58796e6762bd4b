"""What `make proof` tried, how often, and what was found: a report from the tests' own results.

python -m tools.proof REPORT: each test of tests/proof left a file in build/proof/results; what was
found and mended earlier is tests/proof/findings.toml.
"""

import argparse
import json
import platform
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "proof" / "results"
FINDINGS = ROOT / "tests" / "proof" / "findings.toml"


@dataclass(frozen=True)
class Tried:
    """Something that a test tried, so many times; ``found`` is what a reader should know of it."""

    what: str
    times: int
    found: Sequence[str]


@dataclass(frozen=True)
class Result:
    """What a test left: where it is, what its file promises, how it ended, what it tried."""

    test: str
    promise: str
    outcome: str
    seconds: float
    tried: Sequence[Tried]

    @property
    def file(self) -> str:
        """The test's file, as the repository has it."""
        return self.test.partition("::")[0]

    @property
    def name(self) -> str:
        """The test's own name, without its parameters, as a sentence."""
        name = self.test.rpartition("::")[2].partition("[")[0]
        return name.removeprefix("test_").replace("_", " ")


def read_results(folder: Path) -> list[Result]:
    """Every test's result in ``folder``, in the order of their names."""
    found = [_result(json.loads(path.read_text("utf-8"))) for path in folder.glob("*.json")]
    return sorted(found, key=lambda result: result.test)


def _result(content: Mapping[str, Any]) -> Result:
    tried: Sequence[Mapping[str, Any]] = content["tried"]
    return Result(
        test=content["test"],
        promise=content["promise"],
        outcome=content["outcome"],
        seconds=content["seconds"],
        tried=tuple(Tried(each["what"], each["times"], each["found"]) for each in tried),
    )


def report(results: Sequence[Result], findings: Sequence[Mapping[str, str]], when: str) -> str:
    """The report as Markdown; ``when`` says at what time, and where, it was made."""
    failed = [result for result in results if result.outcome != "passed"]
    verdict = f"{len(failed)} of {len(results)} tests failed" if failed else "nothing failed"
    lines = ["# Proof", "", f"{when}: {len(results)} tests, {verdict}.", ""]
    for file in sorted({result.file for result in results}):
        inside = [result for result in results if result.file == file]
        lines += [f"## {inside[0].promise or file}", "", f"`{file}`", ""]
        lines += ["| tried | times | seconds | found |", "|---|---:|---:|---|"]
        lines += [f"| {' | '.join(row)} |" for row in _rows(inside)]
        lines.append("")
    lines += ["## Found and mended", ""]
    lines += [f"- {each['what']} {each['mended']}" for each in findings] or ["Nothing."]
    return "\n".join([*lines, ""])


def _rows(results: Sequence[Result]) -> list[tuple[str, str, str, str]]:
    """A row for each thing that was tried; what tests of one name say alike is added up."""
    rows: dict[str, list[tuple[int, float, str]]] = {}
    for result in results:
        tried = result.tried or (Tried(result.name, 1, ()),)
        share = result.seconds / len(tried)
        for each in tried:
            bad = [result.outcome.upper()] if result.outcome != "passed" else []
            found = "; ".join([*bad, *each.found])
            rows.setdefault(each.what, []).append((each.times, share, found))
    return [
        (
            what,
            f"{sum(times for times, _, _ in said):,}",
            f"{sum(seconds for _, seconds, _ in said):.0f}",
            "; ".join(dict.fromkeys(found for _, _, found in said if found)) or "nothing",
        )
        for what, said in rows.items()
    ]


def main() -> int:
    """Write the report of the last run to the file that the command names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    target: Path = parser.parse_args().report
    results = read_results(RESULTS)
    if not results:
        print(f"{RESULTS}: no test left a result. Run `make proof` first.", file=sys.stderr)
        return 1
    machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}"
    findings = tomllib.loads(FINDINGS.read_text("utf-8")).get("finding", [])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(report(results, findings, when), encoding="utf-8")
    print(f"{target}: what was tried, how often, and what was found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
