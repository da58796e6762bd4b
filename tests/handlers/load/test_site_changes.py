"""What a change of site data or rules does to what is loaded."""

import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from handlers.commands.collect import collect as collect_command
from handlers.errors import BillError, RateMissing
from handlers.load.load import Outcome, Policy
from tests.handlers.load.bills import AwsBill, Line, write_bill, write_site
from tests.handlers.load.runs import (
    NOW,
    collect,
    collect_archive,
    ledger,
    query,
    tables,
)

pytestmark = pytest.mark.slow

CLOSED, OPEN = date(2026, 9, 1), date(2026, 11, 1)
SCOPE = "111122223333"
RECLASSIFY = Policy(lambda: NOW, reclassify=True)
NO_ALIAS = "id,name,aliases\nacme,,\n"
ALIAS = "id,name,aliases\nacme,,acme-prod\n"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site-changes")
    for period in (CLOSED, OPEN):
        lines = [
            Line(period, "12.5", tags={"customer_id": "acme-prod"}),
            Line(period, "2", usage_type="USE1-Zyx7-Units", unit="", tags={"customer_id": "acme"}),
        ]
        written = datetime(period.year, period.month, 20, 4, tzinfo=UTC)
        write_bill(folder / "bills", AwsBill(SCOPE, period, lines, written))
    site = write_site(folder / "site", customers=NO_ALIAS)
    collect(folder / "bills", folder / "w" / "costs.duckdb", site)
    return folder


@pytest.fixture
def place(loaded: Path, tmp_path: Path) -> Path:
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    return tmp_path


def warehouse(place: Path) -> Path:
    return place / "w" / "costs.duckdb"


def customers(place: Path) -> dict[tuple[date, str], Decimal]:
    rows = query(
        warehouse(place),
        "SELECT billing_period, customer_id, sum(cost_usd) FROM llm_costs GROUP BY ALL",
    )
    return {(period, customer): cost for period, customer, cost in rows}


def test_a_new_alias_reloads_the_open_month_by_itself_and_leaves_the_closed_one(
    place: Path,
) -> None:
    site = write_site(place / "site", customers=ALIAS)
    outcomes = [loaded.outcome for loaded in collect(place / "bills", warehouse(place), site)]
    assert outcomes == [Outcome.CLOSED, Outcome.LOADED]
    assert customers(place) == {
        (CLOSED, "acme-prod"): Decimal("12.5"),
        (CLOSED, "acme"): Decimal(2),
        (OPEN, "acme"): Decimal("14.5"),
    }


@pytest.mark.parametrize("source", ["bills", "archive"])
def test_reclassify_reloads_closed_months_too(source: str, place: Path) -> None:
    site = write_site(place / "site", customers=ALIAS)
    if source == "bills":
        collect(place / "bills", warehouse(place), site, RECLASSIFY)
    else:
        shutil.rmtree(place / "bills")
        collect_archive(warehouse(place), site, RECLASSIFY)
    cost = Decimal("14.5")
    assert customers(place) == {(CLOSED, "acme"): cost, (OPEN, "acme"): cost}


def test_a_dry_run_lists_what_would_move_and_changes_nothing(place: Path) -> None:
    site = write_site(place / "site", customers=ALIAS)
    before = (tables(warehouse(place)), ledger(warehouse(place)))
    published = warehouse(place).with_suffix(".read.duckdb").read_bytes()
    words = [
        "--warehouse", f"duckdb:{warehouse(place)}", "--site", str(site), "--reclassify",
        "--dry-run", "--now", "2026-11-21T06:00:00",
    ]  # fmt: skip
    result = CliRunner().invoke(collect_command, words)
    assert result.exit_code == 0
    cells = [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in result.output.splitlines()
        if line.startswith("│")
    ]
    moved = [
        ["AWS", month, *rest]
        for month in ("2026-09", "2026-11")
        for rest in (
            ["claude-sonnet-4.5", "acme", "0.00", "12.50", "12.50"],
            ["claude-sonnet-4.5", "acme-prod", "12.50", "0.00", "-12.50"],
        )
    ]
    assert cells == moved
    assert (tables(warehouse(place)), ledger(warehouse(place))) == before
    assert warehouse(place).with_suffix(".read.duckdb").read_bytes() == published


def test_a_dry_run_without_reclassify_is_refused(place: Path) -> None:
    result = CliRunner().invoke(collect_command, [str(place / "bills"), "--dry-run"])
    assert "--dry-run goes with --reclassify" in str(result.exception)


def test_a_site_rule_names_a_sku_that_was_unknown(place: Path) -> None:
    unnamed = "SELECT sum(cost_usd) FROM llm_costs WHERE model = 'unknown'"
    assert query(warehouse(place), unnamed) == [(Decimal(4),)]
    rule = (
        '[[model]]\nid = "site-zyx"\nevidence = "USE1-Zyx7-Units"\n'
        'match = \'zyx ?([0-9]+)\'\ngives = "zyx-{1}"\ndeveloper = "zyx"\n'
    )
    site = write_site(place / "site", aws=rule)
    collect(place / "bills", warehouse(place), site, RECLASSIFY)
    named = "SELECT model, model_developer, rule_id, sum(cost_usd) FROM llm_costs GROUP BY ALL"
    assert ("zyx-7", "zyx", "site-zyx", Decimal(4)) in query(warehouse(place), named)


def test_comments_and_expected_spikes_reload_nothing(place: Path, root: Path) -> None:
    example = root / "handlers" / "site" / "examples" / "events.csv"
    events = example.read_text(encoding="utf-8")
    site = write_site(place / "site", customers=f"# who is who\n{NO_ALIAS}", events=events)
    outcomes = [loaded.outcome for loaded in collect(place / "bills", warehouse(place), site)]
    assert outcomes == [Outcome.UNCHANGED, Outcome.UNCHANGED]


def euro_bill(place: Path, period: date) -> None:
    lines = [Line(period, "302.4", currency="EUR"), Line(period, "-0.000000001", currency="EUR")]
    written = datetime(period.year, period.month, 20, 4, tzinfo=UTC)
    write_bill(place / "euro", AwsBill("444455556666", period, lines, written))


def test_a_rate_that_becomes_final_reloads_a_closed_month_by_itself(tmp_path: Path) -> None:
    euro_bill(tmp_path, CLOSED)
    store = tmp_path / "w" / "costs.duckdb"
    provisional = write_site(tmp_path / "site", rates="currency,month,rate\nEUR,2026-08,0.84\n")
    first = collect(tmp_path / "euro", store, provisional)[0].row
    assert first is not None
    assert first.rates_used == '{"EUR": {"rate": "0.84", "month": "2026-08", "provisional": true}}'
    final = write_site(
        tmp_path / "site", rates="currency,month,rate\nEUR,2026-08,0.84\nEUR,2026-09,0.864\n"
    )
    second = collect(tmp_path / "euro", store, final)[0]
    assert second.outcome is Outcome.LOADED
    assert second.row is not None
    assert second.row.rates_used is not None
    assert '"provisional": false' in second.row.rates_used
    # 302.4 / 0.84 = 360 and 302.4 / 0.864 = 350; the nano-euro rounds to a nano-dollar.
    assert first.cost_usd == Decimal("359.999999999")
    assert second.row.cost_usd == Decimal("349.999999999")
    assert collect(tmp_path / "euro", store, final)[0].outcome is Outcome.UNCHANGED


def test_a_final_rate_that_changes_leaves_a_closed_month_to_reclassify(tmp_path: Path) -> None:
    euro_bill(tmp_path, CLOSED)
    store = tmp_path / "w" / "costs.duckdb"
    site = write_site(tmp_path / "site", rates="currency,month,rate\nEUR,2026-09,0.84\n")
    collect(tmp_path / "euro", store, site)
    write_site(site, rates="currency,month,rate\nEUR,2026-09,0.85\n")
    assert collect(tmp_path / "euro", store, site)[0].outcome is Outcome.CLOSED


def test_a_currency_without_a_rate_fails_the_load_and_says_which_line_to_add(
    tmp_path: Path,
) -> None:
    euro_bill(tmp_path, CLOSED)
    with pytest.raises(RateMissing, match="EUR,2026-09,RATE"):
        collect(tmp_path / "euro", tmp_path / "w" / "costs.duckdb")


def test_facts_that_were_lost_come_back_from_the_archive_alone(place: Path) -> None:
    before = tables(warehouse(place))
    shutil.rmtree(place / "bills")
    # Another site and back: everything in the tables is then made from the archive.
    site = write_site(place / "site", customers=ALIAS)
    collect_archive(warehouse(place), site, RECLASSIFY)
    assert tables(warehouse(place)) != before
    site = write_site(place / "site", customers=NO_ALIAS)
    collect_archive(warehouse(place), site, RECLASSIFY)
    assert tables(warehouse(place)) == before


def test_an_archive_that_was_tampered_with_is_refused(place: Path) -> None:
    file = next((place / "w" / "archive").rglob("*.parquet"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(BillError, match=r"content was changed.*restore the file from a backup"):
        collect_archive(warehouse(place), place / "site", RECLASSIFY)


def test_an_archive_that_is_missing_is_named(place: Path) -> None:
    file = next((place / "w" / "archive").rglob("*.parquet"))
    file.unlink()
    with pytest.raises(BillError, match=f"{file.name}: The archive file is not there"):
        collect_archive(warehouse(place), place / "site", RECLASSIFY)


def test_a_customer_may_change_hands_within_a_month(tmp_path: Path) -> None:
    days = [OPEN + timedelta(days=day) for day in (4, 5)]
    lines = [Line(day, "1", tags={"Customer-ID": "shop"}) for day in days]
    bill = AwsBill(SCOPE, OPEN, lines, datetime(2026, 11, 20, 4, tzinfo=UTC))
    write_bill(tmp_path / "bills", bill)
    site = write_site(
        tmp_path / "site",
        customers="id,name,aliases,from,to\nold,,shop,,2026-11-05\nnew,,shop,2026-11-06,\n",
    )
    store = tmp_path / "w" / "costs.duckdb"
    collect(tmp_path / "bills", store, site)
    found = query(store, "SELECT date, customer_id, customer_tag FROM llm_costs ORDER BY 1")
    assert found == [(days[0], "old", "shop"), (days[1], "new", "shop")]
