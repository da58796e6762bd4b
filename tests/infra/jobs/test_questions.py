"""The questions to the ledger are what GoogleSQL takes, with the values that are bound."""

import pytest

from handlers.warehouses.bigquery import tables
from infra.jobs.following import question
from tests.sql.googlesql import GoogleSql, create_table

# The analyzer's first start on a machine takes fifteen seconds, later ones half a second.
pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "bound", "columns"),
    [
        ("clock", {}, {"now", "loads"}),
        (
            "since",
            {"cloud": "AWS", "warehouse": "redshift", "since": "2026-11-24T09:00:00Z"},
            {"load_id", "cloud_provider", "scope", "period", "status", "loaded_rows", "cost_usd",
             "error"},
        ),
        (
            "last",
            {},
            {"load_id", "warehouse", "cloud_provider", "scope", "period", "status", "finished",
             "loaded_rows", "cost_usd", "data_through", "error"},
        ),
    ],
)  # fmt: skip
def test_a_question_is_valid_on_the_hubs_ledger(
    name: str, bound: dict[str, str], columns: set[str]
) -> None:
    project = GoogleSql()
    [ledger] = [table for table in tables() if table.name == "ledger"]
    project.create(create_table("ledger", ledger))
    resolved = project.analyze(question(name), bound)
    assert {column.name for column in resolved.output_column_list} == columns
    assert {str(column.column.type) for column in resolved.output_column_list} == {"STRING"}
