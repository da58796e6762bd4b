import json
import re
from pathlib import Path

from dashboards.alerting import INTERVAL_SECONDS, grafana_rules, queries_a_month
from dashboards.documents import documents, panel_id
from dashboards.queries.sql import FILTERS
from handlers.alerts import question, rules
from handlers.alerts.evaluate import KINDS
from tests.dashboards.engines import HUB


def test_every_rule_is_a_question_its_last_value_and_a_threshold() -> None:
    made = {rule.uid: rule for rule in grafana_rules(HUB)}
    assert len(made) == len(rules())
    stale = made["ai-cost-stale-data"]
    asked, last, decided, *_ = (json.loads(step.model) for step in stale.steps)
    assert [step.source for step in stale.steps][:3] == ["ai-cost-hub", "__expr__", "__expr__"]
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
    for rule in rules():
        assert panel_id(rule.dashboard, rule.panel) == rule.panel_id
    stale = grafana_rules(HUB)[0].annotations["summary"]
    assert stale == (
        '{{ $labels.cloud }}: no bill was loaded for {{ printf "%.0f" $values.B.Value }} hours;'
        ' its last known days cost {{ printf "%.2f" $values.E.Value }} USD each'
    )


def test_every_kind_of_thing_that_a_link_filters_to_has_a_filter() -> None:
    assert {f"{kind}_filter" for kind in KINDS} == set(FILTERS)


def test_every_message_tells_dollars_and_they_are_a_question_of_their_own() -> None:
    made = {rule.uid: rule for rule in grafana_rules(HUB)}
    for rule in rules():
        rendered = made[f"ai-cost-{rule.id.replace('_', '-')}"]
        refs = [step.ref_id for step in rendered.steps]
        assert refs == ["A", "B", "C", "D", "E"]
        assert "$values.E.Value" in rendered.annotations["summary"]
    share = made["ai-cost-untagged-share"]
    models = {step.ref_id: json.loads(step.model) for step in share.steps}
    assert models["D"]["rawSql"].startswith("SELECT time, cloud, usd AS value\n")
    assert models["E"]["expression"] == "D"
    assert share.annotations["summary"] == (
        '{{ $labels.cloud }}: {{ printf "%.1f" $values.B.Value }} % of the last seven days\' cost'
        ' is untagged, {{ printf "%.2f" $values.E.Value }} USD'
    )


def test_an_incident_is_told_with_its_dollars_its_cause_and_the_runbook() -> None:
    (rule,) = (rule for rule in grafana_rules(HUB) if rule.uid == "ai-cost-anomaly")
    assert rule.annotations["summary"] == (
        '{{ $labels.cloud }} cost {{ printf "%.2f" $values.E.Value }} USD {{ $labels.direction }}'
        " than expected in a day, since {{ $labels.day }}; {{ $values.E.Labels.cause }}"
    )
    assert rule.annotations["about"] == (
        "cloud {{ $labels.cloud }}, direction {{ $labels.direction }}, day {{ $labels.day }},"
        " model {{ $values.E.Labels.model }}, customer {{ $values.E.Labels.customer }}"
    )
    assert rule.annotations["runbook"] == "docs/runbooks/alerts.md#anomaly"


def test_what_may_change_of_the_same_thing_is_no_label_and_comes_with_the_dollars() -> None:
    made = {rule.uid: rule for rule in grafana_rules(HUB)}
    for rule in rules():
        steps = {
            step.ref_id: json.loads(step.model)
            for step in made[f"ai-cost-{rule.id.replace('_', '-')}"].steps
        }
        assert steps["A"]["rawSql"].startswith(f"SELECT time, {', '.join(rule.key)}, value AS")
        assert not rule.changing or (set(rule.labels) > set(rule.key) and "E" in steps)
    changing = {rule.id: rule.changing for rule in rules() if rule.changing}
    assert changing["anomaly"] == ("model", "customer", "customer_key", "cause")
    assert changing["budget_used_up"] == ("name",)
    assert changing["invoice_difference"] == ("document",)


def test_rules_are_evaluated_once_a_day_and_what_that_asks_is_known() -> None:
    assert INTERVAL_SECONDS == 24 * 3600
    assert queries_a_month(HUB) == 30 * 2 * len(rules())


def test_a_command_of_the_collectors_door_that_a_rule_names_exists(root: Path) -> None:
    named = {
        name for rule in rules() for name in re.findall(r"python -m handlers ([a-z]+)", rule.remedy)
    }
    assert {"ledger", "costs"} <= named
    assert all((root / "handlers" / "commands" / f"{name}.py").exists() for name in named)
