"""The questions of the pages about one cloud, by GoogleSQL's and Microsoft's own parsers."""

from collections.abc import Mapping
from functools import cache
from typing import cast

import pytest

from dashboards.detail.dialects import Dialect, Store, in_hub, own_store
from dashboards.detail.metrics import ABOUT_ONE, SIDE, metrics
from dashboards.queries.sql import FILTERS
from handlers.alerts.runner import Row
from handlers.record import Cloud
from handlers.warehouses.bigquery import tables, views
from tests.dashboards.detail.stores import Stand, asked_by_grafana
from tests.dashboards.detail.test_metrics_in_detail import DAYS, content
from tests.dashboards.engines import HUB, Answer
from tests.sql.engines import GoogleSqlRunner, Rows, as_query, plain
from tests.sql.googlesql import GoogleSql, create_table
from tests.sql.scriptdom import syntax_errors

PLACE = f"{HUB.project}.{HUB.dataset}"
CHOSEN: Mapping[str, list[str]] = {"model_filter": ["a", "b's"], "customer_filter": ["0123"]}


def texts(store: Store, dialect: Dialect) -> Mapping[str, str]:
    """Every question, as Grafana asks it: of everything, and with values chosen."""
    made: dict[str, str] = {}
    for name, metric in metrics().items():
        sql = metric.sql(store, tuple(FILTERS) if name.startswith(SIDE) else ABOUT_ONE)
        made[name] = asked_by_grafana(dialect, sql, DAYS, {})
        made[f"{name}, chosen"] = asked_by_grafana(dialect, sql, DAYS, CHOSEN)
    return made


@cache
def hub() -> GoogleSql:
    project = GoogleSql()
    for table in tables():
        project.create(create_table(f"{PLACE}.{table.name}", table))
    for view in views():
        sql = view.sql(HUB.project, HUB.dataset)
        project.create(f"CREATE VIEW `{PLACE}.{view.name}` AS {sql}")
    return project


@pytest.mark.slow
@pytest.mark.parametrize(
    "store", [own_store(HUB, Cloud.GCP), in_hub(HUB, Cloud.AWS)], ids=["own", "hub"]
)
def test_googlesql_takes_every_question_about_one_cloud(store: Store) -> None:
    for name, sql in texts(store, Dialect.BIGQUERY).items():
        assert type(hub().analyze(sql, {})).__name__ == "ResolvedQueryStmt", name


@pytest.mark.engine
def test_every_question_about_azure_is_t_sql() -> None:
    asked = texts(own_store(HUB, Cloud.AZURE), Dialect.TSQL)
    assert len(asked) > 20
    found = dict(zip(asked, syntax_errors([*asked.values()]), strict=True))
    assert {name: errors for name, errors in found.items() if errors} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", metrics())
def test_googlesql_and_duckdb_answer_every_question_about_one_cloud_alike(name: str) -> None:
    expected = Stand.of(Dialect.BIGQUERY, content()).asked(name, DAYS)
    assert evaluated().asked(name, DAYS) == expected


@cache
def evaluated() -> Stand:
    """A stand-in that holds the same rows and asks GoogleSQL's own evaluator."""
    store = own_store(HUB, Cloud.GCP)
    inlined: dict[str, str] = {}
    for word in ("costs", "ledger"):
        table, held = content().of()[word]
        rows = [{**row, "cloud_provider": Cloud.GCP.value} for row in held]
        inlined[getattr(store, word)] = f"({as_query(table, cast('list[Row]', rows))})"

    def ask(sql: str) -> Answer:
        for name, query in inlined.items():
            sql = sql.replace(name, query)
        return [plain(row) for row in GoogleSqlRunner(Rows()).rows(sql)]

    return Stand(Dialect.BIGQUERY, ask)
