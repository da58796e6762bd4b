import json
import re
from pathlib import Path

from dashboards.alerting import INTERVAL_SECONDS, grafana_rules
from dashboards.documents import documents
from handlers.alerts import question, rules
from tests.dashboards.engines import HUB


def test_every_rule_is_a_question_its_last_value_and_a_threshold() -> None:
    made = {rule.uid: rule for rule in grafana_rules(HUB)}
    assert len(made) == len(rules())
    stale = made["ai-cost-stale-data"]
    asked, last, decided = (json.loads(step.model) for step in stale.steps)
    assert [step.source for step in stale.steps] == ["ai-cost-hub", "__expr__", "__expr__"]
    assert asked["rawSql"] == question(rules()[0], HUB)
    assert "CURRENT_TIMESTAMP() AS time" in asked["rawSql"]
    assert (last["type"], last["reducer"], last["expression"]) == ("reduce", "last", "A")
    assert decided["conditions"] == [{"evaluator": {"type": "gt", "params": [36.0]}}]
    assert (stale.condition, stale.no_data) == ("C", "Alerting")
    assert stale.labels == {"severity": "critical", "rule": "stale_data"}


def test_a_rule_between_two_values_ends_where_the_next_one_begins() -> None:
    (mostly,) = (r for r in grafana_rules(HUB) if r.uid == "ai-cost-budget-mostly-used")
    assert json.loads(mostly.steps[2].model)["expression"] == "($B > 80) && ($B <= 100)"


def test_grafana_puts_no_variable_into_a_rule_so_none_is_there() -> None:
    for rule in grafana_rules(HUB):
        assert "$" not in json.loads(rule.steps[0].model)["rawSql"]


def test_a_message_says_what_how_much_and_where_to_look() -> None:
    shown = {
        (uid, str(panel["id"]))
        for uid, text in documents(HUB).items()
        for panel in json.loads(text)["panels"]
    }
    for rule in grafana_rules(HUB):
        said = rule.annotations
        assert '{{ printf "%.' in said["summary"]
        assert said["description"]
        assert (said["__dashboardUid__"], said["__panelId__"]) in shown
    stale = grafana_rules(HUB)[0].annotations["summary"]
    assert stale == (
        '{{ $labels.cloud }}: no bill was loaded for {{ printf "%.0f" $values.B.Value }} hours'
    )


def test_rules_are_evaluated_after_the_nights_loads_and_seldom() -> None:
    moments = [hour for hour in range(24) if hour * 3600 % INTERVAL_SECONDS == 0]
    assert moments == [0, 6, 12, 18]


def test_a_command_of_the_collectors_door_that_a_rule_names_exists(root: Path) -> None:
    named = {
        name for rule in rules() for name in re.findall(r"python -m handlers ([a-z]+)", rule.remedy)
    }
    assert {"ledger", "costs"} <= named
    assert all((root / "handlers" / "commands" / f"{name}.py").exists() for name in named)
