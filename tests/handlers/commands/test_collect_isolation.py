"""A bill that can't be found out at all does not keep the others from being loaded."""

import json
import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import RunHandlers
from tests.handlers.commands.collected import NOW, facts, tables_of
from tests.handlers.sources.aws.bills import LINE, OTHER, PAYER, Export, csv_bytes, gzipped, lines
from tests.handlers.sources.azure.bills import SUBSCRIPTION, ea_bytes
from tests.handlers.sources.azure.bills import export as azure_export
from tests.handlers.sources.gcp.tables import ACCOUNT, DETAILED, row, write

pytestmark = pytest.mark.slow

COST = "line_item_unblended_cost"
PAYER_COLUMN = "bill_payer_account_id"
OCTOBER = {
    "line_item_usage_start_date": "2026-10-05T00:00:00Z",
    "line_item_usage_end_date": "2026-10-06T00:00:00Z",
}
HEADER = csv_bytes(lines()).splitlines(keepends=True)[0]
LATER = "2026-11-20T16:15:00Z"
OTHER_PAYER = "999999999999"

Collect = Callable[..., tuple[int, str, str]]


@pytest.fixture
def collect(tmp_path: Path, run_handlers: RunHandlers) -> Collect:
    """``collect bills``: its exit code, output and errors."""
    (tmp_path / "site").mkdir()
    rates = "currency,month,rate\nEUR,2026-11,0.86\nJPY,2026-11,155\n"
    (tmp_path / "site" / "rates.csv").write_text(rates, encoding="utf-8")

    def run(*options: str) -> tuple[int, str, str]:
        result = run_handlers(
            *("collect", "bills", "--warehouse", "duckdb:costs.duckdb", "--site", "site"),
            *("--now", NOW, *options),
        )
        assert "Traceback" not in result.stderr
        return result.returncode, result.stdout, result.stderr

    return run


@pytest.fixture
def bills(tmp_path: Path) -> Path:
    """October and November of a payer, and November of another, 0.80 USD of AI each."""
    folder = tmp_path / "bills"
    Export(folder, month="2026-10").write(csv_bytes(lines(OCTOBER, OCTOBER | OTHER)))
    Export(folder).write(csv_bytes(lines({}, OTHER)))
    line = LINE | {PAYER_COLUMN: OTHER_PAYER}
    Export(folder, name="other").write(csv_bytes([line]))
    return folder


def november(folder: Path, created: str = "2026-11-20T04:15:00Z") -> Export:
    return Export(folder, created=created)


def costs(folder: Path) -> list[tuple[str, str, Decimal]]:
    return facts(folder, "scope, strftime(billing_period, '%Y-%m'), cost_usd")


def ledger(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(folder / "costs.read.duckdb", read_only=True) as connection:
        return connection.execute(f"SELECT {columns} FROM ledger ORDER BY rowid").fetchall()


def broken_manifest(folder: Path) -> None:
    november(folder).manifest.write_text('{"dataFiles": [', encoding="utf-8")


def header_only(folder: Path) -> None:
    november(folder).write(HEADER)


def missing_part(folder: Path) -> None:
    november(folder).part("cur2-00001.csv").unlink()


def cut_part(folder: Path) -> None:
    november(folder).write(gzipped(csv_bytes(lines({}, OTHER)))[:20], "cur2-00001.csv.gz")


def manifest_is_a_folder(folder: Path) -> None:
    manifest = november(folder).manifest
    manifest.unlink()
    manifest.mkdir()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (broken_manifest, "cur2-Manifest.json: The manifest is not JSON"),
        (header_only, "cur2-00001.csv: The bill has a header and no line."),
        (missing_part, "cur2-00001.csv', which is not there."),
        (cut_part, "cur2-00001.csv.gz: The file can't be read to its end"),
        (manifest_is_a_folder, "cur2-Manifest.json: The manifest is not a file."),
    ],
)
def test_the_others_are_loaded_and_the_bad_bill_is_failed_in_the_ledger(
    spoil: Callable[[Path], None], said: str, collect: Collect, bills: Path, tmp_path: Path
) -> None:
    spoil(bills)

    code, _, errors = collect()

    assert code == 1
    assert errors.startswith("error: ")
    assert said in errors
    assert costs(tmp_path) == [
        (PAYER, "2026-10", Decimal("0.8")),
        (OTHER_PAYER, "2026-11", Decimal("0.8")),
    ]
    columns = "status, cloud_provider, scope, billing_period, error"
    failed = [row for row in ledger(tmp_path, columns) if row[0] == "failed"]
    # October of the same export says whose it is.
    assert [row[1:4] for row in failed] == [("AWS", PAYER, date(2026, 11, 1))]
    assert f"error: {failed[0][4]}" in errors


@pytest.mark.parametrize(
    "spoil",
    [
        broken_manifest,
        # Three collects each; how each of them is refused is the quick test before.
        *(
            pytest.param(spoil, marks=pytest.mark.slow)
            for spoil in (header_only, missing_part, cut_part)
        ),
    ],
)
def test_what_was_loaded_of_a_bill_that_turned_bad_stays_and_is_mended_by_the_next(
    spoil: Callable[[Path], None], collect: Collect, bills: Path, tmp_path: Path
) -> None:
    collect()
    before = tables_of(tmp_path)
    spoil(bills)

    assert collect()[0] == 1
    assert tables_of(tmp_path) == before

    mended = csv_bytes(lines({COST: "0.9"}, OTHER))
    november(bills, LATER).write(mended)
    assert collect()[0] == 0
    assert (PAYER, "2026-11", Decimal("0.9")) in costs(tmp_path)


def test_an_older_run_does_not_stand_in_for_one_that_can_not_be_read(
    collect: Collect, bills: Path, tmp_path: Path
) -> None:
    newer = november(bills).manifest.parent / "20261121T041500Z" / "cur2-Manifest.json"
    newer.parent.mkdir()
    newer.write_text("{", encoding="utf-8")

    assert collect()[0] == 1
    assert [scope for scope, month, _ in costs(tmp_path) if month == "2026-11"] == [OTHER_PAYER]


def test_a_manifest_that_says_nothing_of_whose_it_is_is_named_without_a_row(
    collect: Collect, bills: Path, tmp_path: Path
) -> None:
    Export(bills, name="third").write(csv_bytes(lines()))
    manifest = Export(bills, name="third").manifest
    manifest.write_text("{", encoding="utf-8")

    code, _, errors = collect()

    assert code == 1
    assert "third-Manifest.json: The manifest is not JSON" in errors
    assert [status for (status,) in ledger(tmp_path, "status")] == ["loaded"] * 3


def test_every_bad_bill_is_named(collect: Collect, bills: Path) -> None:
    broken_manifest(bills)
    Export(bills, name="other").write(
        csv_bytes([LINE | {COST: "1,000", PAYER_COLUMN: OTHER_PAYER}])
    )

    _, _, errors = collect()

    assert errors.count("error: ") == 2
    assert "The manifest is not JSON" in errors
    assert "'1,000' is not an amount." in errors


def test_a_month_that_was_not_asked_for_is_not_complained_of(
    collect: Collect, bills: Path, tmp_path: Path
) -> None:
    broken_manifest(bills)

    assert collect("--period", "2026-10")[0] == 0
    assert [month for _, month, _ in costs(tmp_path)] == ["2026-10"]


def test_a_bill_that_is_there_twice_is_not_loaded_and_the_others_are(
    collect: Collect, bills: Path, tmp_path: Path
) -> None:
    Export(bills, name="copy").write(csv_bytes(lines({}, OTHER)))

    code, _, errors = collect()

    assert code == 1
    assert f"AWS {PAYER} 2026-11 is there twice" in errors
    assert [(scope, month) for scope, month, _ in costs(tmp_path)] == [
        (PAYER, "2026-10"),
        (OTHER_PAYER, "2026-11"),
    ]
    failed = ("failed", PAYER, date(2026, 11, 1))
    assert failed in ledger(tmp_path, "status, scope, billing_period")


@pytest.mark.parametrize("resource", ["/providers/Microsoft.Billing/billingAccounts/8675309", ""])
def test_an_azure_month_that_can_not_be_read_is_isolated_too(
    resource: str, collect: Collect, tmp_path: Path
) -> None:
    folder = tmp_path / "bills"
    mine = f"/subscriptions/{SUBSCRIPTION}"
    line = {"BillingAccountId": "1", "BillingProfileId": "1"}
    azure_export(ea_bytes(line), name="mine", resource=mine).write(folder)
    header = ea_bytes().splitlines(keepends=True)[0]
    azure_export(header, rows=None, resource=resource).write(folder)

    code, _, errors = collect()

    assert code == 1
    assert "part_0_0001.csv: The bill has a header and no line." in errors
    assert [scope for scope, _, _ in costs(tmp_path)] == [SUBSCRIPTION]
    known = [("failed", "8675309")] if resource else []
    assert ledger(tmp_path, "status, scope") == [*known, ("loaded", SUBSCRIPTION)]


def test_a_bill_does_not_stand_in_for_another_export_of_it_that_can_not_be_read(
    collect: Collect, bills: Path, tmp_path: Path
) -> None:
    header = ea_bytes().splitlines(keepends=True)[0]
    azure_export(ea_bytes(), name="actual").write(bills)
    azure_export(header, rows=None, name="focus").write(bills)

    code, _, errors = collect("--cloud", "azure")

    assert code == 1
    assert "The bill has a header and no line." in errors
    assert "Azure 8675309 2026-11 is there twice" in errors
    assert costs(tmp_path) == []


def test_a_google_table_that_can_not_be_read_is_isolated_and_named_with_its_row(
    collect: Collect, bills: Path, tmp_path: Path
) -> None:
    other = "0A1B2C-3D4E5F-6A7B8C"
    table = write(bills, row(), table=DETAILED, name="rows.json")
    table.write_bytes(table.read_bytes() + b'{"cost": \n')
    write(bills, row(billing_account_id=other), table="other")

    code, _, errors = collect()

    assert code == 1
    assert f"{DETAILED}/rows.json, row 2" in errors
    scopes = {scope for scope, _, _ in costs(tmp_path)}
    assert (other in scopes, ACCOUNT in scopes, PAYER in scopes) == (True, False, True)


@pytest.mark.usefixtures("bills")
def test_an_archived_bill_that_was_changed_does_not_keep_the_others_from_being_rebuilt(
    collect: Collect, tmp_path: Path, run_handlers: RunHandlers
) -> None:
    collect()
    (file,) = (tmp_path / "archive" / "aws" / OTHER_PAYER).rglob("*.parquet")
    file.write_bytes(file.read_bytes() + b"x")
    (tmp_path / "site" / "customers.csv").write_text(
        "id,name,aliases,from,to\nacme-corp,Acme,acme,,\n", encoding="utf-8"
    )

    result = run_handlers(
        *("collect", "--from-archive", "--reclassify", "--warehouse", "duckdb:costs.duckdb"),
        *("--site", "site", "--now", NOW),
    )

    assert result.returncode == 1
    assert f"{file.name}: The archive file's content was changed." in result.stderr
    assert facts(tmp_path, "scope, customer_id") == [
        (PAYER, "acme-corp"),
        (PAYER, "acme-corp"),
        (OTHER_PAYER, "acme"),
    ]
    assert ledger(tmp_path, "status, scope")[3] == ("failed", OTHER_PAYER)


@pytest.mark.parametrize("site", ["rates.csv", "attribution.toml"])
def test_site_data_that_is_not_valid_stops_the_run_before_anything_is_written(
    site: str, collect: Collect, bills: Path, tmp_path: Path
) -> None:
    broken_manifest(bills)
    (tmp_path / "site" / site).write_text("nonsense =", encoding="utf-8")

    code, _, errors = collect()

    assert code == 1
    assert site in errors
    assert not (tmp_path / "costs.duckdb").exists()


def test_a_part_that_was_rewritten_under_the_same_manifest_is_loaded(
    collect: Collect, bills: Path, tmp_path: Path
) -> None:
    collect()
    part = november(bills).part("cur2-00001.csv")
    before = part.stat()
    part.write_bytes(part.read_bytes().replace(b",0.80,1K", b",0.70,1K"))
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert part.stat().st_size == before.st_size

    code, output, _ = collect()

    assert code == 0
    assert "2 bills unchanged." in output
    assert (PAYER, "2026-11", Decimal("0.7")) in costs(tmp_path)


def test_a_manifest_of_the_same_bill_with_another_time_and_no_change_is_loaded_once(
    collect: Collect, bills: Path
) -> None:
    collect()
    content = json.loads(november(bills).manifest.read_bytes())
    os.utime(november(bills).manifest)
    november(bills).write_manifest(content)

    assert collect()[1].startswith("nothing changed: all 3 bills are loaded as they are.")
