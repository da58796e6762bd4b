"""The archive keeps a bill's AI lines as they were read, named by their content."""

import hashlib
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from handlers.archive import (
    FolderArchive,
    archived_bill,
    archived_lines,
    archiving,
    scan_archive,
)
from handlers.errors import BillError
from handlers.record import Cloud
from tests.handlers.load.bills import COMPUTE, AwsBill, Line, write_bill
from tests.handlers.load.runs import collect, ledger

PERIOD = date(2026, 11, 1)
BILL = AwsBill(
    "111122223333",
    PERIOD,
    [
        Line(PERIOD, "1.234567890123", tags={"customer": "acme"}),
        Line(PERIOD, "-0.5", line_type="Credit"),
        Line(PERIOD, "20", "BoxUsage", product=COMPUTE),
        Line(date(2026, 11, 9), "22", "BoxUsage", product=COMPUTE),
    ],
    datetime(2026, 11, 20, 4, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write_bill(folder / "bills", BILL)
    collect(folder / "bills", folder / "w" / "costs.duckdb")
    return folder / "w" / "costs.duckdb"


def name_of(warehouse: Path) -> str:
    (row,) = ledger(warehouse)
    assert row.archive is not None
    return row.archive


def test_a_file_is_named_by_its_content_in_the_folder_of_its_bill(warehouse: Path) -> None:
    name = name_of(warehouse)
    content = (warehouse.parent / "archive" / name).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert name == f"aws/111122223333/2026-11/{digest[:32]}.parquet"


def test_a_file_says_whose_bill_it_is(warehouse: Path) -> None:
    bill = archived_bill(FolderArchive(warehouse.parent / "archive"), name_of(warehouse))
    (row,) = ledger(warehouse)
    assert (bill.cloud, bill.scope, bill.period) == (Cloud.AWS, BILL.scope, PERIOD)
    assert (bill.version, bill.exported_at) == (row.source_version, BILL.written)


def test_the_lines_come_back_exactly_and_the_rest_as_its_total(warehouse: Path) -> None:
    bill = archived_bill(FolderArchive(warehouse.parent / "archive"), name_of(warehouse))
    with duckdb.connect() as connection:
        scanned = scan_archive(connection, bill)
        lines = connection.execute("SELECT cost, line_id FROM bill_lines ORDER BY 2").fetchall()
        rest = connection.execute(
            "SELECT service, sum(line_count)::INTEGER, sum(cost) FROM left_out GROUP BY ALL"
        ).fetchall()
    assert scanned.first == scanned.second
    assert (scanned.second.lines, scanned.second.cost) == (4, Decimal("42.734567890123"))
    assert scanned.latest == date(2026, 11, 9)
    assert lines == [(Decimal("1.234567890123"), "line-0"), (Decimal("-0.5"), "line-1")]
    assert rest == [("Amazon Elastic Compute Cloud", 2, 42)]


def test_a_line_keeps_what_the_rules_of_its_load_said(warehouse: Path) -> None:
    path = warehouse.parent / "archive" / name_of(warehouse)
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT model, token_type, customer_id, attribution_rule, is_ai"
            f" FROM {archived_lines(iter([path]))} WHERE line_id = 'line-0'"
        ).fetchall()
    assert rows == [("claude-sonnet-4.5", "input", "acme", "tag", True)]


@pytest.mark.parametrize("scope", ["../../outside", "a/b", ".hidden", "x" * 200, "a b", "ä"])
def test_whatever_a_scope_is_called_its_archive_lies_below_the_archives_folder(
    scope: str, tmp_path: Path
) -> None:
    write_bill(tmp_path / "bills", BILL)
    cells = (tmp_path / "bills").rglob("cur2-00001.csv")
    for part in cells:
        text = part.read_text(encoding="utf-8").replace(BILL.scope, scope)
        part.write_text(text, encoding="utf-8")
    warehouse = tmp_path / "w" / "costs.duckdb"
    collect(tmp_path / "bills", warehouse)
    (file,) = (tmp_path / "w" / "archive").rglob("*.parquet")
    assert len(file.relative_to(tmp_path / "w" / "archive").parts) == 4
    assert not file.parents[1].name.startswith(".")
    assert (
        archived_bill(FolderArchive(tmp_path / "w" / "archive"), name_of(warehouse)).scope == scope
    )


def test_scopes_that_are_alike_have_folders_of_their_own(tmp_path: Path) -> None:
    for scope in ("a/b", "a_b", "a b"):
        write_bill(tmp_path / scope.replace("/", "-"), replace(BILL, scope="111122223333"))
        for part in (tmp_path / scope.replace("/", "-")).rglob("cur2-00001.csv"):
            text = part.read_text(encoding="utf-8").replace(BILL.scope, scope)
            part.write_text(text, encoding="utf-8")
        collect(tmp_path / scope.replace("/", "-"), tmp_path / "w" / "costs.duckdb")
    files = list((tmp_path / "w" / "archive").rglob("*.parquet"))
    assert len({file.parents[1].name for file in files}) == 3


def test_a_parquet_file_of_another_origin_is_refused(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS a) TO '{tmp_path / 'x.parquet'}' (FORMAT parquet)")
    content = (tmp_path / "x.parquet").read_bytes()
    name = hashlib.sha256(content).hexdigest()[:32] + ".parquet"
    (tmp_path / "x.parquet").rename(tmp_path / name)
    with pytest.raises(BillError, match="not an archived bill"):
        archived_bill(FolderArchive(tmp_path), name)


def test_two_that_archive_one_bill_at_once_keep_a_whole_file_each(
    warehouse: Path, tmp_path: Path
) -> None:
    found = archived_bill(FolderArchive(warehouse.parent / "archive"), name_of(warehouse))
    shared, both = FolderArchive(tmp_path), threading.Barrier(2, timeout=20)

    def keep(lines: int) -> str:
        with duckdb.connect() as connection:
            scanned = scan_archive(connection, found)
            connection.execute(
                f"CREATE TABLE staged_lines AS FROM read_parquet('{found.path}') LIMIT {lines}"
            )
            with archiving(connection, shared, found, scanned) as keep_archive:
                both.wait()
                return keep_archive()

    with ThreadPoolExecutor(2) as pool:
        names = list(pool.map(keep, [1, 2]))
    assert len(set(names)) == 2
    assert {archived_bill(shared, name).scope for name in names} == {BILL.scope}
    assert list(tmp_path.rglob("*.tmp")) == []


def test_what_a_killed_process_left_is_removed_and_what_a_running_one_writes_is_not(
    warehouse: Path, tmp_path: Path
) -> None:
    found = archived_bill(FolderArchive(warehouse.parent / "archive"), name_of(warehouse))
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    folder = tmp_path / "aws" / BILL.scope / "2026-11"
    folder.mkdir(parents=True)
    left, running = folder / f".{ended.pid}-1.tmp", folder / f".{os.getppid()}-1.tmp"
    for file in (left, running):
        file.write_bytes(b"half")
    with duckdb.connect() as connection:
        scanned = scan_archive(connection, found)
        connection.execute(f"CREATE TABLE staged_lines AS FROM read_parquet('{found.path}')")
        with archiving(connection, FolderArchive(tmp_path), found, scanned) as keep_archive:
            keep_archive()
    assert [path.name for path in folder.glob("*.tmp")] == [running.name]
