"""Who is told when the Function App fails, when a command was given up, when it has gone quiet."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict
from urllib.parse import urlsplit

import pulumi
from pulumi_azure_native import monitor

from handlers.runtimes.log import Severity, Step
from infra.azure.staging import POISON

QUIET_HOURS = 36
"""A run a day, and half a day of grace."""


@dataclass(frozen=True)
class Rule:
    """A question to the log: rows in the answer raise the alarm."""

    suffix: str
    title: str
    description: str
    query: str
    severity: int
    """0 is critical, 4 is chatter."""
    every: str
    """How often it is asked, and (``window``) how far back: the price is by the former."""
    window: str


RULES: Sequence[Rule] = (
    Rule(
        "failed",
        "The collector in Azure failed",
        "A command failed. It is tried again by itself; `python -m infra status` shows whether a"
        " later attempt loaded the bills.",
        "union (traces | where tostring(parse_json(message).severity) in"
        f" ('{Severity.ERROR}', '{Severity.CRITICAL}')), (exceptions), (requests | where success"
        " == false)",
        1,
        "PT15M",
        "PT15M",
    ),
    Rule(
        "given-up",
        "A command to the collector in Azure was given up",
        f"A command failed five times and waits in the queue {POISON}. Mend what the log says, and"
        " send it again.",
        f"traces | where message has '{POISON}'",
        1,
        "PT1H",
        "PT1H",
    ),
    Rule(
        "quiet",
        f"The collector in Azure has finished nothing for {QUIET_HOURS} hours",
        "No command of the collector in Azure has finished. `python -m infra status` shows the last"
        " load.",
        f"traces | where timestamp > ago({QUIET_HOURS}h) and"
        f" tostring(parse_json(message).step) == '{Step.FINISHED}'"
        " | summarize finished = count() | where finished == 0",
        2,
        "PT6H",
        "P2D",
    ),
)
"""The queue's length has a metric only for the whole account and once an hour
(https://learn.microsoft.com/azure/storage/queues/monitor-queue-storage-reference), so the host's
own line about a poisoned message is looked for."""


class AlarmArgs(TypedDict):
    """Whom to tell of which Function App."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    app_name: str
    insights_id: pulumi.Input[str]
    notify: Sequence[str]
    """``mailto:NAME@HOST`` and ``https://...``."""


class Alarm(pulumi.ComponentResource):
    """An action group, and a rule for each way in which the Function App lets people down."""

    def __init__(
        self, name: str, args: AlarmArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Alarm", name, {}, opts)
        mails = [each for each in args["notify"] if each.startswith("mailto:")]
        hooks = [each for each in args["notify"] if not each.startswith("mailto:")]
        group = monitor.ActionGroup(
            f"{name}-group",
            action_group_name=f"{args['app_name']}-alarm",
            group_short_name="ai-cost",
            resource_group_name=args["resource_group"],
            location="global",
            enabled=True,
            email_receivers=[
                {
                    "name": _known_as(mail),
                    "email_address": mail.removeprefix("mailto:"),
                    "use_common_alert_schema": True,
                }
                for mail in mails
            ],
            # Whoever knows a chat's address may write there.
            webhook_receivers=[
                {
                    "name": _known_as(hook),
                    "service_uri": pulumi.Output.secret(hook),
                    "use_common_alert_schema": True,
                }
                for hook in hooks
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        for rule in RULES:
            self._rule(name, rule, args, group)
        self.register_outputs({})

    def _rule(self, name: str, rule: Rule, args: AlarmArgs, group: monitor.ActionGroup) -> None:
        monitor.ScheduledQueryRule(
            f"{name}-{rule.suffix}",
            rule_name=f"{args['app_name']}-{rule.suffix}",
            display_name=rule.title,
            description=rule.description,
            resource_group_name=args["resource_group"],
            location=args["location"],
            kind="LogAlert",
            enabled=True,
            severity=rule.severity,
            evaluation_frequency=rule.every,
            window_size=rule.window,
            scopes=[args["insights_id"]],
            # Nothing was logged yet when the rule is made.
            skip_query_validation=True,
            auto_mitigate=True,
            criteria={
                "all_of": [
                    {
                        "query": rule.query,
                        "time_aggregation": monitor.TimeAggregation.COUNT,
                        "operator": monitor.ConditionOperator.GREATER_THAN,
                        "threshold": 0,
                        "failing_periods": {
                            "number_of_evaluation_periods": 1,
                            "min_failing_periods_to_alert": 1,
                        },
                    }
                ]
            },
            actions={"action_groups": [group.id]},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _known_as(address: str) -> str:
    """A name for a receiver: where it goes, and a digest, for the rest may let a sender in."""
    shown = address.removeprefix("mailto:") if "@" in address else urlsplit(address).hostname
    return f"{shown}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
