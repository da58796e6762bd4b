"""Ending a customer: said first, then done, and nothing of anybody else is touched."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from handlers.commands.offboard import offboard
from handlers.errors import UsageError
from handlers.periods import period_of
from handlers.site import load_site
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import collect

SHARES = """# who gets what
to = "{to}"
[[share]]  # ours since May
customer = "acme"
readers = [
    "user:ann@acme.example",
]

# in two currencies
[[share]]
customer = "globex"
readers = ["group:finops@globex.example"]
"""
FILES = {
    "customers.csv": "id,name,aliases\nacme,Acme Ltd,ACME Corp\nglobex,Globex,\n",
    "budgets.csv": (
        "# plans\nscope,id,month,amount_usd\ncustomer,acme,*,100\ntotal,,*,900\n"
        "customer,globex,*,50\ncustomer,acme,2026-11,120\nmodel,acme,*,5\n"
    ),
    "events.csv": "date,customer,note\n2026-11-03,acme,launch\n2026-11-04,globex,launch\n",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "shares.toml").write_text(SHARES.format(to=tmp_path / "out"), encoding="utf-8")
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}


def run(*words: str) -> str:
    found = CliRunner().invoke(offboard, list(words), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def test_without_apply_it_is_only_said(site: Path, tmp_path: Path) -> None:
    before = contents(site)
    said = run("acme", "--site", str(site))
    assert contents(site) == before
    assert not (tmp_path / "out").exists()
    for part in ("budgets.csv: 2 budgets", "events.csv: 1 expected", "shares.toml", "pulumi up"):
        assert part in said
    assert "Nothing was changed" in said


def test_the_customer_is_ended_after_a_last_share_and_all_else_stays(
    site: Path, tmp_path: Path
) -> None:
    today = datetime.now(UTC).date()
    lines = [Line(period_of(today), "7", tags={"customer": "acme"})]
    bill = AwsBill("111122223333", period_of(today), lines, datetime.now(UTC))
    write_bill(tmp_path / "bills", bill)
    collect(tmp_path / "bills", tmp_path / "costs.duckdb")
    run("acme", "--site", str(site), "--warehouse", f"duckdb:{tmp_path}/costs.duckdb", "--apply")
    after = contents(site)
    assert after["budgets.csv"] == (
        "# plans\nscope,id,month,amount_usd\ntotal,,*,900\ncustomer,globex,*,50\nmodel,acme,*,5\n"
    )
    assert after["events.csv"] == "date,customer,note\n2026-11-04,globex,launch\n"
    assert after["customers.csv"] == FILES["customers.csv"], "late lines still find their customer"
    assert after["shares.toml"].startswith("# who gets what\nto = ")
    assert "\n# in two currencies\n[[share]]\ncustomer" in after["shares.toml"]
    assert [each.customer for each in load_site(site).shares.shares] == ["globex"]
    key = hashlib.sha256(b"acme").hexdigest()[:16]
    shared = tmp_path / "out" / key / f"costs-{today:%Y-%m}.csv"
    assert "7.000000000" in shared.read_text("utf-8")
    again = run("acme", "--site", str(site))
    assert "nothing to end" in again


def test_a_share_that_fails_leaves_the_site_as_it_was(site: Path, tmp_path: Path) -> None:
    before = contents(site)
    words = ["acme", "--site", str(site), "--warehouse", f"duckdb:{tmp_path}/no.duckdb", "--apply"]
    found = CliRunner().invoke(offboard, words)
    assert "there is no warehouse" in str(found.exception)
    assert contents(site) == before


def test_another_name_of_a_customer_is_told_its_id(site: Path) -> None:
    with pytest.raises(UsageError, match="'ACME Corp' is another name of 'acme'"):
        run("ACME Corp", "--site", str(site))
