"""Whatever a parser is given, it ends well or refuses: no crash, no hang, nothing dropped."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.proof.conftest import Tried
from tests.proof.fuzz import bills
from tests.proof.fuzz.seeds import seeds, sow
from tests.proof.fuzz.targets import TARGETS

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

SECONDS = int(os.environ.get("PROOF_FUZZ_SECONDS", "10"))
"""How long each target is fuzzed; the long run takes five minutes."""

HANGS_AFTER = 20
"""Seconds that one input may take: a machine with other work is slow at times."""

DRAWN_A_SECOND = 100
"""Examples that hypothesis draws for each second that the fuzzer would have had."""

FUZZER = Path("build/fuzz/bin/python")


@pytest.mark.parametrize("name", list(TARGETS))
def test_a_target(name: str, root: Path, tmp_path: Path, tried: Tried) -> None:
    if not (root / "build" / "fuzz" / ".fuzz").exists():
        times = draw_by_hypothesis(name)
        tried(f"{name}, inputs drawn by hypothesis (the fuzzer is not installed)", times)
        return
    # What was found to lead further is kept, and the next run starts with it.
    corpus = root / "build" / "proof" / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    sow(name, corpus)
    command = [
        str(root / FUZZER),
        *("-m", "tests.proof.fuzz", name),
        *(f"-max_total_time={SECONDS}", f"-timeout={HANGS_AFTER}", "-rss_limit_mb=2048"),
        *(f"-artifact_prefix={tmp_path}/", "-print_final_stats=1", "-max_len=2048"),
        str(corpus),
    ]
    answer = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    left = [path for path in tmp_path.glob("*-*") if path.is_file()]
    crashes = {path.name: path.read_bytes()[:300] for path in left}
    assert answer.returncode == 0, f"{crashes}\n{answer.stderr[-3000:]}"
    (times,) = re.findall(r"stat::number_of_executed_units: *(\d+)", answer.stderr)
    tried(f"{name}, inputs by coverage (atheris)", int(times))


@pytest.mark.parametrize("name", list(TARGETS))
def test_what_led_further_once_ends_well(name: str, tried: Tried) -> None:
    inputs = seeds(name)
    try:
        for content in inputs:
            TARGETS[name](content)
    finally:
        bills.forget()
    tried("inputs kept from earlier runs of the fuzzer", len(inputs))


def draw_by_hypothesis(name: str) -> int:
    """The same target with inputs that coverage does not guide; how many."""
    times = SECONDS * DRAWN_A_SECOND

    @settings(max_examples=times, suppress_health_check=(HealthCheck.too_slow,))
    @given(st.binary(max_size=512))
    def run(data: bytes) -> None:
        TARGETS[name](data)

    try:
        run()
    finally:
        bills.forget()
    return times
