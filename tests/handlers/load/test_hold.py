"""A version that would shrink a period waits for a person."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from handlers.commands.collect import collect as collect_command
from handlers.ledger import Status
from handlers.load.load import Outcome, Policy
from tests.handlers.load.bills import COMPUTE, AwsBill, Line, write_bill, write_site
from tests.handlers.load.runs import NOW, collect, ledger, query, tables

pytestmark = pytest.mark.slow

PERIOD = date(2026, 11, 1)
FIRST = AwsBill(
    "111122223333",
    PERIOD,
    [Line(PERIOD + timedelta(days=day), "10") for day in range(10)],
    datetime(2026, 11, 15, 4, tzinfo=UTC),
)


def later(bill: AwsBill, keep: int) -> AwsBill:
    """The next day's version, of which only the first ``keep`` lines are left."""
    return replace(bill, lines=bill.lines[:keep], written=bill.written + timedelta(days=1))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loaded")
    write_bill(folder / "bills", FIRST)
    collect(folder / "bills", folder / "w" / "costs.duckdb")
    return folder


@pytest.fixture
def warehouse(loaded: Path, tmp_path: Path) -> Path:
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    return tmp_path / "w" / "costs.duckdb"


@pytest.fixture
def bills(tmp_path: Path) -> Path:
    return tmp_path / "bills"


def run(warehouse: Path, *words: str | Path) -> Result:
    always = ["--warehouse", f"duckdb:{warehouse}", "--now", "2026-11-21T06:00:00"]
    return CliRunner().invoke(collect_command, [*map(str, words), *always])


def test_a_version_that_loses_more_than_the_share_is_held_and_changes_no_table(
    warehouse: Path, bills: Path
) -> None:
    before = tables(warehouse)
    write_bill(bills, later(FIRST, 7))
    result = run(warehouse, bills)
    assert result.exit_code == 0
    held = ledger(warehouse)[-1]
    assert (held.status, held.gross_cost_usd) == (Status.HELD, Decimal(70))
    assert "gross cost from 100.00 to 70.00 USD and lines from 10 to 7" in result.output
    assert f"--accept {held.load_id}" in result.output
    assert tables(warehouse) == before


@pytest.mark.parametrize(("kept", "outcome"), [(8, Outcome.LOADED), (7, Outcome.HELD)])
def test_exactly_the_share_may_go_a_line_more_may_not(
    kept: int, outcome: Outcome, warehouse: Path, bills: Path
) -> None:
    write_bill(bills, later(FIRST, kept))
    assert collect(bills, warehouse)[0].outcome is outcome


def test_lines_that_are_not_ai_count_when_a_bill_shrinks(warehouse: Path, bills: Path) -> None:
    more = [*FIRST.lines, *(Line(PERIOD, "1", "BoxUsage", product=COMPUTE) for _ in range(10))]
    full = replace(FIRST, lines=more, written=FIRST.written + timedelta(hours=1))
    write_bill(bills, full)
    collect(bills, warehouse)
    write_bill(bills, later(full, 10))
    assert collect(bills, warehouse)[0].outcome is Outcome.HELD


def test_a_month_of_refunds_alone_is_not_taken_for_a_shrinking_one(tmp_path: Path) -> None:
    refunds = [Line(PERIOD, "-20", line_type="Refund")]
    bill = AwsBill("111122223333", PERIOD, refunds, FIRST.written)
    warehouse = tmp_path / "w" / "costs.duckdb"
    for number in range(2):
        written = bill.written + timedelta(days=number)
        write_bill(tmp_path / "bills", replace(bill, written=written))
        assert collect(tmp_path / "bills", warehouse)[0].outcome is Outcome.LOADED


def test_a_held_version_stays_held_without_another_row_and_still_says_how_to_decide(
    warehouse: Path, bills: Path
) -> None:
    write_bill(bills, later(FIRST, 2))
    first = run(warehouse, bills)
    rows = ledger(warehouse)
    again = run(warehouse, bills)
    assert ledger(warehouse) == rows
    assert len(rows) == 2
    for result in (first, again):
        assert f"collect --accept {rows[-1].load_id}" in " ".join(result.output.split())


def test_an_accepted_version_is_loaded_and_the_ledger_says_who_and_why(
    warehouse: Path, bills: Path, tmp_path: Path
) -> None:
    small = later(FIRST, 2)
    write_bill(bills, small)
    collect(bills, warehouse)
    held = ledger(warehouse)[-1]
    result = run(
        warehouse, bills, "--accept", held.load_id, "--by", "Ada", "--reason", "account moved"
    )
    assert result.exit_code == 0
    decided, loaded = ledger(warehouse)[-2:]
    assert (decided.status, decided.decided_by, decided.reason) == (
        Status.ACCEPTED,
        "Ada",
        "account moved",
    )
    assert (loaded.status, loaded.load_id) == (Status.LOADED, held.load_id)
    assert loaded.restated_usd == Decimal(-80)
    write_bill(tmp_path / "alone", small)
    collect(tmp_path / "alone", tmp_path / "v" / "costs.duckdb")
    assert tables(warehouse) == tables(tmp_path / "v" / "costs.duckdb")
    assert collect(bills, warehouse)[0].outcome is Outcome.UNCHANGED


def test_a_rejected_version_is_left_alone_by_later_runs_and_the_ledger_says_who_and_why(
    warehouse: Path, bills: Path
) -> None:
    before = tables(warehouse)
    write_bill(bills, later(FIRST, 2))
    collect(bills, warehouse)
    held = ledger(warehouse)[-1]
    result = run(warehouse, "--reject", held.load_id, "--by", "Ada", "--reason", "cut off")
    assert result.exit_code == 0
    rows = ledger(warehouse)
    assert (rows[-1].status, rows[-1].decided_by, rows[-1].reason) == (
        Status.REJECTED,
        "Ada",
        "cut off",
    )
    assert collect(bills, warehouse)[0].outcome is Outcome.REJECTED
    assert (ledger(warehouse), tables(warehouse)) == (rows, before)


def test_a_newer_version_after_a_rejected_one_is_judged_anew(warehouse: Path, bills: Path) -> None:
    small = later(FIRST, 2)
    write_bill(bills, small)
    collect(bills, warehouse)
    run(warehouse, "--reject", ledger(warehouse)[-1].load_id, "--by", "Ada", "--reason", "cut")
    smaller = later(small, 1)
    write_bill(bills, smaller)
    assert collect(bills, warehouse)[0].outcome is Outcome.HELD
    whole = replace(FIRST, written=FIRST.written + timedelta(days=4))
    write_bill(bills, whole)
    assert collect(bills, warehouse)[0].outcome is Outcome.LOADED


def test_a_hold_that_a_newer_version_has_replaced_can_no_longer_be_decided(
    warehouse: Path, bills: Path
) -> None:
    write_bill(bills, later(FIRST, 2))
    collect(bills, warehouse)
    held = ledger(warehouse)[-1]
    write_bill(bills, replace(FIRST, written=FIRST.written + timedelta(days=4)))
    collect(bills, warehouse)
    result = run(warehouse, "--accept", held.load_id, "--by", "Ada", "--reason", "late")
    assert f"No load {held.load_id} is held. Held are: none." in str(result.exception)


def test_a_rule_that_shrinks_a_loaded_bill_is_held_and_a_better_rule_is_not(
    warehouse: Path, bills: Path, tmp_path: Path
) -> None:
    drop = '[[line]]\nid = "site-not-ai"\nevidence = "x"\nmatch = "sonnet"\nai = false\n'
    site = write_site(tmp_path / "site", aws=drop)
    assert collect(bills, warehouse, site)[0].outcome is Outcome.HELD
    held = ledger(warehouse)[-1]
    run(warehouse, "--reject", held.load_id, "--by", "Ada", "--reason", "wrong rule")
    assert collect(bills, warehouse, site)[0].outcome is Outcome.REJECTED
    write_site(site, aws="", customers="id,name,aliases\nacme,,\n")
    assert collect(bills, warehouse, site)[0].outcome is Outcome.LOADED
    assert query(warehouse, "SELECT sum(cost_usd) FROM llm_costs") == [(Decimal(100),)]


def test_a_decision_needs_a_name_and_a_reason(warehouse: Path) -> None:
    result = run(warehouse, "--accept", "L1", "--by", "Ada")
    assert "Say who decides and why" in str(result.exception)


def test_a_smaller_share_holds_sooner(warehouse: Path, bills: Path) -> None:
    write_bill(bills, later(FIRST, 9))
    policy = Policy(lambda: NOW, shrink_share=Decimal("0.05"))
    assert collect(bills, warehouse, policy=policy)[0].outcome is Outcome.HELD
