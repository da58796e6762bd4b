"""Whom the hub's job tells of an alert, where no Grafana evaluates the rules.

The job writes a line for each alert, a warning when it is new (``handlers.alerts.log_firings``).
One policy takes these lines and sends what they say. A Grafana on Cloud Run computes nothing
between two requests, so it can't.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from handlers.runtimes.log import Severity

FIELDS: Mapping[str, str] = {
    "told": "message",
    "rule": "alert",
    "usd": "usd",
    "link": "link",
    "remedy": "remedy",
    "runbook": "runbook",
}
"""The labels of an incident, and the field of the job's line that each has. Each combination of
their values is an incident of its own
(https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#LogMatch)."""

RATE_SECONDS = 300
"""The least that Google takes. The job itself tells of each alert once, so nothing is repeated."""


class LoggedAlertsArgs(TypedDict):
    """Whose lines are read, and who is told."""

    project: pulumi.Input[str]
    job: str
    """The hub's own job, whose name is that of its Cloud Run service."""
    channels: Sequence[pulumi.Input[str]]
    docs_url: str
    """Where the repository's files are read in a browser; empty when nobody said so."""
    labels: Mapping[str, str]


class LoggedAlerts(pulumi.ComponentResource):
    """One policy: an incident for each new alert of the day's evaluation."""

    def __init__(
        self, name: str, args: LoggedAlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:LoggedAlerts", name, {}, opts)
        gcp.monitoring.AlertPolicy(
            f"{name}-policy",
            project=args["project"],
            display_name="AI costs: an alert rule fires",
            combiner="OR",
            severity="WARNING",
            conditions=[
                {
                    "display_name": "the hub's job told of a new alert",
                    "condition_matched_log": {
                        "filter": lines_of(args["job"]),
                        "label_extractors": {
                            label: f"EXTRACT(jsonPayload.{field})"
                            for label, field in FIELDS.items()
                        },
                    },
                }
            ],
            alert_strategy={
                "notification_rate_limit": {"period": f"{RATE_SECONDS}s"},
                "auto_close": f"{24 * 3600}s",
            },
            documentation={
                "subject": f"AI costs: {_label('told')}",
                "content": message(args["docs_url"]),
                "mime_type": "text/markdown",
            },
            notification_channels=list(args["channels"]),
            user_labels=args["labels"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def lines_of(job: str) -> str:
    """A filter of Cloud Logging: what ``job`` tells of alerts that are new."""
    return (
        f'resource.type="cloud_run_revision" AND resource.labels.service_name="{job}"'
        f" AND jsonPayload.alert:* AND severity={Severity.WARNING}"
    )


def message(docs_url: str) -> str:
    """What happened, how many dollars, what to do, where it is shown; Markdown.

    What stands in braces is put in for each incident:
    https://docs.cloud.google.com/monitoring/alerts/doc-variables
    """
    runbook = _label("runbook")
    where = f"[{runbook}]({docs_url.rstrip('/')}/{runbook})" if docs_url else runbook
    return "\n\n".join(
        (
            f"**{_label('told')}**",
            f"About {_label('usd')} USD (empty where a rule is not about dollars).",
            f"What to do: {_label('remedy')}",
            f"Panel: {_label('link')}",
            f"Runbook: {where}",
        )
    )


def _label(name: str) -> str:
    return f"${{log.extracted_label.{name}}}"
