"""A forgotten name is in no table that a load writes, whatever brings it; its dollars are."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.load.load import Policy
from handlers.site.forgotten import tombstone_of
from tests.handlers.load.bills import NOVA, AwsBill, Line, write_bill
from tests.handlers.load.runs import NOW, collect, collect_archive, ledger, query, tables, timeless

NOVEMBER = date(2026, 11, 1)
TOMBSTONE = tombstone_of(("acme", "Acme Ltd"), "00112233445566778899aabbccddeeff", "0a1b2c3d")
LINES = [
    Line(NOVEMBER, "1.5", tags={"customer": "acme", "project": "acme-chat"}, resource="arn:acme-1"),
    Line(NOVEMBER, "2", NOVA, tags={"customer": "Acme Ltd"}),
    Line(NOVEMBER, "4", tags={"customer": " ACME "}),
    Line(NOVEMBER, "8", account="210987654322", resource="arn:acme-2"),
    Line(NOVEMBER, "16", tags={"customer": "acme-labs"}),
    Line(NOVEMBER, "32", tags={"customer": "globex"}, resource="arn:globex"),
    Line(NOVEMBER, "64"),
]
MAP = '[[map]]\nmatch = "account"\nexact = "210987654322"\ncustomer = "acme"\n'


@pytest.fixture
def bills(tmp_path: Path) -> Path:
    written = datetime(2026, 11, 20, tzinfo=UTC)
    write_bill(tmp_path / "bills", AwsBill("111122223333", NOVEMBER, LINES, written))
    return tmp_path / "bills"


def site(folder: Path, *, forgotten: bool) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "attribution.toml").write_text(MAP)
    if forgotten:
        (folder / "forgotten.toml").write_text(TOMBSTONE.text())
    else:
        (folder / "customers.csv").write_text("id,aliases\nacme,Acme Ltd\n")
    return folder


def costs(warehouse: Path) -> dict[str, Decimal]:
    rows = query(warehouse, "SELECT customer_id, sum(cost_usd) FROM llm_costs GROUP BY 1")
    return {str(name): Decimal(cost) for name, cost in rows}


OTHERS = {"acme-labs": Decimal(16), "globex": Decimal(32), "untagged": Decimal(64)}


def test_a_load_writes_what_stands_for_a_forgotten_name_in_every_case_and_by_every_way(
    bills: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "costs.duckdb"
    collect(bills, warehouse, site(tmp_path / "site", forgotten=True))
    assert costs(warehouse) == {TOMBSTONE.customer: Decimal("15.5"), **OTHERS}
    for name, rows in tables(warehouse).items():
        for row in rows:
            said = " ".join(map(str, row)).lower().replace("acme-labs", "")
            assert "acme" not in said, (name, row)
    assert query(warehouse, "SELECT count(*) FROM llm_costs WHERE resource_id='arn:globex'") == [
        (1,)
    ]


def test_what_was_loaded_before_is_rewritten_from_the_archive_with_the_same_dollars(
    bills: Path, tmp_path: Path
) -> None:
    before, after = tmp_path / "a" / "costs.duckdb", tmp_path / "b" / "costs.duckdb"
    collect(bills, before, site(tmp_path / "site", forgotten=False))
    assert costs(before) == {"acme": Decimal("15.5"), **OTHERS}
    (tmp_path / "site" / "customers.csv").unlink()
    known = site(tmp_path / "site", forgotten=True)
    collect_archive(before, known, Policy(lambda: NOW, reclassify=True))
    assert costs(before) == {TOMBSTONE.customer: Decimal("15.5"), **OTHERS}

    collect(bills, after, known)
    then = tables(after)
    for name, rows in tables(before).items():
        assert len(rows) == len(then[name]), name

    digests = (
        "SELECT model, token_type, customer_key, rows, usage_amount, cost_usd FROM load_digests"
        " WHERE load_id IN (SELECT load_id FROM llm_costs) ORDER BY ALL"
    )
    assert query(before, digests) == query(after, digests), "parity compares these"


@pytest.mark.slow
def test_a_load_from_an_archive_of_a_nameless_load_says_the_same_again(
    bills: Path, tmp_path: Path
) -> None:
    warehouse = tmp_path / "costs.duckdb"
    known = site(tmp_path / "site", forgotten=True)
    collect(bills, warehouse, known)
    first = tables(warehouse)
    collect_archive(warehouse, known, Policy(lambda: NOW, reclassify=True))
    assert tables(warehouse) == first
    assert len(timeless(ledger(warehouse))) == 1, "nothing changed, so nothing was loaded"
