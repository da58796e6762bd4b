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
from dashboards.notification import GROUP as TEMPLATES
from dashboards.notification import MESSAGE, TITLE, template
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
    docs_url: str
    """Where the repository's files are read in a browser; empty when nobody said so."""


class Alerts(pulumi.ComponentResource):
    """A contact point with its message, and a group of rules that names it itself.

    So Grafana's notification policies, of which there is one tree for everybody, stay untouched.
    """

    def __init__(
        self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:grafana:Alerts", name, {}, opts)
        contact = _contact(name, args["notify"], _message(name, self)) if args["notify"] else None
        grafana.alerting.RuleGroup(
            f"{name}-rules",
            name=GROUP,
            folder_uid=args["folder_uid"],
            interval_seconds=INTERVAL_SECONDS,
            rules=[
                _rule(rule, args["source_uid"], contact)
                for rule in grafana_rules(args["hub"], args["docs_url"])
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _message(name: str, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """The message's template, and options of what must come after it."""
    made = grafana.alerting.MessageTemplate(
        f"{name}-message",
        name=TEMPLATES,
        template=template(),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return pulumi.ResourceOptions(parent=parent, depends_on=[made])


def _contact(
    name: str, notify: Sequence[str], options: pulumi.ResourceOptions
) -> grafana.alerting.ContactPoint:
    addresses = [each.removeprefix(MAIL) for each in notify if each.startswith(MAIL)]
    return grafana.alerting.ContactPoint(
        f"{name}-contact",
        name=CONTACT,
        emails=[{"addresses": addresses, "subject": TITLE, "message": MESSAGE}]
        if addresses
        else None,
        # An address of a chat lets whoever knows it write there.
        webhooks=[
            {"url": pulumi.Output.secret(each), "title": TITLE, "message": MESSAGE}
            for each in notify
            if not each.startswith(MAIL)
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
