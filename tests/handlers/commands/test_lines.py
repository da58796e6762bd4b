import csv
import hashlib
import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from handlers.archive import NAMED_COLUMNS
from handlers.lines import LINE_COLUMNS
from handlers.load.stage import create_macros
from handlers.load.statements import statements
from tests.conftest import RunHandlers
from tests.handlers.commands.conftest import Collected
from tests.handlers.sample.rereading import PlainLine

pytestmark = pytest.mark.slow

Lines = Callable[..., list[dict[str, str]]]
CHECKED = re.compile(
    r"Checked: (\d+) lines of (\S+) (\w{3}), (\d+) rows of (\S+) \w{3}: the lines add"
)


@pytest.fixture
def lines(run_handlers: RunHandlers, collected: Collected) -> Lines:
    """``lines`` as CSV, read by the csv module."""

    def run(*words: str) -> list[dict[str, str]]:
        answer = run_handlers(
            "lines", "--warehouse", collected.warehouse, "--format", "csv", *words
        )
        assert answer.returncode == 0, answer.stderr
        return list(csv.DictReader(io.StringIO(answer.stdout)))

    return run


@pytest.fixture
def copy(collected: Collected, tmp_path: Path) -> Path:
    """A copy of the warehouse and its archive, to spoil."""
    shutil.copy(collected.path.with_suffix(".read.duckdb"), tmp_path / "copy.read.duckdb")
    shutil.copytree(collected.path.parent / "archive", tmp_path / "archive")
    return tmp_path / "copy.duckdb"


def as_billed(lines: list[PlainLine]) -> Counter[tuple[str, str, Decimal]]:
    """What identifies a line well enough: its SKU, account and cost."""
    return Counter((line.sku, line.account, line.cost.normalize()) for line in lines)


@pytest.mark.parametrize("cloud", ["AWS", "Azure", "GCP"])
def test_the_lines_of_a_day_are_those_of_the_bill(
    lines: Lines, ai_lines: list[PlainLine], cloud: str
) -> None:
    right = [
        line for line in ai_lines if line.cloud == cloud and line.day.isoformat() == "2026-11-02"
    ]
    # Azure says of the unused part of a commitment in lines that cost nothing; AWS in the fee.
    right = [line for line in right if line.line_type != "Unused"]
    found = Counter(
        (row["sku_description"], row["account_id"], Decimal(row["cost"]).normalize())
        for row in lines("--cloud", cloud.lower(), "--date", "2026-11-02")
        if row["charge_type"] != "idle"
    )
    assert len(right) > 20
    assert sum(cost * count for (_, _, cost), count in found.items()) == sum(
        line.cost for line in right
    )
    assert found == as_billed(right)


def test_model_customer_and_token_type_choose_the_lines_whose_dollars_the_sample_states(
    lines: Lines, collected: Collected
) -> None:
    names = {"model": "claude-sonnet-4.6", "customer_id": "acme", "token_type": "output"}
    right = [
        row
        for row in collected.truth("totals.csv")
        if all(row[name] == value for name, value in names.items())
    ]
    found = lines("--model", "claude-sonnet-4.6", "--customer", "acme", "--token-type", "output")
    assert sum(int(row["lines"]) for row in right) == len(found) > 5
    for currency in {row["billing_currency"] for row in right}:
        stated = sum(
            Decimal(row["billing_cost"]) for row in right if row["billing_currency"] == currency
        )
        assert stated == sum(
            Decimal(row["cost"]) for row in found if row["billing_currency"] == currency
        )


def test_a_line_leads_to_its_file_its_rules_and_its_tags(
    lines: Lines, collected: Collected
) -> None:
    found = lines(
        "--cloud", "aws", "--customer", "acme", "--sku", "USE1-MP:USE1_OutputTokenCount-Units"
    )
    assert found
    for row in found:
        assert any(collected.sample.rglob(row["line_file"]))
        assert (collected.path.parent / "archive" / row["archive"]).is_file()
        assert row["line_id"]
        assert row["rule_id"]
        assert row["attribution_rule"]
        assert "acme" in row["tags"].lower() or row["attribution_rule"].startswith("map")


def test_lines_of_the_whole_table_add_up_to_its_rows_in_every_currency(
    run_handlers: RunHandlers, collected: Collected
) -> None:
    answer = run_handlers("lines", "--warehouse", collected.warehouse, "--limit", "1")
    assert answer.returncode == 0, answer.stderr
    checked = {found[3]: found for found in CHECKED.finditer(answer.stdout)}
    stated = {row["currency"]: Decimal(0) for row in collected.truth("scopes.csv")}
    for row in collected.truth("scopes.csv"):
        stated[row["currency"]] += Decimal(row["ai_cost"])
    assert checked.keys() == stated.keys()
    for currency, cost in stated.items():
        assert Decimal(checked[currency][2].replace(",", "")) == cost


def test_the_unused_part_of_a_commitment_is_a_line_without_cost(lines: Lines) -> None:
    idle = lines("--charge-type", "idle")
    assert idle
    assert {Decimal(row["cost"]) for row in idle} == {Decimal(0)}
    assert all(Decimal(row["effective"]) > 0 for row in idle)


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_each_numbered_row_leads_to_the_lines_that_cost_what_it_costs(
    lines: Lines, cloud: str
) -> None:
    words = ("--cloud", cloud, "--customer", "acme", "--date", "2026-11-02")
    rows = lines(*words, "--rows")
    assert [row["row"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    costs = [Decimal(row["cost_usd"]) for row in rows]
    assert costs == sorted(costs, reverse=True)
    for row in rows[:3] + rows[-1:]:
        found = lines(*words, "--row", row["row"])
        assert found
        for name in ("date", "account_id", "sku_description", "model", "token_type", "charge_type"):
            assert {line[name] for line in found} == {row[name]}
        cost = sum(Decimal(line["cost"]) for line in found)
        assert abs(cost - Decimal(row["billing_cost"])) <= Decimal("0.0000000005")


def test_the_lines_of_all_rows_are_the_lines_of_the_selection(lines: Lines) -> None:
    words = ("--customer", "globex", "--date", "2026-11-03", "--cloud", "gcp")
    rows = lines(*words, "--rows")
    assert len(rows) > 1
    one_by_one = [line for row in rows for line in lines(*words, "--row", row["row"])]
    assert sorted(map(str, one_by_one)) == sorted(map(str, lines(*words)))


def test_rows_are_listed_with_their_number_and_how_many_are_left_out(
    run_handlers: RunHandlers, collected: Collected, lines: Lines
) -> None:
    words = ("lines", "--warehouse", collected.warehouse, "--customer", "acme")
    answer = run_handlers(*words, "--rows", "--limit", "2")
    assert answer.returncode == 0, answer.stderr
    assert [line.split()[0] for line in answer.stdout.splitlines()[-3:-1]] == ["1", "2"]
    assert f"{len(lines('--customer', 'acme', '--rows')) - 2} more: --limit" in answer.stdout


def test_a_row_that_is_not_there_and_both_options_at_once_are_refused(
    run_handlers: RunHandlers, collected: Collected
) -> None:
    words = ("lines", "--warehouse", collected.warehouse, "--customer", "nobody")
    missing = run_handlers(*words, "--row", "1")
    assert missing.returncode == 1
    assert "--row 1: the selection has 0 rows." in missing.stderr
    both = run_handlers(*words, "--rows", "--row", "1")
    assert both.returncode == 1
    assert "give one of them" in both.stderr
    none = run_handlers(*words, "--rows")
    assert (none.returncode, "No costs match" in none.stdout) == (0, True)


def test_account_period_and_load_choose_lines(lines: Lines) -> None:
    found = lines("--account", "111122220001", "--period", "2026-11")
    assert {row["account_id"] for row in found} == {"111122220001"}
    assert {row["date"][:7] for row in found} == {"2026-11"}
    (load,) = {row["load_id"] for row in found}
    of_load = lines("--load", load[:12], "--account", "111122220001")
    assert of_load == found


def test_the_table_says_how_many_lines_it_leaves_out(
    run_handlers: RunHandlers, collected: Collected, lines: Lines
) -> None:
    words = ("--customer", "acme", "--cloud", "aws")
    answer = run_handlers("lines", "--warehouse", collected.warehouse, *words, "--limit", "2")
    assert f"{len(lines(*words)) - 2} more: --limit" in answer.stdout
    assert answer.stdout.count("    file ") == 2
    default = run_handlers("lines", "--warehouse", collected.warehouse)
    assert default.stdout.count("    file ") == 50


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_nothing_found_is_said_in_a_sentence_and_is_no_error(
    run_handlers: RunHandlers, collected: Collected, form: str
) -> None:
    answer = run_handlers(
        "lines", "--warehouse", collected.warehouse, "--format", form, "--model", "x' OR 1=1 --"
    )
    assert answer.returncode == 0, answer.stderr
    assert "No costs match" in (answer.stdout if form == "table" else answer.stderr)
    if form == "json":
        assert json.loads(answer.stdout) == []


def test_a_day_that_is_none_is_refused(run_handlers: RunHandlers, collected: Collected) -> None:
    answer = run_handlers("lines", "--warehouse", collected.warehouse, "--date", "yesterday")
    assert answer.returncode == 1
    assert "'yesterday' is not a day: write it as YYYY-MM-DD" in answer.stderr


def test_rows_that_their_lines_do_not_explain_are_an_error_with_both_sums(
    run_handlers: RunHandlers, copy: Path
) -> None:
    with duckdb.connect(copy.with_suffix(".read.duckdb")) as connection:
        connection.execute(
            "UPDATE llm_costs SET billing_cost = billing_cost + 0.000001 WHERE rowid ="
            " (SELECT min(rowid) FROM llm_costs WHERE customer_id = 'globex')"
        )
    words = ("lines", "--warehouse", f"duckdb:{copy}", "--limit", "1")
    spoiled = run_handlers(*words, "--customer", "globex")
    assert spoiled.returncode == 1
    assert "the lines are not the rows'" in spoiled.stderr
    assert run_handlers(*words, "--customer", "acme").returncode == 0


def test_an_archive_file_that_was_changed_or_is_gone_is_named(
    run_handlers: RunHandlers, copy: Path
) -> None:
    file = next((copy.parent / "archive" / "gcp").rglob("*.parquet"))
    words = ("lines", "--warehouse", f"duckdb:{copy}", "--cloud", "gcp")
    file.write_bytes(file.read_bytes() + b"x")
    changed = run_handlers(*words)
    assert changed.returncode == 1
    assert "content was changed" in changed.stderr
    assert file.name in changed.stderr
    file.unlink()
    gone = run_handlers(*words)
    assert gone.returncode == 1
    assert "is not there" in gone.stderr
    assert run_handlers(*words[:-1], "aws", "--limit", "1").returncode == 0


def test_a_line_that_states_an_unused_part_is_two_lines_and_long_text_is_cut_as_in_the_table() -> (
    None
):
    named = dict.fromkeys(NAMED_COLUMNS, "VARCHAR") | {"is_ai": "BOOLEAN"}
    kinds = {column.name: column.type for column in LINE_COLUMNS} | named | {"filename": "VARCHAR"}
    values: dict[str, object] = {
        "usage_date": "2026-11-01", "sku": "s" * 600, "charge_type": "fee", "currency": "USD",
        "quantity": 1, "cost": 10, "effective": 7, "idle": 3, "is_ai": True, "filename": "f",
    }  # fmt: skip
    with duckdb.connect() as connection:
        create_macros(connection)
        connection.execute(
            "CREATE TABLE archives AS SELECT 'f' AS file, 'L1' AS load_id, 'AWS' AS cloud_provider,"
            " 'payer' AS scope, DATE '2026-11-01' AS billing_period, 'a.parquet' AS archive"
        )
        columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        connection.execute(f"CREATE TABLE archived ({columns})")
        connection.execute(
            f"INSERT INTO archived ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            list(values.values()),
        )
        for _, statement in statements("handlers.queries", "lines.sql"):
            connection.execute(statement % "archived")
        rows = connection.execute(
            "SELECT charge_type, quantity, cost, effective, sku_description FROM archived_lines"
            " ORDER BY charge_type"
        ).fetchall()
    cut = "s" * 483 + "~" + hashlib.sha256(b"s" * 600).hexdigest()[:16]
    assert rows == [("fee", 1, 10, 7, cut), ("idle", 0, 0, 3, cut)]
