"""No export makes a spreadsheet compute what somebody wrote into a tag, and no number changes."""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunHandlers
from tests.handlers.load.runs import query
from tests.proof.conftest import Tried
from tests.proof.security.hostile import CONTROLS, HOSTILE

pytestmark = pytest.mark.proof

parquet: Any = import_module("pyarrow.parquet")

COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
AMOUNTS = {
    *("cost_usd", "gross_cost_usd", "effective_cost_usd", "list_cost_usd", "billing_cost"),
    *("cost", "effective", "gross", "list", "quantity", "usage", "usage_amount"),
}
NAMES = ("customer_id", "project_id", "resource_id", "region", "sku_description")


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def judge(rows: Sequence[dict[str, str]]) -> int:
    """How many cells begin with the apostrophe, when nothing else is left to compute."""
    kept = 0
    for row in rows:
        for name, cell in row.items():
            if name in AMOUNTS:
                assert cell == "" or Decimal(cell).is_finite()
            else:
                assert not cell.lstrip(" ").startswith(COMPUTED), (name, cell)
                kept += cell.startswith("'")
    return kept


def as_billed(row: dict[str, Any]) -> dict[str, str]:
    return {name: "" if cell is None else str(cell) for name, cell in row.items()}


@pytest.mark.parametrize(
    "words",
    [("costs", *(f"--by={name}" for name in NAMES)), ("lines",), ("lines", "--rows"), ("ledger",)],
    ids=["costs", "lines", "rows", "ledger"],
)
def test_a_commands_csv_is_harmless_and_its_json_is_as_billed(
    words: Sequence[str], warehouse: Path, run_handlers: RunHandlers, tried: Tried
) -> None:
    where = ("--warehouse", f"duckdb:{warehouse}", "--format")
    as_csv = run_handlers(*words, *where, "csv")
    as_json = run_handlers(*words, *where, "json")
    assert (as_csv.returncode, as_json.returncode) == (0, 0), as_csv.stderr + as_json.stderr
    found = table(as_csv.stdout)
    quoted = judge(found)
    right = [as_billed(row) for row in json.loads(as_json.stdout)]
    assert len(found) == len(right) > 0
    for row, billed in zip(found, right, strict=True):
        for name, cell in row.items():
            assert cell in (billed[name], f"'{billed[name]}"), name
            assert name not in AMOUNTS or cell == billed[name]
    assert quoted > 0 or words == ("ledger",), "the bill's formulas are in the answer"
    tried("a text from a bill in a CSV export", sum(map(len, found)))


def test_shared_files_are_harmless_in_csv_and_as_billed_in_parquet(
    warehouse: Path, run_handlers: RunHandlers, tmp_path: Path, tried: Tried
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    names = [name for name in HOSTILE if name not in CONTROLS]
    shares = [f"[[share]]\ncustomer = {json.dumps(name)}\n" for name in names]
    (site / "shares.toml").write_text(
        f"to = {json.dumps(str(tmp_path / 'out'))}\n" + "".join(shares), "utf-8"
    )
    words = ("share", "--site", site, "--warehouse", f"duckdb:{warehouse}", "--period", "2026-11")
    done = run_handlers(*words)
    assert done.returncode == 0, done.stderr
    cells = 0
    for name in names:
        folder = tmp_path / "out" / hashlib.sha256(name.encode()).hexdigest()[:16]
        rows = table((folder / "costs-2026-11.csv").read_text("utf-8"))
        judge(rows)
        cells += sum(map(len, rows))
        kept = parquet.read_table(folder / "costs-2026-11.parquet").to_pylist()
        assert [Decimal(row["cost"]) for row in rows] == [row["cost"] for row in kept]
    tried("a cell of a customer's shared CSV", cells)


def test_parquet_of_costs_has_every_name_as_billed(
    warehouse: Path, run_handlers: RunHandlers, tmp_path: Path
) -> None:
    file = tmp_path / "costs.parquet"
    where = ("--warehouse", f"duckdb:{warehouse}", "--format", "parquet", "--output", file)
    done = run_handlers("costs", "--by", "customer_id", *where)
    assert done.returncode == 0, done.stderr
    found = {row["customer_id"] for row in parquet.read_table(file).to_pylist()}
    assert found == {name for (name,) in query(warehouse, "SELECT customer_id FROM llm_costs")}
    assert found == set(HOSTILE)
