"""The view of FOCUS by GoogleSQL's own evaluator: what DuckDB answers to the same facts."""

from datetime import datetime
from typing import cast

import duckdb
import pytest

from handlers.alerts.runner import Row
from handlers.focus import Dialect, select_list
from handlers.tables import FACTS
from tests.handlers.focus.facts import every_kind
from tests.sql.engines import GoogleSqlRunner, Rows, as_query, complete, plain

pytestmark = pytest.mark.slow


def test_googlesql_shows_the_facts_as_duckdb_does() -> None:
    rows = cast("list[Row]", [*every_kind()])
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{field.name}" {field.type}' for field in FACTS.fields)
        connection.execute(f"CREATE TABLE facts ({columns})")
        marks = ", ".join("?" * len(FACTS.fields))
        connection.executemany(
            f"INSERT INTO facts VALUES ({marks})", [complete(FACTS, row) for row in rows]
        )
        found = connection.execute(
            f"SELECT {select_list(Dialect.DUCKDB)} FROM facts ORDER BY load_id"
        )
        names = [str(column[0]) for column in found.description]
        expected = [plain(dict(zip(names, row, strict=True))) for row in found.fetchall()]
    sql = f"SELECT {select_list(Dialect.BIGQUERY)} FROM ({as_query(FACTS, rows)})"
    answer = [plain(row) for row in GoogleSqlRunner(Rows()).rows(sql)]
    answer.sort(key=lambda row: str(row["x_LoadId"]))
    assert len(expected) == len(rows)
    assert datetime.fromisoformat(str(expected[0]["ChargePeriodStart"]))
    assert answer == expected
