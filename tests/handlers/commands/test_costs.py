import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunHandlers
from tests.handlers.commands.conftest import Collected
from tests.handlers.sample.rereading import PlainLine

pytestmark = pytest.mark.slow

parquet: Any = import_module("pyarrow.parquet")

TOLERANCE = Decimal("0.000005")
"""Half a nano-dollar for each of at most ten thousand rows."""

Costs = Callable[..., list[dict[str, str]]]


@pytest.fixture
def costs(run_handlers: RunHandlers, collected: Collected) -> Costs:
    """``costs`` as CSV, read by the csv module."""

    def run(*words: str) -> list[dict[str, str]]:
        answer = run_handlers(
            "costs", "--warehouse", collected.warehouse, "--format", "csv", *words
        )
        assert answer.returncode == 0, answer.stderr
        return list(csv.DictReader(io.StringIO(answer.stdout)))

    return run


def stated(collected: Collected, *names: str, **only: str) -> dict[tuple[str, ...], Decimal]:
    """The sample's own totals in USD by these columns, of the rows where ``only`` holds."""
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in collected.truth("totals.csv"):
        if all(row[name] == value for name, value in only.items()):
            sums[tuple(row[name] for name in names)] += Decimal(row["cost_usd_exact"])
    return sums


def same(found: dict[tuple[str, ...], Decimal], right: dict[tuple[str, ...], Decimal]) -> bool:
    """Equal but for the rounding of each row; no combination more or less."""
    assert found.keys() == right.keys()
    assert all(abs(found[key] - cost) < TOLERANCE for key, cost in right.items())
    return True


def by(rows: list[dict[str, str]], *names: str) -> dict[tuple[str, ...], Decimal]:
    return {tuple(row[name] for name in names): Decimal(row["cost_usd"]) for row in rows}


def test_costs_without_options_are_what_the_sample_states_per_model_type_and_customer(
    costs: Costs, collected: Collected
) -> None:
    rows = costs()
    found = by(rows, "cloud_provider", "model", "token_type", "customer_id")
    assert len(found) == len(rows)
    assert same(found, stated(collected, "cloud", "model", "token_type", "customer_id"))


def test_costs_are_sorted_with_the_dearest_first(costs: Costs) -> None:
    found = [Decimal(row["cost_usd"]) for row in costs("--by", "model", "--by", "date")]
    assert found == sorted(found, reverse=True)
    assert len(found) > 100


def test_only_the_chosen_cloud_customer_and_charge_type_count(
    costs: Costs, collected: Collected
) -> None:
    rows = costs("--by", "model", "--cloud", "aws", "--customer", "acme", "--charge-type", "usage")
    right = stated(collected, "model", cloud="AWS", customer_id="acme", charge_type="usage")
    assert len(right) > 1
    assert same(by(rows, "model"), right)


def test_only_the_chosen_period_counts(costs: Costs, collected: Collected) -> None:
    rows = costs("--by", "scope", "--period", "2026-10")
    assert same(by(rows, "scope"), stated(collected, "scope", billing_period="2026-10"))


def test_include_usage_counts_usage_and_discounts_and_nothing_else(
    costs: Costs, collected: Collected
) -> None:
    right: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for kind in ("usage", "discount"):
        for cloud, cost in stated(collected, "cloud", charge_type=kind).items():
            right[cloud] += cost
    assert any(row["charge_type"] == "tax" for row in collected.truth("totals.csv"))
    assert same(by(costs("--by", "cloud_provider", "--include", "usage"), "cloud_provider"), right)


def test_from_and_to_are_days_of_usage_and_both_belong_to_the_range(
    costs: Costs, ai_lines: list[PlainLine]
) -> None:
    right: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for line in ai_lines:
        # This account's bill is in dollars, so that no rate is needed here.
        if line.scope == "777788889999" and 29 <= line.day.day <= 31:
            right[(line.day.isoformat(),)] += line.cost
    rows = costs("--by", "date", "--by", "scope", "--from", "2026-10-29", "--to", "2026-10-31")
    assert len(right) == 3
    assert same(by([row for row in rows if row["scope"] == "777788889999"], "date"), right)
    assert {row["date"] for row in rows} == {day for (day,) in right}


def test_usage_is_given_only_where_it_is_of_one_unit(costs: Costs) -> None:
    (cloud,) = costs("--by", "cloud_provider", "--cloud", "gcp")
    assert (cloud["usage_amount"], cloud["usage_unit"]) == ("", "")
    units = costs("--by", "usage_unit", "--cloud", "gcp")
    assert len({row["usage_unit"] for row in units}) == len(units) > 1
    assert all(Decimal(row["usage_amount"]) > 0 for row in units)


def test_month_is_the_month_of_usage(costs: Costs) -> None:
    assert {row["month"] for row in costs("--by", "month")} == {"2026-10", "2026-11"}


def test_json_writes_amounts_as_strings_with_all_their_digits(
    run_handlers: RunHandlers, collected: Collected, costs: Costs
) -> None:
    answer = run_handlers(
        "costs", "--warehouse", collected.warehouse, "--by", "model", "--format", "json"
    )
    found = json.loads(answer.stdout)
    assert [row["cost_usd"] for row in found] == [row["cost_usd"] for row in costs("--by", "model")]
    assert all(len(row["cost_usd"].rpartition(".")[2]) == 9 for row in found)


def test_parquet_holds_the_same_amounts_as_decimals(
    run_handlers: RunHandlers, collected: Collected, costs: Costs, tmp_path: Path
) -> None:
    file = tmp_path / "it's mine.parquet"
    words = ("--by", "model", "--by", "date")
    answer = run_handlers(
        "costs", "--warehouse", collected.warehouse, *words, "--format", "parquet",
        "--output", file,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    found = parquet.read_table(file)
    assert str(found.schema.field("cost_usd").type) == "decimal128(38, 9)"
    right = {(row["model"], row["date"]): Decimal(row["cost_usd"]) for row in costs(*words)}
    rows = found.to_pylist()
    assert {(row["model"], str(row["date"])): row["cost_usd"] for row in rows} == right


def test_the_table_ends_with_the_sum_and_fits_a_hundred_columns_without_colours(
    run_handlers: RunHandlers, collected: Collected
) -> None:
    answer = run_handlers("costs", "--warehouse", collected.warehouse, env={"FORCE_COLOR": ""})
    total = sum(stated(collected).values(), Decimal(0))
    *_, last = answer.stdout.splitlines()
    assert last.split() == ["Sum", f"{total:,.2f}"]
    assert max(map(len, answer.stdout.splitlines())) <= 100
    assert "\x1b" not in answer.stdout


def test_output_writes_the_file_and_nothing_else(
    run_handlers: RunHandlers, collected: Collected, tmp_path: Path
) -> None:
    file = tmp_path / "costs.csv"
    words = ("costs", "--warehouse", collected.warehouse, "--by", "scope", "--format", "csv")
    answer = run_handlers(*words, "--output", file)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert file.read_text() == run_handlers(*words).stdout


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_nothing_found_is_said_in_a_sentence_and_is_no_error(
    run_handlers: RunHandlers, collected: Collected, form: str
) -> None:
    answer = run_handlers(
        "costs", "--warehouse", collected.warehouse, "--format", form, "--customer", "o'brien"
    )
    assert answer.returncode == 0, answer.stderr
    said = answer.stdout if form == "table" else answer.stderr
    assert "No costs match" in said
    assert "2026-10-01 to 2026-11-05" in said  # tax stands on the first of its month
    if form == "json":
        assert json.loads(answer.stdout) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--by", "cost_usd"], "Allowed: date, cloud_provider", id="no-dimension"),
        pytest.param(["--by", "model; DROP TABLE x"], "is not a dimension", id="no-sql"),
        pytest.param(["--from", "2026-11-31"], "'2026-11-31' is not a day", id="no-day"),
        pytest.param(["--to", "20261101"], "write it as YYYY-MM-DD", id="day-written-otherwise"),
        pytest.param(["--from", "2026-11-02", "--to", "2026-11-01"], "is after", id="reversed"),
        pytest.param(["--period", "2026-13"], "is not a billing period", id="no-month"),
        pytest.param(["--format", "parquet"], "--output FILE", id="parquet-on-a-screen"),
        pytest.param(
            ["--include", "usage", "--charge-type", "tax"], "leaves nothing", id="contradiction"
        ),
        pytest.param(["--output", "no/such/folder/x"], "can't be written", id="no-folder"),
    ],
)
def test_a_word_that_can_not_be_used_is_refused_with_what_is_allowed(
    run_handlers: RunHandlers, collected: Collected, words: list[str], said: str
) -> None:
    answer = run_handlers("costs", "--warehouse", collected.warehouse, *words)
    assert answer.returncode == 1
    assert answer.stderr.startswith("error: ")
    assert said in answer.stderr


@pytest.mark.parametrize("command", ["costs", "ledger", "unknown", "lines"])
def test_without_a_warehouse_the_reader_is_told_to_collect(
    run_handlers: RunHandlers, command: str
) -> None:
    answer = run_handlers(command, "--warehouse", "duckdb:none.duckdb")
    assert answer.returncode == 1
    assert "there is no warehouse" in answer.stderr
    assert "collect FOLDER" in answer.stderr
