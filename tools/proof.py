"""What `make proof` tried, how often, and what was found: a report from the tests' own results.

python -m tools.proof REPORT [--results FOLDER]: each test of tests/proof left a file in the folder,
and a run that goes on a list of all there are; what was found and mended earlier is
tests/proof/findings.toml.
"""

import argparse
import json
import platform
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "proof" / "results"
PLAN = "plan.json"
FINDINGS = ROOT / "tests" / "proof" / "findings.toml"


@dataclass(frozen=True)
class Tried:
    """Something that a test tried, so many times; ``found`` is what a reader should know of it."""

    what: str
    times: int
    found: Sequence[str]


@dataclass(frozen=True)
class Result:
    """What a test left: where it is, what its file promises, how it ended, what it tried.

    ``counts`` is how often it was asked to try, ``when`` an ISO time in UTC, ``commit`` what was
    tried; CPU seconds are of its own process and of those that it waited for.
    """

    test: str
    promise: str
    outcome: str
    seconds: float
    cpu_seconds: float
    tried: Sequence[Tried]
    counts: Mapping[str, str]
    when: str
    commit: str

    @property
    def file(self) -> str:
        """The test's file, as the repository has it."""
        return file_of(self.test)

    @property
    def name(self) -> str:
        """The test's own name, without its parameters, as a sentence."""
        name = self.test.rpartition("::")[2].partition("[")[0]
        return name.removeprefix("test_").replace("_", " ")


def file_of(test: str) -> str:
    """The file of a test's id."""
    return test.partition("::")[0]


def read_results(folder: Path) -> list[Result]:
    """Every test's result in ``folder``, in the order of their names."""
    files = [path for path in folder.glob("*.json") if path.name != PLAN]
    found = [_result(json.loads(path.read_text("utf-8"))) for path in files]
    return sorted(found, key=lambda result: result.test)


def _result(content: Mapping[str, Any]) -> Result:
    tried: Sequence[Mapping[str, Any]] = content["tried"]
    return Result(
        test=content["test"],
        promise=content["promise"],
        outcome=content["outcome"],
        seconds=content["seconds"],
        cpu_seconds=content["cpu_seconds"],
        tried=tuple(Tried(each["what"], each["times"], each["found"]) for each in tried),
        counts=content["counts"],
        when=content["when"],
        commit=content["commit"],
    )


def read_plan(folder: Path) -> Mapping[str, str]:
    """Every test that a run which goes on had before it, with its file's promise."""
    path = folder / PLAN
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def report(
    results: Sequence[Result],
    findings: Sequence[Mapping[str, str]],
    when: str,
    planned: Mapping[str, str] | None = None,
) -> str:
    """The report as Markdown; ``when`` says at what time, and where, it was made.

    Tests of ``planned`` that left no result are told as not run.
    """
    missing = _missing(results, planned or {})
    lines = ["# Proof", "", f"{when}: {_verdict(results, missing)}.", "", *_asked(results)]
    for file in sorted({result.file for result in results}):
        inside = [result for result in results if result.file == file]
        lines += [f"## {inside[0].promise or file}", "", f"`{file}`, {_made(inside)}.", ""]
        lines += ["| tried | times | seconds | CPU | found |", "|---|---:|---:|---:|---|"]
        lines += [f"| {' | '.join(row)} |" for row in _rows(inside)]
        lines.append("")
    if missing:
        lines += ["## Not run with these counts", ""]
        lines += [f"- `{file}`, {_tests(times)}: {promise}" for file, times, promise in missing]
        lines.append("")
    lines += ["## Found and mended", ""]
    lines += [f"- {each['what']} {each['mended']}" for each in findings] or ["Nothing."]
    return "\n".join([*lines, ""])


def _missing(
    results: Sequence[Result], planned: Mapping[str, str]
) -> Sequence[tuple[str, int, str]]:
    """Files with the number of their tests that left no result, and their promise."""
    ran = {result.test for result in results}
    left = Counter(file_of(test) for test in planned if test not in ran)
    promises = {file_of(test): promise for test, promise in planned.items()}
    return [(file, times, promises[file]) for file, times in sorted(left.items())]


def _verdict(results: Sequence[Result], missing: Sequence[tuple[str, int, str]]) -> str:
    failed = sum(result.outcome != "passed" for result in results)
    verdict = f"{failed} of {len(results)} tests failed" if failed else "nothing failed"
    not_run = sum(times for _, times, _ in missing)
    also = f", {_tests(not_run)} not run (below)" if not_run else ""
    cpu = sum(result.cpu_seconds for result in results)
    return f"{_tests(len(results))}, {verdict}{also}; {cpu:,.0f} seconds of CPU in all"


def _tests(number: int) -> str:
    return f"{number} test{'' if number == 1 else 's'}"


def _made(results: Sequence[Result]) -> str:
    """When and of which commits these results are."""
    days = sorted({result.when[:10] for result in results})
    commits = sorted({result.commit for result in results if result.commit})
    of = [f"of {', '.join(commits)}"] if commits else []
    return ", ".join([" to ".join(dict.fromkeys((days[0], days[-1]))), *of])


def _asked(results: Sequence[Result]) -> Sequence[str]:
    """How often things were to be tried, where somebody said so."""
    asked = sorted({f"{name}={count}" for one in results for name, count in one.counts.items()})
    return [f"Counts: {', '.join(asked)}.", ""] if asked else []


def _rows(results: Sequence[Result]) -> list[tuple[str, str, str, str, str]]:
    """A row for each thing that was tried; what tests of one name say alike is added up."""
    rows: dict[str, list[tuple[int, float, float, str]]] = {}
    for result in results:
        tried = result.tried or (Tried(result.name, 1, ()),)
        share = 1 / len(tried)
        for each in tried:
            bad = [result.outcome.upper()] if result.outcome != "passed" else []
            found = "; ".join([*bad, *each.found])
            rows.setdefault(each.what, []).append(
                (each.times, result.seconds * share, result.cpu_seconds * share, found)
            )
    return [
        (
            what,
            f"{sum(times for times, _, _, _ in said):,}",
            f"{sum(seconds for _, seconds, _, _ in said):.0f}",
            f"{sum(seconds for _, _, seconds, _ in said):.0f}",
            "; ".join(dict.fromkeys(found for _, _, _, found in said if found)) or "nothing",
        )
        for what, said in rows.items()
    ]


def main() -> int:
    """Write the report of the last run to the file that the command names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--results", type=Path, default=RESULTS)
    words = parser.parse_args()
    target: Path = words.report
    results = read_results(words.results)
    if not results:
        print(f"{words.results}: no test left a result. Run `make proof` first.", file=sys.stderr)
        return 1
    machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}"
    findings = tomllib.loads(FINDINGS.read_text("utf-8")).get("finding", [])
    said = report(results, findings, when, read_plan(words.results))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(said, encoding="utf-8")
    print(f"{target}: what was tried, how often, and what was found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
