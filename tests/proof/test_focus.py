"""The FinOps Foundation's validator finds no fault in the FOCUS files of this product."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from handlers.focus import Dialect, select_list
from handlers.queries.focus import write_focus_parquet
from handlers.queries.selection import Selection
from handlers.sample import write_sample
from handlers.tables import FACTS
from handlers.warehouses.duckdb import open_reader
from tests.handlers.focus.facts import every_kind
from tests.handlers.load.runs import collect
from tests.proof.conftest import Tried

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

BUILD = Path(__file__).parents[2] / "tools" / "engines" / "build.sh"
VERSION = "1.2.0.1"
RULES: Mapping[str, Any] = tomllib.loads(
    Path(__file__).with_name("focus_rules.toml").read_text("utf-8")
)


@pytest.fixture(scope="module")
def validator() -> Path:
    """The folder of its packages."""
    if tuple(sys.version_info) < (3, 12):
        pytest.skip("focus-validator needs Python 3.12 or newer")
    built = subprocess.run(["sh", str(BUILD), "focus"], capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"no focus-validator: {built.stderr.strip()}")
    return Path(built.stdout.strip())


def judged(validator: Path, file: Path) -> tuple[int, set[str]]:
    """How many rules the file passed, and the ids of those that it failed."""
    words = [
        sys.executable, "-m", "focus_validator.main", "--data-file", str(file),
        "--validate-version", VERSION, "--block-download",
        "--applicability-criteria", ",".join(RULES["criteria"]),
    ]  # fmt: skip
    # It writes what it has downloaded, and a log, beside where it runs.
    own = {"PYTHONPATH": str(validator), "PYTHONUTF8": "1"}
    answer = subprocess.run(
        words, cwd=validator, env={**os.environ, **own}, capture_output=True, text=True, check=False
    )
    passed = re.search(r"\| Pass: (\d+) \|", answer.stdout)
    assert passed, answer.stderr
    return int(passed[1]), set(re.findall(r"([\w-]+): FAIL ", answer.stdout))


@pytest.fixture
def sample(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    write_sample(tmp_path / "sample", seed=5, days=10, end=date(2026, 11, 5))
    collect(tmp_path / "sample", tmp_path / "costs.duckdb", tmp_path / "sample" / "site")
    with open_reader(tmp_path / "costs.duckdb") as connection:
        yield connection


def test_the_samples_bills_break_no_rule_of_focus_that_applies(
    validator: Path, sample: duckdb.DuckDBPyConnection, tmp_path: Path, tried: Tried
) -> None:
    write_focus_parquet(sample, Selection(), tmp_path / "focus.parquet")
    passed, failed = judged(validator, tmp_path / "focus.parquet")
    assert failed <= RULES["not_applicable"].keys()
    assert passed > 150
    tried("rules of FOCUS 1.2, by focus-validator", passed, sorted(failed))


def test_charges_of_every_kind_break_no_rule_of_focus_that_applies(
    validator: Path, tmp_path: Path, tried: Tried
) -> None:
    passed, failed = judged(validator, written(tmp_path, ()))
    assert failed <= RULES["not_applicable"].keys() | RULES["not_applicable_to_fees"].keys()
    tried("rules of FOCUS 1.2 on charges of every kind", passed, sorted(failed))


def test_a_file_that_is_wrong_fails(validator: Path, tmp_path: Path) -> None:
    wrong = ("'Gift' AS ChargeCategory", "CAST(NULL AS DATE) AS ChargePeriodEnd")
    _, failed = judged(validator, written(tmp_path, wrong))
    assert {"ChargeCategory-C-003-M", "ChargePeriodEnd-C-003-M"} <= failed


def written(folder: Path, instead: Sequence[str]) -> Path:
    """A file with charges of every kind; ``instead`` are columns that are otherwise."""
    file = folder / "focus.parquet"
    names = ", ".join(f'"{field.name}" {field.type}' for field in FACTS.fields)
    replaced = f"REPLACE ({', '.join(instead)})" if instead else ""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE facts ({names})")
        for row in every_kind():
            marks = ", ".join("?" * len(FACTS.fields))
            cells = [row[name] or "x" if row[name] == "" else row[name] for name in FACTS.names]
            connection.execute(f"INSERT INTO facts VALUES ({marks})", cells)
        connection.execute(
            f"COPY (SELECT * {replaced} FROM (SELECT {select_list(Dialect.DUCKDB)} FROM facts))"
            f" TO '{file}' (FORMAT parquet)"
        )
    return file
