"""A warehouse as any earlier version left it becomes one of this version, with all its rows."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from handlers.focus import VIEW
from handlers.tables import LOADED, TABLES, VERSION
from handlers.warehouses.duckdb import DuckDbWarehouse, open_reader
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.load.runs import collect, tables

NOVEMBER = date(2026, 11, 1)
ADDED: Mapping[int, tuple[str, ...]] = {
    2: ("budgets", "anomalies", "alerts", "reconciliation", "parity"),
    3: ("unnamed_costs",),
    4: ("parity.compared_load_id",),
    5: ("bill_totals", "reconciliation.service", "reconciliation.date"),
    6: ("focus_costs",),
}
"""Tables, columns and views that each version brought to a laptop's warehouse."""


def downgrade(path: Path, version: int) -> None:
    """Take away what versions after ``version`` added."""
    later = [name for number, names in ADDED.items() if number > version for name in names]
    gone = {name for name in later if "." not in name}
    with duckdb.connect(str(path)) as connection:
        for name in sorted(gone):
            connection.execute(f"DROP {'VIEW' if name == VIEW else 'TABLE'} {name}")
        for table, column in (name.split(".") for name in later if "." in name):
            if table not in gone:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("DELETE FROM schema_version")
        connection.execute("INSERT INTO schema_version VALUES (?, now()::TIMESTAMP)", [version])


def shape(path: Path) -> set[tuple[str, str, str]]:
    with open_reader(path) as connection:
        rows = connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns()"
            " WHERE database_name = 'warehouse'"
        ).fetchall()
    return {(str(table), str(column), str(kind)) for table, column, kind in rows}


def test_every_version_up_to_this_one_is_known_here() -> None:
    assert list(ADDED) == list(range(2, VERSION + 1)), "say what the new version added"
    known = {table.name for table in TABLES} | {VIEW}
    assert {name.partition(".")[0] for names in ADDED.values() for name in names} <= known


@pytest.mark.slow
@pytest.mark.parametrize("version", range(1, VERSION))
def test_a_warehouse_of_an_earlier_version_is_brought_forward_with_its_rows(
    tmp_path: Path, version: int
) -> None:
    path = tmp_path / "costs.duckdb"
    lines = [Line(NOVEMBER, "1.25", tags={"customer": "acme"}), Line(NOVEMBER, "2.5")]
    written = datetime(2026, 11, 20, tzinfo=UTC)
    write_bill(tmp_path / "bills", AwsBill("111122223333", NOVEMBER, lines, written))
    collect(tmp_path / "bills", path)
    current, rows = shape(path), tables(path)
    downgrade(path, version)

    with DuckDbWarehouse(path, wait_seconds=5).open():
        pass
    assert shape(path) == current
    with open_reader(path) as connection:
        newest = connection.execute("SELECT max(version) FROM schema_version").fetchall()
    assert newest == [(VERSION,)]
    kept = {name for name in rows if name not in {n for v in ADDED.values() for n in v}}
    assert {"llm_costs", "daily_costs", "load_digests"} <= kept <= {t.name for t in LOADED}
    after = tables(path)
    assert {name: after[name] for name in kept} == {name: rows[name] for name in kept}

    later = datetime(2026, 11, 21, tzinfo=UTC)
    write_bill(tmp_path / "bills", AwsBill("111122223333", NOVEMBER, [*lines, lines[0]], later))
    collect(tmp_path / "bills", path)
    assert sum(row[8] for row in tables(path)["llm_costs"]) == 5
