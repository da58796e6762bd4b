"""Who is told when a job fails, when a message was given up, when a job has gone quiet.

One policy watches all jobs, for each condition is paid for
(https://docs.cloud.google.com/monitoring/alerts/cost-control).

Quiet is not told by a metric's absence, which Cloud Monitoring follows for 23.5 hours at most
(https://docs.cloud.google.com/monitoring/alerts/metric-absence) while a day lies between two runs.
It is counted instead: PromQL looks as far back as it is asked to, up to two years
(https://docs.cloud.google.com/monitoring/alerts/using-promql).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypedDict
from urllib.parse import urlsplit

import pulumi
import pulumi_gcp as gcp

from handlers.runtimes.log import Step
from infra.gcp.collector import dead_letter
from infra.gcp.task import task_name

QUIET_HOURS = 36
"""A run a day, and half a day of grace."""
STEPS_METRIC = "ai-cost-job-steps"


class AlarmArgs(TypedDict):
    """Whom to tell of which jobs."""

    project: pulumi.Input[str]
    jobs: Sequence[str]
    """The jobs' names, which are those of their Cloud Run services and subscriptions."""
    tasks: Sequence[str]
    """Those of them whose daily run is a task, which is a Cloud Run job (infra/gcp/task.py)."""
    notify: Sequence[str]
    """``mailto:NAME@HOST`` and ``https://...``. The latter gets a POST with JSON; what it needs to
    know the sender by is part of the URL."""
    labels: Mapping[str, str]
    """Policies and channels have labels of their own, which the provider fills in for no one."""


class Alarm(pulumi.ComponentResource):
    """Channels, and a policy for each way in which a job can let people down."""

    channels: Sequence[pulumi.Output[str]]
    """The ids of the channels, for whoever else has something to tell."""

    def __init__(
        self, name: str, args: AlarmArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Alarm", name, {}, opts)
        channels = [self._channel(name, args, address) for address in args["notify"]]
        ids = [channel.id for channel in channels]
        self._failed(name, args, ids)
        self._quiet(name, args, ids, self._steps(name, args))
        self._given_up(name, args, ids)
        self.channels = ids
        self.register_outputs({"channels": ids})

    def _channel(
        self, name: str, args: AlarmArgs, address: str
    ) -> gcp.monitoring.NotificationChannel:
        """Known by its address, so that another order in the configuration changes nothing.

        By its digest, for what comes after the host in a URL may be what lets a sender in.
        """
        mail = address.removeprefix("mailto:")
        is_mail = mail != address
        shown = mail if is_mail else urlsplit(address).hostname
        return gcp.monitoring.NotificationChannel(
            f"{name}-channel-{hashlib.sha256(address.encode()).hexdigest()[:8]}",
            project=args["project"],
            display_name=f"AI cost monitoring: {shown}",
            type="email" if is_mail else "webhook_tokenauth",
            # Whoever knows a chat's address may write there.
            labels={"email_address": mail} if is_mail else {"url": pulumi.Output.secret(address)},
            user_labels=args["labels"],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _failed(self, name: str, args: AlarmArgs, channels: Sequence[pulumi.Input[str]]) -> None:
        """At the first failed attempt, and twice an hour while more come; the jobs run hours apart.

        https://docs.cloud.google.com/logging/docs/alerting/log-based-alerts
        """
        gcp.monitoring.AlertPolicy(
            f"{name}-failed",
            project=args["project"],
            display_name="A job of AI cost monitoring failed",
            combiner="OR",
            severity="ERROR",
            conditions=[
                {
                    "display_name": "a job wrote an error",
                    "condition_matched_log": {
                        "filter": f"{_lines_of(args)} AND severity>=ERROR",
                        "label_extractors": {"job": _job_of_line(args)},
                    },
                }
            ],
            alert_strategy={
                "notification_rate_limit": {"period": "1800s"},
                "auto_close": f"{24 * 3600}s",
            },
            documentation=_documentation(
                "${log.extracted_label.job} wrote an error. Its message is sent again by itself;"
                " `python -m infra status` shows whether a later attempt loaded the bills. The log"
                " says why."
            ),
            notification_channels=channels,
            user_labels=args["labels"],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _steps(self, name: str, args: AlarmArgs) -> gcp.logging.Metric:
        """Counts the jobs' log lines by step; the service is a label of the resource."""
        return gcp.logging.Metric(
            f"{name}-steps",
            project=args["project"],
            name=STEPS_METRIC,
            description="What the jobs of AI cost monitoring did, by step.",
            filter=f"{_lines_of(args)} AND jsonPayload.step:*",
            metric_descriptor={
                "metric_kind": "DELTA",
                "value_type": "INT64",
                "unit": "1",
                "labels": [{"key": "step", "value_type": "STRING"}],
            },
            label_extractors={"step": "EXTRACT(jsonPayload.step)"},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _quiet(
        self,
        name: str,
        args: AlarmArgs,
        channels: Sequence[pulumi.Input[str]],
        steps: gcp.logging.Metric,
    ) -> None:
        gcp.monitoring.AlertPolicy(
            f"{name}-quiet",
            project=args["project"],
            display_name=f"A job has finished nothing for {QUIET_HOURS} hours",
            combiner="OR",
            severity="WARNING",
            conditions=[
                {
                    "display_name": "no run of a job finished",
                    "condition_prometheus_query_language": {
                        "query": quiet_query(args["jobs"], args["tasks"]),
                        "duration": "0s",
                        "evaluation_interval": "600s",
                        # Nobody has counted anything when the policy is made.
                        "disable_metric_validation": True,
                    },
                }
            ],
            documentation=_documentation(
                "No run of ${metric.label.service_name} has finished for"
                f" {QUIET_HOURS} hours. `python -m infra status` shows the last load and the next"
                " run; `python -m infra run` starts one now."
            ),
            notification_channels=channels,
            user_labels=args["labels"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[steps]),
        )

    def _given_up(self, name: str, args: AlarmArgs, channels: Sequence[pulumi.Input[str]]) -> None:
        """Open for as long as a message waits to be looked at."""
        names = ", ".join(f'"{dead_letter(job)}"' for job in args["jobs"])
        gcp.monitoring.AlertPolicy(
            f"{name}-given-up",
            project=args["project"],
            display_name="A message to a job was given up",
            combiner="OR",
            severity="ERROR",
            conditions=[
                {
                    "display_name": "a message waits in a dead letter",
                    "condition_threshold": {
                        "filter": 'resource.type = "pubsub_subscription"'
                        f" AND resource.labels.subscription_id = one_of({names})"
                        ' AND metric.type = "pubsub.googleapis.com/subscription/'
                        'num_undelivered_messages"',
                        "comparison": "COMPARISON_GT",
                        "threshold_value": 0,
                        "duration": "0s",
                        "aggregations": [
                            {"alignment_period": "300s", "per_series_aligner": "ALIGN_MAX"}
                        ],
                    },
                }
            ],
            documentation=_documentation(
                "Every attempt at a message failed, and it was set aside for 31 days. `gcloud"
                " pubsub subscriptions pull JOB-dead-letter` shows it. Mend what the job's log"
                " says, send the message again, then take it off with --auto-ack."
            ),
            notification_channels=channels,
            user_labels=args["labels"],
            opts=pulumi.ResourceOptions(parent=self),
        )


def quiet_query(jobs: Sequence[str], tasks: Sequence[str]) -> str:
    """PromQL that gives each job that was at work 36 hours ago and has finished nothing since.

    That it was at work keeps a new environment from raising an alarm before its first night. The
    resource must be named: https://docs.cloud.google.com/monitoring/promql/promql-mapping. Where
    the daily run is a task its own lines count: the function is only for commands then.
    """
    functions = [job for job in jobs if job not in tasks]
    quiet = [_quiet_of("cloud_run_revision", "service_name", functions)] if functions else []
    if tasks:
        found = _quiet_of("cloud_run_job", "job_name", [task_name(job) for job in tasks])
        quiet.append(f'label_replace({found}, "service_name", "$1", "job_name", "(.*)")')
    return " or ".join(quiet)


def _quiet_of(resource: str, label: str, names: Sequence[str]) -> str:
    series = f"logging_googleapis_com:user_{STEPS_METRIC.replace('-', '_')}"
    ours = f'monitored_resource="{resource}", {label}=~"{"|".join(names)}"'
    finished = f'{series}{{{ours}, step="{Step.FINISHED}"}}[{QUIET_HOURS}h]'
    at_work = f"{series}{{{ours}}}[30d] offset {QUIET_HOURS}h"
    return (
        f"(sum by ({label}) (increase({at_work})) > 0)"
        f" unless (sum by ({label}) (increase({finished})) > 0)"
    )


def _lines_of(args: AlarmArgs) -> str:
    """A filter of Cloud Logging; a function's lines are those of its Cloud Run service."""
    services = (
        'resource.type="cloud_run_revision" AND resource.labels.service_name='
        f"({_either(args['jobs'])})"
    )
    if not args["tasks"]:
        return services
    tasks = [task_name(job) for job in args["tasks"]]
    return (
        f'(({services}) OR (resource.type="cloud_run_job" AND resource.labels.job_name='
        f"({_either(tasks)})))"
    )


def _either(names: Sequence[str]) -> str:
    return " OR ".join(f'"{name}"' for name in names)


def _job_of_line(args: AlarmArgs) -> str:
    """Where a line has its job: functions and tasks in other labels, both in the line itself.

    It is missing where Cloud Run says that a task was killed.
    """
    return f"EXTRACT({'jsonPayload.job' if args['tasks'] else 'resource.labels.service_name'})"


def _documentation(text: str) -> gcp.monitoring.AlertPolicyDocumentationArgsDict:
    return {"content": text, "mime_type": "text/markdown"}
