"""What stands in a tag, a SKU, a resource, a file's name or a filter is data in every statement."""

import csv
import gzip
import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import RunHandlers
from tests.handlers.load.runs import collect, query, tables
from tests.proof.conftest import Tried
from tests.proof.security.hostile import (
    CONTROLS,
    HOSTILE,
    PAYER,
    STATEMENTS,
    cost_of,
    write_hostile_bill,
)

pytestmark = pytest.mark.proof


@pytest.mark.parametrize("column", ["customer_id", "project_id", "customer_tag"])
def test_each_name_is_loaded_as_it_is_with_its_own_cost(
    column: str, warehouse: Path, tried: Tried
) -> None:
    found = dict(query(warehouse, f"SELECT {column}, sum(cost_usd) FROM llm_costs GROUP BY ALL"))
    credit_and_usage = Decimal("-0.25")
    assert found == {
        name: Decimal(cost_of(number)) + credit_and_usage for number, name in enumerate(HOSTILE)
    }
    tried(f"a hostile name as {column}", len(HOSTILE))


@pytest.mark.parametrize(
    ("column", "longest"), [("resource_id", 400), ("region", 40), ("sku_description", 500)]
)
def test_what_is_billed_is_loaded_as_it_is(column: str, longest: int, warehouse: Path) -> None:
    found = {text for (text,) in query(warehouse, f"SELECT {column} FROM llm_costs")}
    # What is longer is cut by a rule of its own.
    for name in (name for name in HOSTILE if len(name) <= longest):
        assert any(text is not None and text.endswith(name) for text in found), name


def test_a_filter_finds_that_customer_and_nobody_else(
    warehouse: Path, run_handlers: RunHandlers, tried: Tried
) -> None:
    before = tables(warehouse)
    names = [name for name in STATEMENTS if not name.startswith("-")]
    for name in names:
        words = ("--customer", name, "--by", "customer_id", "--format", "csv")
        done = run_handlers("costs", "--warehouse", f"duckdb:{warehouse}", *words)
        assert done.returncode == 0, done.stderr
        assert [row["customer_id"] for row in read(done.stdout)] == [name]
    assert tables(warehouse) == before
    tried("a statement in place of a customer's name", len(names))


def test_site_data_full_of_statements_is_read_as_names(tmp_path: Path) -> None:
    names = [name for name in STATEMENTS if "|" not in name]
    rows = [["id", "aliases"], *([f"c{number}", name] for number, name in enumerate(names))]
    write_hostile_bill(tmp_path / "bills", names)
    site = tmp_path / "site"
    site.mkdir()
    with (site / "customers.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    collect(tmp_path / "bills", tmp_path / "costs.duckdb", site)
    found = query(
        tmp_path / "costs.duckdb", "SELECT DISTINCT customer_id, customer_tag FROM llm_costs"
    )
    assert dict(found) == {f"c{number}": name for number, name in enumerate(names)}


FILES = (
    "cur2-'; DROP TABLE llm_costs; --.csv.gz",
    "cur2-$(touch ran).csv.gz",
    "cur2-*.csv.gz",
    "cur2-[0-9].csv.gz",
    "cur2-{a,b}.csv.gz",
    "cur2-\u202e株 %2e%2e.csv.gz",
)


@pytest.mark.parametrize("name", FILES)
def test_a_part_of_any_name_is_that_file_and_no_other(name: str, tmp_path: Path) -> None:
    write_hostile_bill(tmp_path / "bills", HOSTILE[:3])
    [part] = (tmp_path / "bills" / PAYER).rglob("cur2-00001.csv")
    content = part.read_bytes()
    part.unlink()
    part.with_name(name).write_bytes(gzip.compress(content))
    # What a pattern in the name would find as well, with an amount of its own:
    part.with_name("cur2-7.csv.gz").write_bytes(gzip.compress(content))
    [manifest] = (tmp_path / "bills" / PAYER).rglob("cur2-Manifest.json")
    manifest.write_text(manifest.read_text("utf-8").replace(part.name, name), "utf-8")
    collect(tmp_path / "bills", tmp_path / "costs.duckdb")
    assert query(tmp_path / "costs.duckdb", "SELECT count(*) FROM llm_costs") == [(9,)]
    assert not list(tmp_path.rglob("ran"))
    assert not Path("ran").exists()


def test_a_message_of_an_error_shows_a_cell_without_its_controls(
    tmp_path: Path, run_handlers: RunHandlers
) -> None:
    write_hostile_bill(tmp_path / "bills", CONTROLS)
    [part] = (tmp_path / "bills" / PAYER).rglob("cur2-00001.csv")
    text = part.read_text("utf-8").replace("-0.5", "\x1b[2J-0.5\u202e", 1)
    part.write_text(text, "utf-8")
    done = run_handlers("collect", "bills", "--warehouse", "duckdb:costs.duckdb")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr


def read(text: str) -> Sequence[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))
