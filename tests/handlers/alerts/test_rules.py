from pathlib import Path

import pytest

from handlers.alerts import Hub, NoData, Severity, Unit, dollars, question, rules
from handlers.alerts.hub import key_of
from handlers.alerts.rules import RUNBOOKS, asked, parse
from handlers.errors import SiteError, WarehouseError
from handlers.record import Cloud

GOOD = """
[late]
title = "Late"
sql = "stale_data.sql"
labels = ["cloud"]
unit = "hours"
above = 36
severity = "critical"
wait = "0s"
no_data = "alerting"
dashboard = "d"
panel = "p"
panel_id = 3
summary = "{cloud}: {value} hours"
remedy = "Look."
"""


def test_the_shipped_rules_are_valid_and_silence_is_only_news_where_it_means_something() -> None:
    found = {rule.id: rule for rule in rules()}
    assert {"stale_data", "budget_used_up", "forecast_over_budget", "load_trouble"} <= set(found)
    assert [rule.id for rule in rules() if rule.no_data is NoData.ALERTING] == ["stale_data"]
    assert found["stale_data"].above == 36
    assert found["stale_data"].severity is Severity.CRITICAL
    assert found["stale_data"].unit is Unit.HOURS


def test_a_budget_fires_one_rule_at_a_time() -> None:
    found = {rule.id: rule for rule in rules()}
    mostly, up = found["budget_mostly_used"], found["budget_used_up"]
    for value, expected in ((80, (0, 0)), (80.1, (1, 0)), (100, (1, 0)), (100.1, (0, 1))):
        assert (mostly.fires(value), up.fires(value)) == expected


def test_a_text_has_its_words_put_in() -> None:
    (rule,) = parse(GOOD)
    assert rule.told({"cloud": "AWS", "value": "40"}) == "AWS: 40 hours"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('title = "Late"', "", "[late] title: found nothing"),
        ("stale_data.sql", "no.sql", "sql: found 'no.sql'; allowed is a file of"),
        ('["cloud"]', '["Cloud"]', "labels: found ['Cloud']"),
        (
            '"hours"\n',
            '"days"\n',
            "unit: found 'days'; allowed is one of percent, hours, loads, usd",
        ),
        ("above = 36", 'above = "36"', "above: found '36'; allowed is a number"),
        ('["cloud"]', '["cloud"]\nkey = ["model"]', "key: found ['model']; allowed is some of the"),
        ("panel_id = 3", "", "panel_id: found nothing; allowed is a number"),
        ("above = 36", "above = 36\nup_to = 20", "up_to: found 20; allowed is more than above"),
        ('"critical"', '"high"', "severity: found 'high'; allowed is one of info"),
        ('"0s"', '"soon"', "wait: found 'soon'; allowed is a time like"),
        ('"alerting"', '"maybe"', "no_data: found 'maybe'; allowed is one of ok, alerting"),
        (
            "{cloud}:",
            "{model}:",
            "summary: found the word {model}; allowed is a label, value or usd",
        ),
        (
            '["cloud"]',
            '["cloud", "document"]\nkey = ["cloud"]',
            "summary: found no {usd}; allowed is one with it: document",
        ),
        ("[late]", "[late]\nthreshold = 3", "threshold: found a key; allowed is one of above"),
    ],
)
def test_a_wrong_rule_is_told_with_its_key_and_what_is_allowed(
    old: str, new: str, told: str
) -> None:
    assert old in GOOD
    with pytest.raises(SiteError) as refused:
        parse(GOOD.replace(old, new, 1))
    assert told in str(refused.value)


def test_every_mistake_is_told_at_once() -> None:
    wrong = GOOD.replace('"hours"\n', '"days"\n').replace('"0s"', '"soon"')
    with pytest.raises(SiteError, match="2 mistakes"):
        parse(wrong)


def test_a_question_names_the_hubs_own_tables_and_only_expected_clouds() -> None:
    hub = Hub(project="acme-costs", dataset="costs", location="EU", clouds=(Cloud.GCP,))
    sql = asked(rules()[0], hub)
    assert "`acme-costs.costs.serving_ledger`" in sql
    assert "'GCP' AS cloud_provider" in sql
    assert "AWS" not in sql


def test_a_project_that_would_leave_its_quotes_is_refused() -> None:
    hub = Hub(project="x`; DROP", dataset="costs", location="EU")
    with pytest.raises(WarehouseError, match="not a project id"):
        question(rules()[0], hub)


def test_the_key_of_a_customer_is_the_first_half_of_its_hash() -> None:
    # printf untagged | sha256sum
    assert key_of("untagged") == "6ca20016b9c82a1b"


def test_grafana_asks_for_the_number_and_for_the_dollars_of_the_same_rows() -> None:
    hub = Hub(project="acme-costs", dataset="costs", location="EU")
    (rule,) = (rule for rule in rules() if rule.id == "untagged_share")
    inner = asked(rule, hub)
    for sql, number in ((question(rule, hub), "value"), (dollars(rule, hub), "usd")):
        assert sql.startswith(f"SELECT time, cloud, {number} AS value\nFROM (\n")
        assert inner in sql


def test_a_rule_is_the_same_thing_by_its_key_or_by_all_labels() -> None:
    found = {rule.id: rule for rule in rules()}
    assert found["budget_used_up"].key == ("limits", "key")
    assert found["stale_data"].key == found["stale_data"].labels == ("cloud",)


def test_every_rule_has_a_chapter_of_the_runbook(root: Path) -> None:
    text = (root / RUNBOOKS).read_text("utf-8")
    for rule in rules():
        file, anchor = rule.runbook.split("#")
        assert file == RUNBOOKS
        assert f"\n## {anchor}\n" in text
        assert rule.title in text
