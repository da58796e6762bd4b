"""The proof's report: every row says what was tried, how often and what came of it."""

from pathlib import Path

from tests.proof.kept import Verdict, is_kept, keep, plan
from tools.proof import read_plan, read_results, report

FULL = {"PROOF_BILLS": "10000"}


def left(folder: Path, test: str, outcome: str, *tried: tuple[str, int, list[str]]) -> None:
    keep(
        folder,
        Verdict(
            test=test,
            promise="Bills stay whole.",
            outcome=outcome,
            seconds=2.0,
            cpu_seconds=1.5,
            tried=[{"what": what, "times": times, "found": found} for what, times, found in tried],
            counts=FULL,
            when="2026-11-21T06:00:00+00:00",
            commit="1a2b3c4",
        ),
    )


def test_counts_of_one_thing_are_added_up_and_a_test_that_says_nothing_counts_once(
    tmp_path: Path,
) -> None:
    left(tmp_path, "tests/proof/test_a.py::test_x[1]", "passed", ("kills", 1000, []))
    left(tmp_path, "tests/proof/test_a.py::test_x[2]", "passed", ("kills", 234, ["slow"]))
    left(tmp_path, "tests/proof/test_a.py::test_it_holds[3]", "passed")
    said = report(read_results(tmp_path), [], "today")
    assert "today: 3 tests, nothing failed; 4 seconds of CPU in all." in said
    assert "## Bills stay whole.\n\n`tests/proof/test_a.py`" in said
    assert "test_a.py`, 2026-11-21, of 1a2b3c4." in said
    assert "\n\nCounts: PROOF_BILLS=10000.\n\n" in said
    assert "| kills | 1,234 | 4 | 3 | slow |" in said
    assert "| it holds | 1 | 2 | 2 | nothing |" in said


def test_a_failed_test_is_in_its_row_and_in_the_verdict(tmp_path: Path) -> None:
    left(tmp_path, "tests/proof/test_a.py::test_x", "failed", ("kills", 7, []))
    said = report(read_results(tmp_path), [], "today")
    assert "1 of 1 tests failed" in said
    assert "| kills | 7 | 2 | 2 | FAILED |" in said


def test_what_was_mended_is_told(tmp_path: Path) -> None:
    finding = {"what": "A tag was dropped.", "mended": "It is kept."}
    said = report(read_results(tmp_path), [finding], "today")
    assert "## Found and mended\n\n- A tag was dropped. It is kept." in said


def test_what_was_planned_and_left_nothing_is_told_as_not_run(tmp_path: Path) -> None:
    left(tmp_path, "tests/proof/test_a.py::test_x[1]", "passed")
    plan(
        tmp_path,
        {
            "tests/proof/test_a.py::test_x[1]": "Bills stay whole.",
            "tests/proof/test_a.py::test_x[2]": "Bills stay whole.",
            "tests/proof/test_b.py::test_y": "No crash.",
        },
    )
    said = report(read_results(tmp_path), [], "today", read_plan(tmp_path))
    assert "1 test, nothing failed, 2 tests not run (below)" in said
    assert (
        "## Not run with these counts\n\n"
        "- `tests/proof/test_a.py`, 1 test: Bills stay whole.\n"
        "- `tests/proof/test_b.py`, 1 test: No crash.\n"
    ) in said


def test_a_run_that_goes_on_leaves_out_what_passed_with_the_same_counts_only(
    tmp_path: Path,
) -> None:
    left(tmp_path, "passed", "passed")
    left(tmp_path, "failed", "failed")
    assert is_kept(tmp_path, "passed", FULL)
    assert not is_kept(tmp_path, "passed", {"PROOF_BILLS": "20000"})
    assert not is_kept(tmp_path, "failed", FULL)
    assert not is_kept(tmp_path, "never run", FULL)
