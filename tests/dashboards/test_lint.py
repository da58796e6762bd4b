import json
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import pytest

from dashboards.documents import documents
from dashboards.lint import DASHBOARD_RULES, PANEL_RULES, lint, lint_all
from dashboards.plan import plan
from dashboards.queries.sql import FILTERS
from tests.dashboards.engines import HUB

Document: TypeAlias = dict[str, Any]
Break: TypeAlias = Callable[[Document], object]

NAMES = [*plan("overview").spots]
STAT, DAILY, TABLE = map(NAMES.index, ("total_cost", "daily_cost", "top_models"))


def sql(old: str, new: str, panel: int = DAILY) -> Break:
    def change(document: Document) -> None:
        target = document["panels"][panel]["targets"][0]
        assert old in target["rawSql"]
        target["rawSql"] = target["rawSql"].replace(old, new)

    return change


def put(value: object, *path: str | int) -> Break:
    def change(document: Document) -> None:
        part: Any = document
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = value

    return change


def override(panel: int, column: str, **changed: object) -> Break:
    """Give properties of the override of ``column`` other values."""

    def change(document: Document) -> None:
        for each in document["panels"][panel]["fieldConfig"]["overrides"]:
            if each["matcher"]["options"] == column:
                for said in each["properties"]:
                    said["value"] = changed.get(said["id"], said["value"])

    return change


def drop_override(panel: int, column: str) -> Break:
    """Leave ``column`` to the looks that every column has."""

    def change(document: Document) -> None:
        config = document["panels"][panel]["fieldConfig"]
        kept = [each for each in config["overrides"] if each["matcher"]["options"] != column]
        assert len(kept) < len(config["overrides"])
        config["overrides"] = kept

    return change


def lead(url: str) -> Break:
    return override(TABLE, "model", links=[{"title": "x", "url": url}])


CHOSEN = "${model_filter:singlequote}"
KEPT = [f"${{{name}:queryparam}}" for name in FILTERS]
FROM = "${__from:date:seconds}"
BROKEN = [
    ("identity", "a uid of small", put("Overview!", "uid")),
    ("identity", "'title' is missing", put("", "title")),
    ("identity", "a tag", put([], "tags")),
    ("panel-ids", "each its own", put(1, "panels", 1, "id")),
    ("panel-ids", "an id each", put(None, "panels", 1, "id")),
    ("grid", "beyond", put(20, "panels", TABLE, "gridPos", "x")),
    ("grid", "overlap", put(4, "panels", 1, "gridPos", "x")),
    ("time", "utc", put("browser", "timezone")),
    ("time", "refresh", put("5m", "refresh")),
    ("time", "range", put("now-6h", "time", "from")),
    ("filters", "have to be", put("model", "templating", "list", 2, "name")),
    ("filters", "All", put("'all'", "templating", "list", 1, "allValue")),
    ("filters", "several", put(False, "templating", "list", 0, "multi")),
    ("filters", "offers", put(True, "templating", "list", 1, "allowCustomValue")),
    ("filters", "query object", put("SELECT 1", "templating", "list", 1, "query")),
    ("filters", "data source", put({"uid": "x"}, "templating", "list", 1, "datasource")),
    ("links", "keep", put(False, "links", 0, "keepTime")),
    ("words", "title", put("", "panels", STAT, "title")),
    ("words", "description", put("Cost.", "panels", STAT, "description")),
    ("source", "ai-cost-hub", put({"uid": "${ds}"}, "panels", STAT, "datasource")),
    ("source", "ai-cost-hub", put({}, "panels", STAT, "targets", 0, "datasource")),
    ("unit", "unit", put("", "panels", STAT, "fieldConfig", "defaults", "unit")),
    ("legend", "shown", put(False, "panels", DAILY, "options", "legend", "showLegend")),
    ("zero", "0", put(None, "panels", DAILY, "fieldConfig", "defaults", "min")),
    ("variables", "named", sql(CHOSEN, "${model_filter}")),
    ("variables", "named", sql(CHOSEN, "$model_filter")),
    ("variables", "named", sql(CHOSEN, "${model_filter:sqlstring}")),
    ("variables", "inside quotes", sql(CHOSEN, f"'{CHOSEN}'")),
    ("variables", "none of", sql(CHOSEN, "${modelfilter:singlequote}")),
    ("variables", "none of", sql(FROM, "${__from:date:YYYY-MM-DD}")),
    ("variables", "macros", sql("costs.charge_type IN", "$__timeFilter(date) AND costs.x IN")),
    ("clock", "chosen time", sql(f"DIV({FROM}, 86400)", "UNIX_DATE(CURRENT_DATE())")),
    ("bounds", "billing_period", sql("costs.billing_period >=", "costs.billing_period >")),
    ("bounds", "date needs", sql("costs.date <=", "costs.date <")),
    ("tables", "unified_costs is not", sql("serving_daily_costs", "unified_costs")),
    ("tables", "daily_costs is not", sql("serving_daily_costs", "daily_costs")),
    ("columns", "named", sql("SELECT\n    spent.model AS model,", "SELECT *,", TABLE)),
    ("columns", "small letters", sql("AS tokens", "AS Tokens", TABLE)),
    ("columns", "GROUP BY model", sql("GROUP BY costs.model", "GROUP BY model", TABLE)),
    ("currency", "only money", override(TABLE, "cost", unit="currencyEUR")),
    (
        "currency",
        "only money",
        put("currencyEUR", "panels", STAT, "fieldConfig", "defaults", "unit"),
    ),
    ("colours", "one colour", override(DAILY, "gcp", color={"fixedColor": "#000000"})),
    ("colours", "gcp has to be", drop_override(DAILY, "gcp")),
    ("width", "1280", put(4, "panels", TABLE, "gridPos", "w")),
    ("transformations", "in the query", put([{"id": "merge"}], "panels", STAT, "transformations")),
    ("data-links", "leads to none", lead("/d/elsewhere?${__url_time_range}")),
    ("data-links", "every filter", lead("/d/cost-trends?var-model_filter=x&${__url_time_range}")),
    ("data-links", "the time", lead("/d/cost-trends?" + "&".join(KEPT))),
    ("filtered", "no effect", sql("customer_filter", "model_filter")),
    ("series", "ORDER BY time", sql("ORDER BY time", "ORDER BY aws")),
    ("series", "not complete", sql("data_through", "loaded_through")),
    ("names", "no such column", sql("AS incomplete", "AS unfinished")),
    ("names", "no such column", sql("AS cost", "AS costs_usd", STAT)),
    ("columns", "GROUP BY 1", sql("GROUP BY costs.model", "GROUP BY 1", TABLE)),
]


@cache
def shipped() -> str:
    return documents(HUB)["multi-cloud-overview"]


def overview() -> Document:
    return json.loads(shipped())


@pytest.mark.parametrize(
    ("rule", "told", "broken"), BROKEN, ids=[f"{n}-{case[0]}" for n, case in enumerate(BROKEN)]
)
def test_each_rule_finds_what_breaks_it_and_says_what_to_do(
    rule: str, told: str, broken: Break
) -> None:
    document = overview()
    broken(document)
    found = [fault for fault in lint(document) if fault.rule == rule]
    assert found
    assert told in " ".join(map(str, found))


def test_every_rule_has_a_case_that_breaks_it() -> None:
    assert {case[0] for case in BROKEN} == {*DASHBOARD_RULES, *PANEL_RULES}


def test_two_dashboards_with_one_uid_are_told() -> None:
    assert [fault.rule for fault in lint_all([overview(), overview()])] == ["uid"]
