"""Every table and view of the hub through GoogleSQL's own analyzer."""

import json
from dataclasses import replace

import pytest

from handlers.focus import VIEW, focus_columns
from handlers.record import COLUMNS, PUBLISHED
from handlers.tables import DAILY, HOURLY
from handlers.warehouses.bigquery import BigQueryTable, BigQueryView, tables, views
from tests.sql.googlesql import GoogleSql, create_table

# The analyzer's first start on a machine takes fifteen seconds, later ones half a second.
pytestmark = pytest.mark.slow

HUB = "some-project.costs"


def with_tables(project: GoogleSql, broken: tuple[str, str] | None = None) -> None:
    """Create every table; in ``broken``, a table and its column, the column has another name."""
    for table in tables():
        made = _renamed(table, broken[1]) if broken and broken[0] == table.name else table
        project.create(create_table(f"{HUB}.{table.name}", made))


def _renamed(table: BigQueryTable, column: str) -> BigQueryTable:
    fields = json.loads(table.schema_json)
    (field,) = (each for each in fields if each["name"] == column)
    field["name"] = "renamed"
    return replace(
        table,
        schema_json=json.dumps(fields),
        cluster=tuple(name for name in table.cluster if name != column),
    )


def create_view(project: GoogleSql, view: BigQueryView) -> dict[str, str]:
    return project.create(f"CREATE VIEW `{HUB}.{view.name}` AS {view.sql('some-project', 'costs')}")


def test_every_table_and_view_is_what_googlesql_takes() -> None:
    project = GoogleSql()
    with_tables(project)
    columns = {view.name: create_view(project, view) for view in views()}
    unified = tuple(columns["unified_costs"])
    assert unified[: len(PUBLISHED)] == PUBLISHED
    assert unified == tuple(column.name for column in COLUMNS)
    assert tuple(columns[VIEW]) == tuple(column.name for column in focus_columns())
    assert set(columns["serving_daily_costs"]) == set(DAILY.names)
    assert set(columns["serving_hourly_costs"]) == {"warehouse", *HOURLY.names}
    assert columns["serving_daily_costs"]["cost"] == "NUMERIC"


@pytest.mark.parametrize(
    ("table", "column", "view"),
    [
        ("azure_llm_costs", "project_id", "unified_costs"),
        ("serving_cut", "path", "serving_paths"),
        ("daily_costs", "customer_key", "serving_daily_costs"),
        ("daily_costs", "warehouse", "serving_daily_costs"),
        ("hourly_costs", "hour", "serving_hourly_costs"),
        ("dimensions", "key", "serving_dimensions"),
        ("ledger", "data_through", "serving_ledger"),
    ],
)
def test_a_view_over_a_column_that_is_not_there_is_refused(
    table: str, column: str, view: str
) -> None:
    project = GoogleSql()
    with_tables(project, (table, column))
    for each in views():
        if each.name == view:
            with pytest.raises(Exception, match=column):
                create_view(project, each)
            return
        create_view(project, each)


def test_a_table_partitioned_by_a_column_that_is_not_there_is_refused() -> None:
    facts = next(table for table in tables() if table.name == "gcp_llm_costs")
    with pytest.raises(Exception, match="billing_period"):
        GoogleSql().create(create_table(f"{HUB}.broken", _renamed(facts, "billing_period")))
