"""A benchmark fails where a ratio is worse than recorded by more than the margin, only there."""

from pathlib import Path

import pytest

from tools.bench.bill import Format
from tools.bench.cases import Result
from tools.bench.measure import Measured
from tools.bench.ratios import DATA, compared


def result(case: str, lines: int, cpu_seconds: float) -> Result:
    return Result(case, lines, Measured(0, 1.0, cpu_seconds, 1.0, None, None, ended=True))


PEER = result("peer", 1_000, 10.0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "ratios.toml"
    file.write_text('margin = 0.25\n[[ratio]]\ncase = "CSV"\nrecorded = 0.4\n', encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("cpu_seconds", "regressed"), [(2.0, False), (4.0, False), (4.9, False), (5.1, True)]
)
def test_a_ratio_may_be_worse_by_the_margin_and_no_more(
    data: Path, cpu_seconds: float, regressed: bool
) -> None:
    [ratio] = compared([result("CSV", 1_000, cpu_seconds)], PEER, data)
    assert ratio.has_regressed is regressed
    assert ("REGRESSED" in str(ratio)) is regressed


def test_cases_of_other_sizes_are_compared_by_the_line(data: Path) -> None:
    [ratio] = compared([result("CSV", 5_000, 20.0)], PEER, data)
    assert ratio.measured == pytest.approx(0.4)


def test_a_recorded_case_that_was_not_measured_is_an_error(data: Path) -> None:
    with pytest.raises(ValueError, match="'CSV' was not measured"):
        compared([result("csv", 1_000, 1.0)], PEER, data)


def test_what_is_recorded_are_the_cases_that_the_benchmark_measures() -> None:
    names = {Format.CSV: "gzip CSV", Format.PARQUET: "parquet"}
    cases = [f"{names[each]}, {size} M" for each in Format for size in (1, 5)]
    measured = [result(case, 1_000, 0.1) for case in cases]
    assert [ratio.case for ratio in compared(measured, PEER, DATA)] == cases
