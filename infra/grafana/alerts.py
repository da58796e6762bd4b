"""The alert rules and whom they tell, in a Grafana that evaluates them."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumiverse_grafana as grafana

from dashboards.alerting import (
    EXPRESSION,
    GROUP,
    INTERVAL_SECONDS,
    GrafanaRule,
    Step,
    grafana_rules,
)
from handlers.alerts import Hub

MAIL = "mailto:"
CONTACT = "AI costs"


class AlertsArgs(TypedDict):
    """What is watched, where the rules live, whom they tell."""

    hub: Hub
    folder_uid: pulumi.Input[str]
    source_uid: pulumi.Input[str]
    notify: Sequence[str]
    """``mailto:NAME@HOST`` and ``https://...``; none leaves it to Grafana's own policy."""


class Alerts(pulumi.ComponentResource):
    """One contact point and one group of rules, which names it itself.

    So Grafana's notification policies, of which there is one tree for everybody, stay untouched.
    """

    def __init__(
        self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:grafana:Alerts", name, {}, opts)
        contact = _contact(name, args["notify"], pulumi.ResourceOptions(parent=self))
        grafana.alerting.RuleGroup(
            f"{name}-rules",
            name=GROUP,
            folder_uid=args["folder_uid"],
            interval_seconds=INTERVAL_SECONDS,
            rules=[_rule(rule, args["source_uid"], contact) for rule in grafana_rules(args["hub"])],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _contact(
    name: str, notify: Sequence[str], options: pulumi.ResourceOptions
) -> grafana.alerting.ContactPoint | None:
    if not notify:
        return None
    addresses = [each.removeprefix(MAIL) for each in notify if each.startswith(MAIL)]
    return grafana.alerting.ContactPoint(
        f"{name}-contact",
        name=CONTACT,
        emails=[{"addresses": addresses}] if addresses else None,
        # An address of a chat lets whoever knows it write there.
        webhooks=[
            {"url": pulumi.Output.secret(each)} for each in notify if not each.startswith(MAIL)
        ],
        opts=options,
    )


def _rule(
    rule: GrafanaRule,
    source: pulumi.Input[str],
    contact: grafana.alerting.ContactPoint | None,
) -> grafana.alerting.RuleGroupRuleArgsDict:
    said: grafana.alerting.RuleGroupRuleArgsDict = {
        "uid": rule.uid,
        "name": rule.title,
        "condition": rule.condition,
        "for_": rule.wait,
        "no_data_state": rule.no_data,
        "exec_err_state": "Error",
        "labels": dict(rule.labels),
        "annotations": dict(rule.annotations),
        "datas": [_step(step, source) for step in rule.steps],
    }
    if contact is not None:
        said["notification_settings"] = {
            "contact_point": contact.name,
            "group_bies": ["alertname", "grafana_folder"],
            "group_wait": "5m",
            "repeat_interval": "24h",
        }
    return said


def _step(step: Step, source: pulumi.Input[str]) -> grafana.alerting.RuleGroupRuleDataArgsDict:
    return {
        "ref_id": step.ref_id,
        "datasource_uid": EXPRESSION if step.source == EXPRESSION else source,
        "model": step.model,
        # A rule's SQL says its own days; Grafana asks for a range all the same.
        "relative_time_range": {"from_": 86_400, "to": 0},
    }
