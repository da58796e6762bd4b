"""What the hub is asked about the platform's own cost."""

from datetime import date
from importlib.resources import files

import pytest

from handlers.warehouses.bigquery import tables
from infra.spending.billed import first_month
from tests.sql.googlesql import GoogleSql, create_table


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 11, 28), date(2026, 9, 1)),
        (date(2026, 2, 1), date(2025, 12, 1)),
        (date(2026, 1, 31), date(2025, 11, 1)),
        (date(2026, 3, 31), date(2026, 1, 1)),
    ],
)
def test_three_months_are_asked_for_the_running_one_among_them(today: date, first: date) -> None:
    assert first_month(today) == first


@pytest.mark.slow
def test_the_question_is_valid_on_the_hubs_table() -> None:
    project = GoogleSql()
    # The view that is asked has the columns of its table.
    [costs] = [table for table in tables() if table.name == "platform_costs"]
    project.create(create_table("serving_platform_costs", costs))
    sql = files("infra.spending").joinpath("billed.sql").read_text(encoding="utf-8")
    resolved = project.analyze(sql, {"first": "2026-09-01"})
    columns = [column.name for column in resolved.output_column_list]
    assert columns == ["month", "cloud_provider", "service", "cost_usd"]
    assert {str(column.column.type) for column in resolved.output_column_list} == {"STRING"}
