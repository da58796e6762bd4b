"""What a run of the benchmark is held to: ratios that were recorded earlier, with a margin."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.bench.cases import Result

DATA = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Ratio:
    """CPU a line of a case, as a share of the peer's in the same run; ``most`` is still allowed."""

    case: str
    measured: float
    recorded: float
    most: float

    @property
    def has_regressed(self) -> bool:
        """Whether it is worse than recorded by more than the margin."""
        return self.measured > self.most

    def __str__(self) -> str:
        verdict = "REGRESSED" if self.has_regressed else "as recorded or better"
        return (
            f"{self.case}: {self.measured:.3f} of the peer's CPU a line, recorded"
            f" {self.recorded:.3f}, at most {self.most:.3f}: {verdict}"
        )


def compared(results: Sequence[Result], peer: Result, data: Path = DATA) -> list[Ratio]:
    """Every recorded case's ratio in this run.

    Raises:
        ValueError: a recorded case is not among the results: nothing would hold it.
    """
    content = tomllib.loads(data.read_text("utf-8"))
    by_case = {result.case: result for result in results}
    ratios: list[Ratio] = []
    for entry in content["ratio"]:
        case, recorded = str(entry["case"]), float(entry["recorded"])
        if case not in by_case:
            raise ValueError(
                f"{data}: {case!r} was not measured, but {', '.join(by_case)}. Correct the name."
            )
        measured = _cpu_a_line(by_case[case]) / _cpu_a_line(peer)
        ratios.append(Ratio(case, measured, recorded, recorded * (1 + content["margin"])))
    return ratios


def _cpu_a_line(result: Result) -> float:
    return result.measured.cpu_seconds / result.rows
