"""Forgetting a customer: no name in the site or the tables, the same dollars, and it stays so."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from handlers.commands.forget import forget
from handlers.errors import UsageError
from handlers.site import load_site
from handlers.tables import LOADED
from tests.handlers.load.bills import NOVA, AwsBill, Line, write_bill
from tests.handlers.load.runs import collect, query, tables

NOVEMBER = date(2026, 11, 1)
FILES = {
    "customers.csv": "id,name,aliases\nacme,Acme Works,ACME Corp|acme-old\nglobex,Globex,\n",
    "budgets.csv": "scope,id,month,amount_usd\ncustomer,acme,*,100\ntotal,,*,900\n",
    "attribution.toml": (
        '[[map]]\nmatch = "account"\nexact = "210987654322"\ncustomer = "acme"\n'
        '[[map]]\nmatch = "resource"\nregex = "^arn:acme-(.+)$"\n'
    ),
}
LINES = [
    Line(NOVEMBER, "1", tags={"customer": "ACME Corp", "project": "acme-bot"}, resource="arn:x"),
    Line(NOVEMBER, "2", NOVA, account="210987654322"),
    Line(NOVEMBER, "4", tags={"customer": "globex"}),
]


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A site and a warehouse in which acme has 3 of 7 USD; the command's words for them."""
    site = tmp_path / "site"
    site.mkdir()
    for name, text in FILES.items():
        (site / name).write_text(text, encoding="utf-8")
    bill = AwsBill("111122223333", NOVEMBER, LINES, datetime(2026, 11, 20, tzinfo=UTC))
    write_bill(tmp_path / "bills", bill)
    collect(tmp_path / "bills", tmp_path / "costs.duckdb", site)
    return ["acme", "--site", str(site), "--warehouse", f"duckdb:{tmp_path}/costs.duckdb"]


def run(words: list[str]) -> str:
    found = CliRunner().invoke(forget, words, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def costs(tmp_path: Path) -> dict[str, Decimal]:
    statement = "SELECT customer_id, sum(cost_usd) FROM llm_costs GROUP BY 1"
    rows = query(tmp_path / "costs.duckdb", statement)
    return {str(name): Decimal(cost) for name, cost in rows}


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}


def test_without_apply_it_is_only_said(words: list[str], tmp_path: Path) -> None:
    before = contents(tmp_path / "site"), tables(tmp_path / "costs.duckdb")
    said = run(words)
    assert (contents(tmp_path / "site"), tables(tmp_path / "costs.duckdb")) == before
    for part in ("customers.csv: 1 rows", "attribution.toml: 1 maps", "Nothing was changed"):
        assert part in said
    assert "Left to you, a name stands there: attribution.toml, line 7" in said


def test_no_table_has_the_name_after_it_and_the_dollars_are_the_same(
    words: list[str], tmp_path: Path
) -> None:
    said = run([*words, "--archive-years", "10", "--apply"])
    site = load_site(tmp_path / "site")
    (tombstone,) = site.forgotten
    assert costs(tmp_path) == {tombstone.customer: Decimal(3), "globex": Decimal(4)}
    for name, rows in tables(tmp_path / "costs.duckdb").items():
        assert name in {table.name for table in LOADED}
        assert "acme" not in str(rows).lower(), name
    kept = contents(tmp_path / "site")
    del kept["attribution.toml"]  # the expression, which is left to a person
    assert "acme" not in str(kept).lower()
    assert site.attribution.maps[0].customer == tombstone.customer
    assert "10 years after each load" in said
    for part in ("archive", "Redshift", "Azure SQL", "logs", "Pulumi's state", "until: 7 days"):
        assert part in said


@pytest.mark.slow
def test_bills_that_bring_the_name_again_do_not_bring_it_back(
    words: list[str], tmp_path: Path
) -> None:
    run([*words, "--apply"])
    (tombstone,) = load_site(tmp_path / "site").forgotten
    again = [*LINES, Line(NOVEMBER, "8", tags={"customer": "Acme-Old"})]
    bill = AwsBill("111122223333", NOVEMBER, again, datetime(2026, 11, 21, tzinfo=UTC))
    write_bill(tmp_path / "bills", bill)
    collect(tmp_path / "bills", tmp_path / "costs.duckdb", tmp_path / "site")
    assert costs(tmp_path) == {tombstone.customer: Decimal(11), "globex": Decimal(4)}


@pytest.mark.slow
def test_repeated_for_another_warehouse_it_finds_the_same_tombstone(
    words: list[str], tmp_path: Path
) -> None:
    run([*words, "--apply"])
    before = contents(tmp_path / "site")
    run([*words, "--apply"])
    assert contents(tmp_path / "site") == before


def test_what_names_nobody_can_not_be_forgotten(words: list[str]) -> None:
    with pytest.raises(UsageError, match="'untagged' is no customer"):
        run(["untagged", *words[1:]])
