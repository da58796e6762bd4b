"""The embedded warehouse: what it makes, refuses and publishes."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from handlers.errors import WarehouseError
from handlers.tables import LOADED, TABLES
from handlers.warehouses import LoadBatch
from handlers.warehouses.duckdb import DuckDbWarehouse, open_reader
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import collect, ledger, tables


def opened(path: Path) -> None:
    with DuckDbWarehouse(path, wait_seconds=0).open():
        pass


def test_a_new_warehouse_has_every_table_and_can_be_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "costs.duckdb"
    opened(path)
    with open_reader(path) as connection:
        rows = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'warehouse'"
        ).fetchall()
    assert {str(row[0]) for row in rows} == {table.name for table in TABLES}


def test_opening_again_changes_neither_the_file_nor_the_published_copy(tmp_path: Path) -> None:
    path = tmp_path / "costs.duckdb"
    opened(path)
    published = path.with_suffix(".read.duckdb")
    before = (path.read_bytes(), published.read_bytes(), published.stat().st_ino)
    opened(path)
    assert (path.read_bytes(), published.read_bytes(), published.stat().st_ino) == before


def test_a_column_that_is_new_is_added_to_an_older_warehouse(tmp_path: Path) -> None:
    path = tmp_path / "costs.duckdb"
    opened(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE ledger DROP COLUMN reason")
    opened(path)
    with open_reader(path) as connection:
        assert connection.execute("SELECT count(reason) FROM ledger").fetchall() == [(0,)]


def test_a_column_of_another_type_is_refused_and_both_types_are_named(tmp_path: Path) -> None:
    path = tmp_path / "costs.duckdb"
    opened(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE ledger ALTER rows TYPE VARCHAR")
    with pytest.raises(WarehouseError, match=r"ledger\.rows is VARCHAR and should be BIGINT"):
        opened(path)


@pytest.mark.parametrize("content", [b"", b"no database at all"])
def test_a_file_that_is_no_warehouse_is_refused_and_left_as_it_is(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "costs.duckdb"
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match="can't be opened as a warehouse"):
        opened(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("size", [0, 4096, 8192, 12288])
def test_what_a_killed_writer_left_while_it_made_the_file_is_made_anew(
    size: int, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.duckdb"
    opened(whole)
    (tmp_path / "costs.new.duckdb").write_bytes(whole.read_bytes()[:size])
    (tmp_path / "costs.new.duckdb.wal").write_bytes(b"left over")
    (tmp_path / "costs.read.tmp").write_bytes(whole.read_bytes()[:size])
    opened(tmp_path / "costs.duckdb")
    left = {path.name for path in tmp_path.glob("costs.*")}
    assert left == {"costs.duckdb", "costs.read.duckdb", "costs.lock"}


def test_a_reader_of_nothing_is_told_to_collect_first(tmp_path: Path) -> None:
    with (
        pytest.raises(WarehouseError, match="Collect bills into it first"),
        open_reader(tmp_path / "costs.duckdb"),
    ):
        pass


def test_a_reader_can_not_write(tmp_path: Path) -> None:
    opened(tmp_path / "costs.duckdb")
    with open_reader(tmp_path / "costs.duckdb") as connection, pytest.raises(duckdb.Error):
        connection.execute("DELETE FROM ledger")


def test_a_reader_that_is_open_keeps_what_it_sees_while_a_writer_publishes(tmp_path: Path) -> None:
    path = tmp_path / "costs.duckdb"
    opened(path)
    with open_reader(path) as connection:
        with DuckDbWarehouse(path).open() as writer:
            writer.execute("INSERT INTO warehouse.schema_version VALUES (99, now())")
        versions = "SELECT count(*) FROM schema_version"
        assert connection.execute(versions).fetchall() == [(1,)]
    with open_reader(path) as connection:
        assert connection.execute(versions).fetchall() == [(2,)]


def test_only_an_open_warehouse_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="not open for writing"):
        DuckDbWarehouse(tmp_path / "costs.duckdb").migrate()


def test_a_replacement_that_breaks_off_half_way_leaves_every_table_as_it_was(
    tmp_path: Path,
) -> None:
    path, period = tmp_path / "w" / "costs.duckdb", date(2026, 11, 1)
    written = datetime(2026, 11, 20, 4, tzinfo=UTC)
    write_bill(tmp_path / "bills", AwsBill("111122223333", period, [Line(period, "1")], written))
    (outcome,) = collect(tmp_path / "bills", path)
    before = (tables(path), ledger(path))
    store = DuckDbWarehouse(path)
    with store.open() as connection:
        for table in LOADED[:-1]:
            empty = f"SELECT * FROM warehouse.{table.name} LIMIT 0"
            connection.execute(f"CREATE TEMP TABLE new_{table.name} AS {empty}")
        assert outcome.row is not None
        with pytest.raises(duckdb.CatalogException):
            store.replace(LoadBatch(connection, outcome.row))
    assert (tables(path), ledger(path)) == before
