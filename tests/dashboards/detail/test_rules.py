"""The linter's rules for panels that ask a cloud's own warehouse: each finds what breaks it."""

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from dashboards.detail.pages import detail_documents
from dashboards.detail.rules import OWN
from dashboards.lint import lint, lint_all
from handlers.record import Cloud
from tests.dashboards.engines import HUB

Document: TypeAlias = dict[str, Any]
Break: TypeAlias = Callable[[Document], object]
MADE = detail_documents(HUB, tuple(Cloud))
AZURE, AWS, GCP, SIDE = "azure-detail", "aws-detail", "gcp-detail", "clouds-side-by-side"
TOTAL, SERIES, SKUS = 0, 4, 7
COST, DAILY = 0, 2
CHOSEN = "${model_filter:sqlstring}"


def sql(old: str, new: str, panel: int, target: int = 0) -> Break:
    def change(document: Document) -> None:
        asked = document["panels"][panel]["targets"][target]
        key = "rawSQL" if "rawSQL" in asked else "rawSql"
        assert old in asked[key]
        asked[key] = asked[key].replace(old, new)

    return change


def put(value: object, *path: str | int) -> Break:
    def change(document: Document) -> None:
        part: Any = document
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = value

    return change


BROKEN = [
    ("source", AWS, "name its source", put({"uid": "x"}, "panels", 0, "targets", 0, "datasource")),
    ("source", AWS, "name one source", put({"uid": "ai-cost-hub"}, "panels", 0, "datasource")),
    ("mixed", SIDE, "once under its name", put("AWS", "panels", COST, "targets", 1, "refId")),
    ("mixed", SIDE, "same columns", sql("AS incomplete", "AS open", DAILY, 1)),
    ("mixed", SIDE, "leaves something out", sql("SELECT SUM", "SELECT TOP (5) SUM", COST, 1)),
    ("mixed", SIDE, "cloud's name", sql("AS azure", "AS aws", COST, 1)),
    ("quoting", AZURE, "write ${model_filter:sqlstring}", sql(CHOSEN, "${model_filter}", TOTAL)),
    ("quoting", AZURE, "tsql", sql(CHOSEN, "${model_filter:singlequote}", TOTAL)),
    ("quoting", GCP, "bigquery", sql("model_filter:singlequote", "model_filter:sqlstring", TOTAL)),
    ("quoting", AWS, "none of", sql("${model_filter:", "${cloud_filter:", TOTAL)),
    ("quoting", AWS, "inside quotes", sql(CHOSEN, f"'{CHOSEN}'", TOTAL)),
    ("quoting", AWS, "macros", sql("SELECT", "SELECT $__timeFilter(x),", TOTAL)),
    ("filtered", AWS, "no effect", sql("model_filter", "customer_filter", TOTAL)),
    ("clock", AZURE, "chosen time", sql("SELECT", "SELECT GETDATE(),", TOTAL)),
    ("clock", AWS, "chosen time", sql("SELECT", "SELECT SYSDATE,", TOTAL)),
    ("bounds", AZURE, "billing_period", sql("billing_period >=", "billing_period >", TOTAL)),
    ("bounds", AWS, "date needs", sql("costs.date <=", "costs.date <", TOTAL)),
    ("dialect", AZURE, "LIMIT", sql("FROM", "LIMIT 5 FROM", TOTAL)),
    ("dialect", AZURE, "||", sql("costs.service AS", "costs.service || 'x' AS", SKUS)),
    ("dialect", AZURE, "DATE '", sql("CAST('1970-01-01' AS DATE)", "DATE '1970-01-01'", SERIES)),
    ("dialect", AZURE, "not known", sql("COALESCE(", "IFNULL(", TOTAL)),
    ("dialect", AWS, "TOP", sql("SELECT", "SELECT TOP 5", TOTAL)),
    ("dialect", AWS, "not known", sql("COALESCE(", "SAFE_DIVIDE(", TOTAL)),
    ("dialect", GCP, "::", sql("AS cost", "::INT AS cost", TOTAL)),
    ("tables", AWS, "no table", sql("llm_costs.consumption", "llm_costs.alerts", TOTAL)),
    ("tables", AZURE, "no table", sql("dbo.[llm_consumption]", "staging.[ledger]", TOTAL)),
    ("columns", AWS, "small letters", sql("AS credits", "AS Credits", TOTAL)),
    ("columns", AWS, "SELECT *", sql("SELECT", "SELECT *,", TOTAL)),
    ("columns", AZURE, "GROUP BY sku", sql("GROUP BY costs.service", "GROUP BY sku", SKUS)),
    ("rows", AZURE, "at most", sql("TOP (250)", "TOP (5000)", SKUS)),
    ("rows", AWS, "a limit is needed", sql("LIMIT 250", "", SKUS)),
    ("series", AWS, "ORDER BY time", sql("ORDER BY time", "ORDER BY cost", SERIES)),
    ("series", AZURE, "not complete", sql("data_through", "loaded_through", SERIES)),
]


@pytest.mark.parametrize(
    ("rule", "page", "told", "broken"),
    BROKEN,
    ids=[f"{number}-{case[0]}" for number, case in enumerate(BROKEN)],
)
def test_each_rule_finds_what_breaks_it_and_says_what_to_do(
    rule: str, page: str, told: str, broken: Break
) -> None:
    document = json.loads(MADE[page])
    broken(document)
    found = " ".join(str(fault) for fault in lint(document) if fault.rule == rule)
    assert told in found


def test_every_rule_has_a_case_and_what_is_shipped_breaks_none() -> None:
    assert {case[0] for case in BROKEN} == set(OWN)
    assert lint_all([json.loads(text) for text in MADE.values()]) == ()


def test_a_page_about_one_cloud_offers_no_choice_of_clouds_and_its_links_keep_it() -> None:
    document = json.loads(MADE[AZURE])
    names = [each["name"] for each in document["templating"]["list"]]
    assert names == ["customer_filter", "model_filter"]
    document["templating"]["list"] = json.loads(MADE[SIDE])["templating"]["list"]
    assert [fault.rule for fault in lint(document)] == ["filters"]
    urls = [
        link["url"]
        for panel in document["panels"]
        for override in panel["fieldConfig"]["overrides"]
        for said in override["properties"]
        if said["id"] == "links"
        for link in said["value"]
    ]
    assert urls
    assert all("var-cloud_filter=Azure" in url for url in urls)


@pytest.mark.parametrize(
    ("clouds", "made"),
    [
        ((), []),
        ((Cloud.GCP,), ["gcp-detail"]),
        ((Cloud.GCP, Cloud.AWS), ["aws-detail", "gcp-detail", "clouds-side-by-side"]),
    ],
)
def test_a_cloud_without_a_source_has_no_page_and_one_alone_stands_beside_none(
    clouds: tuple[Cloud, ...], made: list[str]
) -> None:
    found = detail_documents(HUB, clouds)
    assert [*found] == made
    assert "dbo." not in "".join(found.values())
