"""The cases: which bill is collected, how, and what it should take."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from handlers.warehouses.duckdb import open_reader
from tools.bench.bill import Bill, Format, read_bill
from tools.bench.measure import Measured, measure

PEAK_MIB = 350.0
GROWTH_MIB = 120.0
FLOOR_FACTOR = 2.5
ROWS_PER_SECOND: Mapping[tuple[Format, int], float] = {
    (Format.CSV, 5_000_000): 350_000.0,
    (Format.PARQUET, 5_000_000): 3_000_000.0,
}
"""What is aimed at on two cores."""

_LIMIT_SECONDS = 300.0
_MAKE_SECONDS = 600.0


class BenchError(Exception):
    """A case could not be measured."""


@dataclass(frozen=True)
class Target:
    """What is aimed at, and whether it was reached."""

    text: str
    reached: bool


@dataclass(frozen=True)
class Result:
    """A case that was measured; ``floor_seconds`` only for gzip CSV."""

    case: str
    rows: int
    measured: Measured
    floor_seconds: float | None = None
    targets: tuple[Target, ...] = ()

    @property
    def rows_per_second(self) -> float:
        """Lines of the bill, from process start to committed ledger."""
        return self.rows / self.measured.wall_seconds

    @property
    def floor_ratio(self) -> float | None:
        """How many times the floor it took."""
        return self.measured.wall_seconds / self.floor_seconds if self.floor_seconds else None

    def as_json(self) -> dict[str, object]:
        """The result as ``result.json`` has it."""
        return {
            "case": self.case,
            "rows": self.rows,
            "rows_per_second": round(self.rows_per_second),
            **asdict(self.measured),
            "floor_seconds": self.floor_seconds,
            "floor_ratio": self.floor_ratio,
            "targets": [asdict(target) for target in self.targets],
        }


@dataclass(frozen=True)
class Bench:
    """Where data, warehouses and logs lie, and whom to tell what is going on."""

    folder: Path
    say: Callable[[str], None]

    def bill(self, lines: int, file_format: Format) -> Bill:
        """The bill, made in a process of its own: this one stays small."""
        self.say(f"Bill of {lines:,} lines as {file_format}: made, if it is not there yet")
        made = subprocess.run(
            [
                sys.executable,
                "-m",
                "tools.bench.bill",
                self.folder / "data",
                str(lines),
                file_format,
            ],
            stdout=subprocess.PIPE,
            text=True,
            timeout=_MAKE_SECONDS,
            check=True,
        )
        return read_bill(made.stdout)

    def run(self, lines: int, file_format: Format) -> Result:
        """Collect the bill into a fresh warehouse.

        Raises:
            BenchError: the collector failed, or its ledger is not what the bill holds.
        """
        bill = self.bill(lines, file_format)
        case = f"{'gzip CSV' if file_format is Format.CSV else 'parquet'}, {lines / 1e6:g} M"
        floor = self._floor(bill, case) if file_format is Format.CSV else None
        for part in bill.parts if floor is None else ():
            part.read_bytes()  # as warm as the floor leaves the parts of a CSV file
        self.say(f"Collecting {case}")
        warehouse = self.folder / "warehouse" / f"{bill.folder.name}.duckdb"
        for old in warehouse.parent.glob(f"{warehouse.stem}.*"):
            old.unlink()
        log = self.folder / "collect.log"
        command = [sys.executable, "-m", "handlers", "collect", bill.folder]
        command += ["--warehouse", f"duckdb:{warehouse}"]
        measured = measure(command, log, _LIMIT_SECONDS)
        if measured.exit_code != 0:
            raise BenchError(f"{case}: exit code {measured.exit_code}, see {log}.")
        _check(bill, warehouse)
        return Result(case, lines, measured, floor, _targets(lines, file_format, measured, floor))

    def _floor(self, bill: Bill, case: str) -> float:
        self.say(f"Floor of {case}")
        log = self.folder / "floor.log"
        command = [sys.executable, "-m", "tools.bench.floor", *bill.parts]
        measured = measure(command, log, _LIMIT_SECONDS)
        if measured.exit_code != 0:
            raise BenchError(f"Floor of {case}: exit code {measured.exit_code}, see {log}.")
        return measured.wall_seconds


def _check(bill: Bill, warehouse: Path) -> None:
    with open_reader(warehouse) as connection:
        row = connection.execute(
            "SELECT source_lines, ai_lines, source_total FROM ledger WHERE status = 'loaded'"
        ).fetchone()
    wanted = (bill.lines, bill.ai_lines, round(bill.total, 9))
    if row != wanted:
        raise BenchError(f"{bill.folder}: the ledger has {row}, the bill holds {wanted}.")


def _targets(
    lines: int, file_format: Format, measured: Measured, floor: float | None
) -> tuple[Target, ...]:
    targets = [Target(f"< {PEAK_MIB:.0f} MiB", measured.peak < PEAK_MIB)]
    aim = ROWS_PER_SECOND.get((file_format, lines))
    if aim is not None:
        reached = lines / measured.wall_seconds >= aim
        targets.append(Target(f">= {aim:,.0f} rows/s", reached))
    if aim is not None and floor is not None:
        reached = measured.wall_seconds <= FLOOR_FACTOR * floor
        targets.append(Target(f"<= {FLOOR_FACTOR:g} x floor", reached))
    return tuple(targets)


def growth(small: Result, large: Result) -> Target:
    """Memory must hardly grow with the bill."""
    grown = large.measured.peak - small.measured.peak
    return Target(f"<= {GROWTH_MIB:.0f} MiB above {small.case}", grown <= GROWTH_MIB)


def write_results(results: list[Result], machine: Mapping[str, object], path: Path) -> None:
    """Write ``result.json``."""
    content = {**machine, "results": [result.as_json() for result in results]}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
