"""The command, before it answers anything: what it refuses, and what it opens."""

import socket
from datetime import date
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from dashboards.commands.serve import serve
from dashboards.documents import documents
from dashboards.viewer.model import read_dashboard
from dashboards.viewer.panels import DRAWN
from dashboards.viewer.units import UNITS
from dashboards.viewer.warehouse import NOTHING_CHOSEN, PublishedWarehouse
from handlers.errors import UsageError, WarehouseError
from handlers.tables import LEDGER
from handlers.warehouses.duckdb import DuckDbWarehouse
from tests.dashboards.engines import HUB
from tests.sql.engines import complete

TEXTS_AND_TIMES = {"string", "dateTimeFromNow", "time:ddd D MMM"}


def warehouse(folder: Path) -> DuckDbWarehouse:
    made = DuckDbWarehouse(folder / "costs.duckdb", wait_seconds=5)
    with made.open():
        pass
    return made


def test_a_port_that_is_taken_is_told_with_one_that_is_free(tmp_path: Path) -> None:
    made = warehouse(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = ["--port", str(port), "--warehouse", f"duckdb:{made.path}", "--no-browser"]
        error = CliRunner().invoke(serve, words).exception
    assert isinstance(error, UsageError)
    assert f"Port {port} of 127.0.0.1 is in use. One that is free: --port " in str(error)


def test_without_a_warehouse_it_says_how_to_make_one(tmp_path: Path) -> None:
    words = ["--warehouse", f"duckdb:{tmp_path / 'costs.duckdb'}", "--no-browser"]
    error = CliRunner().invoke(serve, words).exception
    assert isinstance(error, WarehouseError)
    assert "python -m handlers collect" in str(error)


def test_a_warehouse_of_a_cloud_is_no_file_to_serve() -> None:
    error = CliRunner().invoke(serve, ["--warehouse", "bigquery"]).exception
    assert isinstance(error, UsageError)


def test_a_file_that_is_no_warehouse_is_told(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "costs.read.duckdb")).close()
    with pytest.raises(WarehouseError, match="is no warehouse of this version"):
        PublishedWarehouse(tmp_path / "costs.duckdb")


def test_a_copy_that_a_load_publishes_is_opened(tmp_path: Path) -> None:
    made = warehouse(tmp_path)
    published = PublishedWarehouse(made.path)
    before = published.edition
    assert published.complete_through() is None
    assert not published.refresh()
    with made.open() as connection:
        marks = ", ".join("?" * len(LEDGER.fields))
        row = complete(LEDGER, {"data_through": date(2026, 11, 20)})
        connection.execute(f"INSERT INTO warehouse.ledger VALUES ({marks})", row)
    assert published.refresh()
    assert published.edition != before
    assert str(published.complete_through()) == "2026-11-20"
    published.close()


@pytest.mark.parametrize(
    "sql", ["DROP TABLE warehouse.ledger", "SELECT * FROM '/etc/passwd'", "ATTACH 'x.duckdb'"]
)
def test_nothing_can_be_written_and_no_other_file_read(tmp_path: Path, sql: str) -> None:
    made = warehouse(tmp_path)
    published = PublishedWarehouse(made.path)
    with pytest.raises(duckdb.Error):
        published.ask(sql, NOTHING_CHOSEN)
    published.close()


def test_everything_in_the_dashboards_is_something_that_the_viewer_draws() -> None:
    panels = [p for text in documents(HUB).values() for p in read_dashboard(text).panels]
    assert {panel.type for panel in panels} <= set(DRAWN)
    units = {panel.defaults["unit"] for panel in panels}
    units |= {
        override.properties["unit"]
        for panel in panels
        for override in panel.overrides
        if "unit" in override.properties
    }
    assert units <= set(UNITS) | TEXTS_AND_TIMES
