"""Azure SQL as any earlier version left it becomes one of this version, with all its rows."""

import pytest

from handlers.focus import VIEW
from handlers.tables import VERSION
from tests.fakes.azuresql import FakeAzureSql
from tests.handlers.warehouses.azuresql.loads import Loads, bill
from tests.handlers.warehouses.test_versions import ADDED


def downgrade(server: FakeAzureSql, version: int) -> None:
    """Take away what versions after ``version`` added, from the tables and from the catalog."""
    later = [name for number, names in ADDED.items() if number > version for name in names]
    for name in (name for name in later if "." not in name):
        for place in ("dbo", "staging"):
            kind = "VIEW" if name == VIEW else "TABLE"
            server.rows(f"DROP {kind} IF EXISTS {place}.{name}")
            server.columns.pop(f"{place}.{name}", None)
        server.rows("DELETE FROM catalog_views.columns WHERE TABLE_NAME = ?", name)
    for table, column in (name.split(".") for name in later if "." in name):
        if f"dbo.{table}" in server.columns and column in server.columns[f"dbo.{table}"]:
            server.rows(f'ALTER TABLE dbo.{table} DROP COLUMN "{column}"')
            server.columns[f"dbo.{table}"] -= {column}
            server.rows(
                "DELETE FROM catalog_views.columns WHERE TABLE_NAME = ? AND COLUMN_NAME = ?",
                table,
                column,
            )
    server.rows("UPDATE dbo.schema_version SET version = ?", version)


def shape(server: FakeAzureSql) -> set[tuple[object, ...]]:
    return set(
        server.rows(
            "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE FROM catalog_views.columns"
            " UNION ALL SELECT schema_name, view_name, '', 'view' FROM duckdb_views()"
            " WHERE schema_name = 'dbo'"
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize("version", range(1, VERSION))
def test_azure_sql_of_an_earlier_version_is_brought_forward_with_its_rows(
    loads: Loads, version: int
) -> None:
    loads.write(bill())
    loads.collect()
    cost = loads.cost()
    current = shape(loads.server)
    downgrade(loads.server, version)
    assert shape(loads.server) < current

    loads.migrate()
    assert shape(loads.server) == current
    assert (VERSION,) in loads.server.rows("SELECT max(version) FROM dbo.schema_version")
    assert loads.cost() == cost

    loads.write(bill(cost="2", version=1))
    loads.collect()
    assert loads.cost() == 6
