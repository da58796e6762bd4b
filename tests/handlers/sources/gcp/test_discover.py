"""Which files are a bill, whose, and of which invoice month."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from handlers.errors import BillError
from handlers.sources.folder import FolderSource
from handlers.sources.gcp.discover import discover
from tests.handlers.sources.gcp.tables import (
    ACCOUNT,
    DETAILED,
    ROW,
    STANDARD,
    read,
    row,
    write,
    write_parquet,
)

NOVEMBER = {"invoice": {"month": "202611"}}


def version(folder: Path, *rows: dict[str, Any], written: Callable[..., Path] = write) -> str:
    written(folder, *rows)
    (snapshot,) = discover(folder)
    return snapshot.version


def test_a_snapshot_says_whose_bill_of_which_month_it_is_and_when_it_was_exported_last(
    tmp_path: Path,
) -> None:
    write(tmp_path, row(export_time="2026-10-07 09:00:00 UTC"), ROW)

    (snapshot,) = discover(tmp_path)

    assert (snapshot.scope, snapshot.period) == (ACCOUNT, date(2026, 10, 1))
    assert snapshot.exported_at == datetime(2026, 10, 7, 9, tzinfo=UTC)
    assert snapshot.origin == str(tmp_path / DETAILED)


def test_a_version_changes_when_a_row_is_added_and_not_with_files_or_their_order(
    tmp_path: Path,
) -> None:
    other = row(cost=9.0)
    one_file = version(tmp_path / "a", ROW, other)
    write(tmp_path / "b", ROW, name="2.json")
    two_files = version(tmp_path / "b", other)
    as_parquet = version(tmp_path / "c", other, ROW, written=write_parquet)

    assert one_file == two_files == as_parquet
    assert version(tmp_path / "d", ROW, other, ROW) != one_file
    assert version(tmp_path / "e", ROW, row(cost=9.01)) != one_file
    later = row(cost=9.0, export_time="2026-10-09 09:00:00 UTC")
    assert version(tmp_path / "f", ROW, later) != one_file


def test_a_late_row_of_one_month_leaves_the_version_of_the_other(tmp_path: Path) -> None:
    write(tmp_path / "before", ROW, row(**NOVEMBER))
    write(tmp_path / "after", ROW, row(**NOVEMBER), row(**NOVEMBER))

    before, after = (
        {snapshot.period.month: snapshot.version for snapshot in discover(tmp_path / name)}
        for name in ("before", "after")
    )

    assert before[10] == after[10]
    assert before[11] != after[11]


def test_the_sub_accounts_of_a_reseller_are_scopes_of_their_own(tmp_path: Path) -> None:
    sub_account = "0A1B2C-3D4E5F-6A7B8C"
    write(tmp_path, ROW, row(billing_account_id=sub_account, cost=3.0, credits=[]))

    found = {snapshot.scope: read(snapshot)[1].second for snapshot in discover(tmp_path)}

    assert {scope: total.lines for scope, total in found.items()} == {ACCOUNT: 1, sub_account: 1}
    assert found[sub_account].cost == 3


def test_a_month_is_read_from_the_files_that_hold_it(tmp_path: Path) -> None:
    write(tmp_path, ROW, name="0.json")
    write(tmp_path, row(**NOVEMBER), name="1.jsonl")

    parts = [[part.name for part in snapshot.parts] for snapshot in discover(tmp_path)]

    assert parts == [["0.json"], ["1.jsonl"]]


def test_a_folder_of_any_name_is_known_by_its_rows(tmp_path: Path) -> None:
    write(tmp_path, ROW, table="my bills", name="rows.ndjson")

    (snapshot,) = discover(tmp_path)

    assert snapshot.scope == ACCOUNT


def test_gzip_is_known_by_its_content_and_empty_shards_and_lines_by_nothing(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, ROW)
    path.rename(path.with_suffix(""))
    write(tmp_path, name="000000000001.json")
    with write(tmp_path, ROW, name="000000000002.json").open("ab") as file:
        file.write(b"\n")

    (snapshot,) = discover(tmp_path)
    _, scanned = read(snapshot)

    assert scanned.first == scanned.second
    assert scanned.second.lines == 2


def test_what_other_clouds_wrote_is_left_to_their_own_readers(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"blobs": []}')
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    (tmp_path / "text.json.gz").write_bytes(b"\x1f\x8bnot gzip")

    assert list(discover(tmp_path)) == []


def test_the_standard_and_the_detailed_table_of_one_account_are_refused_together(
    tmp_path: Path,
) -> None:
    write(tmp_path, ROW, table=STANDARD)
    write(tmp_path, ROW, table=DETAILED)

    with pytest.raises(BillError, match=f"{ACCOUNT} 2026-10 is there twice") as refusal:
        list(FolderSource(tmp_path).snapshots([]))
    assert str(tmp_path / STANDARD) in str(refusal.value)
    assert str(tmp_path / DETAILED) in str(refusal.value)


def test_an_export_that_lies_in_the_table_once_more_is_refused(tmp_path: Path) -> None:
    write(tmp_path, ROW)
    write(tmp_path, ROW, table=f"{DETAILED}/second")

    with pytest.raises(BillError, match="is there twice"):
        list(FolderSource(tmp_path).snapshots([]))


def test_the_same_rows_as_json_and_parquet_are_refused(tmp_path: Path) -> None:
    write(tmp_path, ROW)
    write_parquet(tmp_path, ROW)

    with pytest.raises(BillError, match="same rows twice"):
        list(discover(tmp_path))


def test_the_same_file_plain_and_compressed_is_refused(tmp_path: Path) -> None:
    write(tmp_path, ROW, name="rows.json")
    write(tmp_path, ROW, name="rows.json.gz")

    with pytest.raises(BillError, match="plain and compressed"):
        list(discover(tmp_path))


def test_a_table_without_a_row_is_refused(tmp_path: Path) -> None:
    write(tmp_path, name="rows.json")

    with pytest.raises(BillError, match="has no row"):
        list(discover(tmp_path))
