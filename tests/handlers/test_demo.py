"""The demo, end to end: sample bills in, and out of the door exactly what their truth says."""

import csv
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from handlers.commands import collect as collect_command
from handlers.sample import write_sample
from tests.conftest import RunHandlers
from tests.handlers.load.runs import ledger, query, tables

pytestmark = pytest.mark.slow

HALF_NANO = Decimal("5e-10")
CENT = Decimal("0.01")
END = date(2026, 11, 5)
DAYS = 11
"""October's end and November's start, so that there are a restated and an open month."""


@dataclass(frozen=True)
class Demo:
    """A sample and the warehouse it was collected into through the door."""

    sample: Path
    warehouse: Path
    printed: str


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    sample, warehouse = folder / "sample", folder / "warehouse" / "costs.duckdb"
    write_sample(sample, seed=1, days=DAYS, end=END)
    for part in [*sample.rglob("*00001.*"), *sample.rglob("part_0_0001*")]:
        shutil.copy(part, part.with_name(f"stale-{part.name}"))
    printed = run_collect(sample, warehouse)
    return Demo(sample, warehouse, printed)


def run_collect(sample: Path, warehouse: Path) -> str:
    words = [
        str(sample), "--warehouse", f"duckdb:{warehouse}", "--site", str(sample / "site"),
        "--now", "2026-11-13T06:00:00",
    ]  # fmt: skip
    result = CliRunner().invoke(collect_command.collect, words)
    assert result.exit_code == 0, result.output
    return result.output


def periods(path: Path) -> Iterator[dict[str, str]]:
    for row in rows(path):
        yield {**row, "billing_period": f"{row['billing_period']}-01"}


def test_every_ai_total_of_the_sample_is_right_to_half_a_nano_dollar_per_row(demo: Demo) -> None:
    keys = (
        "cloud_provider", "scope", "billing_period", "customer_id", "model", "token_type",
        "charge_type", "billing_currency",
    )  # fmt: skip
    found = {
        tuple(map(str, row[:8])): row[8:]
        for row in query(
            demo.warehouse,
            f"SELECT {', '.join(keys)}, sum(billing_cost), sum(cost_usd), count(*) FROM llm_costs"
            " GROUP BY ALL",
        )
    }
    stated = {
        tuple(row[key if key != "cloud_provider" else "cloud"] for key in keys): row
        for row in periods(demo.sample / "truth" / "totals.csv")
    }
    assert found.keys() == stated.keys()
    for key, row in stated.items():
        billing, usd, count = found[key]
        assert abs(billing - Decimal(row["billing_cost"])) <= count * HALF_NANO, key
        assert abs(usd - Decimal(row["cost_usd_exact"])) <= count * HALF_NANO, key
        assert abs(usd - Decimal(row["cost_usd_exact"])) < CENT / 100, key


def test_ai_the_platforms_own_and_the_rest_are_the_whole_bill(demo: Demo) -> None:
    current = {
        (str(row.cloud_provider), row.scope, str(row.billing_period)): row
        for row in ledger(demo.warehouse)
    }
    stated = list(periods(demo.sample / "truth" / "scopes.csv"))
    assert len(stated) == len(current)
    for row in stated:
        load = current[row["cloud"], row["scope"], row["billing_period"]]
        assert load.source_lines == int(row["all_lines"])
        assert load.ai_lines == int(row["ai_lines"])
        assert load.source_total == nano(row["all_cost"])
        assert load.ai_total == nano(row["ai_cost"])
        assert load.platform_total == nano(row["platform_cost"])
        rest = Decimal(row["all_cost"]) - Decimal(row["ai_cost"]) - Decimal(row["platform_cost"])
        assert load.other_total == nano(str(rest))


def nano(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("1e-9"), ROUND_HALF_UP)


def test_what_the_platform_itself_costs_is_in_its_own_table(demo: Demo) -> None:
    found = {
        (cloud, scope, str(period)): (cost, count)
        for cloud, scope, period, cost, count in query(
            demo.warehouse,
            "SELECT cloud_provider, scope, billing_period, sum(billing_cost), count(*)"
            " FROM platform_costs GROUP BY ALL",
        )
    }
    stated = {
        (row["cloud"], row["scope"], row["billing_period"]): Decimal(row["platform_cost"])
        for row in periods(demo.sample / "truth" / "scopes.csv")
        if row["platform_lines"] != "0"
    }
    assert found.keys() == stated.keys()
    for key, cost in stated.items():
        assert abs(found[key][0] - cost) <= found[key][1] * HALF_NANO


def test_what_is_left_out_is_listed_to_the_last_line(demo: Demo) -> None:
    found = {
        (cloud, scope, str(period)): (cost, lines, count)
        for cloud, scope, period, cost, lines, count in query(
            demo.warehouse,
            "SELECT cloud_provider, scope, billing_period, sum(billing_cost), sum(lines), count(*)"
            " FROM left_out_costs GROUP BY ALL",
        )
    }
    for row in periods(demo.sample / "truth" / "scopes.csv"):
        cost, lines, count = found.get(
            (row["cloud"], row["scope"], row["billing_period"]), (0, 0, 0)
        )
        rest = Decimal(row["all_cost"]) - Decimal(row["ai_cost"]) - Decimal(row["platform_cost"])
        assert lines == int(row["all_lines"]) - int(row["ai_lines"]) - int(row["platform_lines"])
        assert abs(cost - rest) <= count * HALF_NANO


def test_of_a_restated_month_only_the_current_version_counts(demo: Demo) -> None:
    superseded = list(periods(demo.sample / "truth" / "superseded.csv"))
    loads = {(row.scope, str(row.billing_period)): row for row in ledger(demo.warehouse)}
    assert len(superseded) >= 2
    for row in superseded:
        load = loads[row["scope"], row["billing_period"]]
        assert load.source_total != nano(row["all_cost"])
        assert load.ai_lines != int(row["ai_lines"])


def test_the_printed_summary_states_the_right_totals(demo: Demo) -> None:
    printed = re.sub(r"[│┃]", "|", demo.printed)
    exact: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    by_model: dict[str, Decimal] = defaultdict(Decimal)
    months: set[str] = set()
    for row in rows(demo.sample / "truth" / "totals.csv"):
        months.add(row["billing_period"])
        for cloud in (row["cloud"], "Total"):
            for month in (row["billing_period"], "Total"):
                exact[cloud, month] += Decimal(row["cost_usd_exact"])
        by_model[row["model"]] += Decimal(row["cost_usd_exact"])
    for cloud in ("AWS", "Azure", "GCP", "Total"):
        cells = [f"{exact[cloud, month]:,.2f}" for month in (*sorted(months), "Total")]
        line = rf"\| {cloud} +\| +" + r" +\| +".join(map(re.escape, cells)) + r" \|"
        assert re.search(line, printed), (cloud, cells)
    model, cost = max(by_model.items(), key=lambda item: item[1])
    assert re.search(rf"\| {model} +\| {cost:,.2f} ", printed)


def test_running_again_changes_nothing_and_says_so(demo: Demo, tmp_path: Path) -> None:
    folder = tmp_path / "again"
    shutil.copytree(demo.warehouse.parent, folder)
    warehouse = folder / demo.warehouse.name
    published = warehouse.with_suffix(".read.duckdb")
    before = (tables(warehouse), ledger(warehouse))
    content, modified = published.read_bytes(), published.stat().st_mtime_ns
    inode = published.stat().st_ino
    printed = run_collect(demo.sample, warehouse)
    count = len(rows(demo.sample / "truth" / "scopes.csv"))
    assert printed.startswith(f"nothing changed: all {count} bills are loaded as they are.")
    assert (tables(warehouse), ledger(warehouse)) == before
    assert published.read_bytes() == content
    assert (published.stat().st_mtime_ns, published.stat().st_ino) == (modified, inode)


def test_files_that_no_manifest_names_are_not_read(demo: Demo) -> None:
    named = {
        (row["cloud"], row["scope"], row["billing_period"]): int(row["all_lines"])
        for row in periods(demo.sample / "truth" / "scopes.csv")
    }
    assert len(list(demo.sample.rglob("*stale*"))) > 4
    for row in ledger(demo.warehouse):
        key = (row.cloud_provider, row.scope, str(row.billing_period))
        assert row.source_lines == named[key]


def test_the_roll_ups_add_up_to_the_facts(demo: Demo) -> None:
    facts = "SELECT sum(cost_usd), sum(usage_amount), sum(gross_cost_usd) FROM llm_costs"
    for statement in (
        "SELECT sum(cost), sum(usage), sum(gross) FROM daily_costs",
        "SELECT sum(cost_usd), sum(usage_amount), sum(gross_cost_usd) FROM load_digests",
    ):
        assert query(demo.warehouse, statement) == query(demo.warehouse, facts)


def test_the_door_collects_the_demo_and_exits_with_zero(
    demo: Demo, run_handlers: RunHandlers, tmp_path: Path
) -> None:
    answer = run_handlers(
        "collect", demo.sample, "--warehouse", f"duckdb:{tmp_path / 'c.duckdb'}",
        "--site", demo.sample / "site", "--cloud", "gcp", "--now", "2026-11-13T06:00:00",
    )  # fmt: skip
    assert (answer.returncode, answer.stderr) == (0, "")
    ours = query(tmp_path / "c.duckdb", "SELECT sum(cost_usd) FROM llm_costs")
    theirs = "SELECT sum(cost_usd) FROM llm_costs WHERE cloud_provider = 'GCP'"
    assert ours == query(demo.warehouse, theirs)
