import csv
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import RunHandlers
from tests.handlers.commands.conftest import Collected

pytestmark = pytest.mark.slow

Ledger = Callable[..., list[dict[str, str]]]
NANO = Decimal("0.000000001")


@pytest.fixture
def ledger(run_handlers: RunHandlers, collected: Collected) -> Ledger:
    """``ledger`` as CSV, read by the csv module."""

    def run(*words: str) -> list[dict[str, str]]:
        answer = run_handlers(
            "ledger", "--warehouse", collected.warehouse, "--format", "csv", *words
        )
        assert answer.returncode == 0, answer.stderr
        return list(csv.DictReader(io.StringIO(answer.stdout)))

    return run


def test_every_bill_has_its_load_with_the_totals_that_the_sample_states(
    ledger: Ledger, collected: Collected
) -> None:
    loads = {
        (row["cloud_provider"], row["scope"], row["billing_period"][:7]): row for row in ledger()
    }
    bills = collected.truth("scopes.csv")
    assert len(loads) == len(bills) > 10
    for bill in bills:
        load = loads[bill["cloud"], bill["scope"], bill["billing_period"]]
        assert load["status"] == "loaded"
        assert load["billing_currency"] == bill["currency"]
        assert abs(Decimal(load["source_total"]) - Decimal(bill["all_cost"])) < NANO
        assert abs(Decimal(load["ai_total"]) - Decimal(bill["ai_cost"])) < NANO
        assert abs(Decimal(load["platform_total"]) - Decimal(bill["platform_cost"])) < NANO


def test_the_newest_load_comes_first_and_last_takes_the_newest(ledger: Ledger) -> None:
    loads = ledger()
    times = [row["finished_at"] for row in loads]
    assert times == sorted(times, reverse=True)
    assert ledger("--last", "3") == loads[:3]


def test_cloud_scope_and_period_choose_loads(ledger: Ledger) -> None:
    (load,) = ledger("--cloud", "aws", "--scope", "444455556666", "--period", "2026-11")
    assert (load["scope"], load["billing_period"]) == ("444455556666", "2026-11-01")
    assert ledger("--cloud", "gcp", "--scope", "444455556666") == []


def test_the_table_states_the_split_the_watermark_and_a_provisional_rate(
    run_handlers: RunHandlers, collected: Collected
) -> None:
    answer = run_handlers(
        "ledger", "--warehouse", collected.warehouse, "--scope", "444455556666", "--last", "1"
    )
    (bill,) = (
        row
        for row in collected.truth("scopes.csv")
        if row["scope"] == "444455556666" and row["billing_period"] == "2026-11"
    )
    whole, ai, own = (
        Decimal(bill[name]).quantize(Decimal("0.01"))
        for name in ("all_cost", "ai_cost", "platform_cost")
    )
    assert f"bill {whole:,} INR = AI {ai:,} + own platform {own:,} + other" in answer.stdout
    assert "complete through 2026-11-0" in answer.stdout
    assert "of 2026-10 (provisional)" in answer.stdout
    assert max(map(len, answer.stdout.splitlines())) <= 100


def test_a_rate_of_the_month_itself_is_not_marked_provisional(
    run_handlers: RunHandlers, collected: Collected
) -> None:
    answer = run_handlers(
        "ledger", "--warehouse", collected.warehouse,
        "--scope", "444455556666", "--period", "2026-10",
    )  # fmt: skip
    assert "rate INR" in answer.stdout
    assert "provisional" not in answer.stdout


def test_one_load_is_shown_in_full_by_the_beginning_of_its_id(
    run_handlers: RunHandlers, collected: Collected, ledger: Ledger
) -> None:
    load = ledger("--last", "1")[0]
    answer = run_handlers("ledger", load["load_id"][:12], "--warehouse", collected.warehouse)
    shown = dict(line.split(None, 1) for line in answer.stdout.splitlines())
    assert shown["load_id"] == load["load_id"]
    assert shown["archive"] == load["archive"]
    assert shown["source_total"] == load["source_total"]
    assert shown["error"] == "-"


def test_a_beginning_that_fits_several_loads_or_none_is_refused(
    run_handlers: RunHandlers, collected: Collected
) -> None:
    for beginning, said in (("L", "several do"), ("Lnone", "none does")):
        answer = run_handlers("ledger", beginning, "--warehouse", collected.warehouse)
        assert answer.returncode == 1
        assert said in answer.stderr


def test_a_failed_load_is_listed_with_its_error(
    run_handlers: RunHandlers, collected: Collected, tmp_path: Path
) -> None:
    sample = tmp_path / "sample"
    (kind,) = collected.sample.glob("aws/aws-c")
    for file in kind.rglob("*"):
        copy = sample / file.relative_to(collected.sample)
        if file.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            whole = file.read_bytes()
            copy.write_bytes(whole if "json" in file.name else whole[: len(whole) // 2])
    warehouse = ("--warehouse", f"duckdb:{tmp_path / 'costs.duckdb'}")
    site = collected.sample / "site"
    assert run_handlers("collect", sample, *warehouse, "--site", site).returncode == 1
    answer = run_handlers("ledger", "--status", "failed", "--format", "json", *warehouse)
    failed = json.loads(answer.stdout)
    assert failed
    assert all(load["error"] and load["source_total"] is None for load in failed)
    shown = run_handlers("ledger", "--status", "failed", *warehouse)
    assert "FAILED" in shown.stdout
    assert failed[0]["error"] in shown.stdout


def test_no_matching_load_is_said_in_a_sentence(
    run_handlers: RunHandlers, collected: Collected
) -> None:
    answer = run_handlers("ledger", "--warehouse", collected.warehouse, "--status", "held")
    assert answer.returncode == 0
    assert answer.stdout.startswith("No load matches the selection. The ledger has ")
