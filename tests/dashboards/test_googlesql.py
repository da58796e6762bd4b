"""Every question of a dashboard and of an alert rule, over the hub's real tables and views."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from dashboards.documents import documents
from handlers.alerts import question, rules
from handlers.warehouses.bigquery import tables, views
from tests.dashboards.engines import HUB, with_days, with_filters
from tests.dashboards.hub_rows import FIRST, LAST
from tests.sql.googlesql import GoogleSql, create_table

# The analyzer's first start on a machine takes fifteen seconds, later ones half a second.
pytestmark = pytest.mark.slow

PLACE = f"{HUB.project}.{HUB.dataset}"


def hub(without: str = "") -> GoogleSql:
    """The hub as it is created; ``without`` names a column that its tables lack."""
    project = GoogleSql()
    for table in tables():
        fields = [f for f in json.loads(table.schema_json) if f["name"] != without]
        made = replace(table, schema_json=json.dumps(fields), cluster=(), partition_field=None)
        project.create(create_table(f"{PLACE}.{table.name}", made))
    return project


def with_views(project: GoogleSql) -> GoogleSql:
    for view in views():
        sql = view.sql(HUB.project, HUB.dataset)
        project.create(f"CREATE VIEW `{PLACE}.{view.name}` AS {sql}")
    return project


@cache
def whole_hub() -> GoogleSql:
    return with_views(hub())


def parts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for panel in document["panels"]:
        yield panel["title"], panel["targets"][0]["rawSql"]
    for variable in document["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["rawSql"]


ASKED = [
    *(
        pytest.param(sql, id=f"{uid}-{title}".replace(" ", "-"))
        for uid, text in documents(HUB).items()
        for title, sql in parts(json.loads(text))
    ),
    *(pytest.param(question(rule, HUB), id=rule.id) for rule in rules()),
]


@pytest.mark.parametrize("sql", ASKED)
def test_googlesql_takes_what_is_deployed_once_grafana_has_put_its_values_in(sql: str) -> None:
    statement = with_filters(with_days(sql, FIRST, LAST), {"model_filter": ["a", "b"]})
    assert re.search(r"\$[\w{]", statement) is None
    made = whole_hub().analyze(statement, {})
    assert type(made).__name__ == "ResolvedQueryStmt"


def test_the_number_that_a_rule_watches_is_a_number_and_its_labels_are_texts() -> None:
    for rule in rules():
        made = whole_hub().analyze(question(rule, HUB), {})
        kinds = {each.name: str(each.column.type) for each in made.output_column_list}
        assert list(kinds) == ["time", *rule.key, "value"]
        assert kinds.pop("time") == "TIMESTAMP"
        assert kinds.pop("value") in {"DOUBLE", "FLOAT64", "INT64", "NUMERIC"}
        assert set(kinds.values()) == {"STRING"}


def test_a_question_about_a_column_that_is_not_there_is_refused() -> None:
    project = with_views(hub(without="amount_usd"))
    with pytest.raises(Exception, match="amount_usd"):
        project.analyze(question(rules()[3], HUB), {})
