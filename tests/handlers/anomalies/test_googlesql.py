"""What the hub's job sends to BigQuery, through GoogleSQL's own analyzer over the real tables."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, cast

import pytest

from handlers.alerts import evaluate
from handlers.alerts.bigquery import BigQueryRunner
from handlers.anomalies import refresh
from handlers.site.events import Event
from handlers.warehouses.bigquery import tables, views
from handlers.warehouses.bigquery.jobs import Jobs
from tests.sql.engines import HUB
from tests.sql.googlesql import GoogleSql, create_table

# The analyzer's first start on a machine takes fifteen seconds, later ones half a second.
pytestmark = pytest.mark.slow

PLACE = f"{HUB.project}.{HUB.dataset}"
NOW = datetime(2026, 11, 21, 6, tzinfo=UTC)


def hub(without: str = "") -> GoogleSql:
    """The hub as it is created; ``without`` names a column that its table of anomalies lacks."""
    project = GoogleSql()
    for table in tables():
        fields = json.loads(table.schema_json)
        if table.name == "anomalies":
            fields = [each for each in fields if each["name"] != without]
        made = replace(table, schema_json=json.dumps(fields), cluster=(), partition_field=None)
        project.create(create_table(f"{PLACE}.{table.name}", made))
    for view in views():
        sql = view.sql(HUB.project, HUB.dataset)
        project.create(f"CREATE VIEW `{PLACE}.{view.name}` AS {sql}")
    return project


@cache
def whole_hub() -> GoogleSql:
    return hub()


@dataclass
class AnalyzedJobs:
    """Jobs that analyze what they are asked and answer nothing, but that there are costs."""

    project: GoogleSql
    kinds: list[str] = field(default_factory=list[str])

    def rows(self, what: str, sql: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        assert (what, parameters) == ("alerts", {})
        self.kinds.append(type(self.project.analyze(sql, {})).__name__)
        day = date(2026, 9, 1)
        known = {"first_cost": day, "first_computed": day, "last_computed": day}
        return [known] if "first_cost" in sql else []


def runner(jobs: AnalyzedJobs) -> BigQueryRunner:
    return BigQueryRunner(cast("Jobs", jobs), HUB)


def test_anomalies_are_replaced_by_one_statement_that_googlesql_takes() -> None:
    asked = AnalyzedJobs(whole_hub())
    hostile = Event(date(2026, 11, 1), date(2026, 11, 2), None, "m'\\", 'c"', "O'Brien\\\n`x`")
    refresh(runner(asked), NOW, [hostile])
    assert asked.kinds == ["ResolvedQueryStmt", "ResolvedMergeStmt"]


def test_a_table_without_one_of_the_columns_is_refused() -> None:
    with pytest.raises(Exception, match="score"):
        refresh(runner(AnalyzedJobs(hub(without="score"))), NOW)


def test_every_question_of_an_evaluation_is_one_that_googlesql_takes() -> None:
    asked = AnalyzedJobs(whole_hub())
    assert evaluate(runner(asked), NOW) == []
    assert set(asked.kinds) == {"ResolvedQueryStmt"}
    assert len(asked.kinds) >= 12
