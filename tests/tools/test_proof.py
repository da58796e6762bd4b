"""The proof's report: every row says what was tried, how often and what came of it."""

import json
from pathlib import Path

from tools.proof import read_results, report


def left(folder: Path, test: str, outcome: str, *tried: tuple[str, int, list[str]]) -> None:
    content = {
        "test": test,
        "promise": "Bills stay whole.",
        "outcome": outcome,
        "seconds": 2.0,
        "tried": [{"what": what, "times": times, "found": found} for what, times, found in tried],
    }
    name = test.replace("/", "-").replace(":", "-")
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def test_counts_of_one_thing_are_added_up_and_a_test_that_says_nothing_counts_once(
    tmp_path: Path,
) -> None:
    left(tmp_path, "tests/proof/test_a.py::test_x[1]", "passed", ("kills", 1000, []))
    left(tmp_path, "tests/proof/test_a.py::test_x[2]", "passed", ("kills", 234, ["slow"]))
    left(tmp_path, "tests/proof/test_a.py::test_it_holds[3]", "passed")
    said = report(read_results(tmp_path), [], "today")
    assert "today: 3 tests, nothing failed." in said
    assert "## Bills stay whole.\n\n`tests/proof/test_a.py`" in said
    assert "| kills | 1,234 | 4 | slow |" in said
    assert "| it holds | 1 | 2 | nothing |" in said


def test_a_failed_test_is_in_its_row_and_in_the_verdict(tmp_path: Path) -> None:
    left(tmp_path, "tests/proof/test_a.py::test_x", "failed", ("kills", 7, []))
    said = report(read_results(tmp_path), [], "today")
    assert "1 of 1 tests failed" in said
    assert "| kills | 7 | 2 | FAILED |" in said


def test_what_was_mended_is_told(tmp_path: Path) -> None:
    finding = {"what": "A tag was dropped.", "mended": "It is kept."}
    said = report(read_results(tmp_path), [finding], "today")
    assert "## Found and mended\n\n- A tag was dropped. It is kept." in said
