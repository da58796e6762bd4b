"""The collector in AWS: when it runs, the Lambda, and what keeps what failed.

The schedule hands its message to the Lambda's own queue, which tries it three times. What could not
be delivered and what failed three times is set aside in one dead letter.
"""

import json
from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi_aws import cloudwatch, lambda_, scheduler, sqs

from infra.aws.identity import ServiceRole
from infra.aws.permissions import starts, trusts_service

HANDLER = "handlers.runtimes.aws_main.handle"
TIMEOUT_SECONDS = 900
"""The longest that a Lambda may take."""
MEMORY_MB = 1769
"""One whole vCPU: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
SCRATCH_MB = 2048
ATTEMPTS_AGAIN = 2
"""The most there are: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html"""
KEPT_FAILED_SECONDS = 14 * 86_400
"""The longest that SQS keeps a message."""
LOG_DAYS = 90


class DeadLetterArgs(TypedDict):
    """A queue for what failed."""

    region: str
    queue_name: str


class DeadLetter(pulumi.ComponentResource):
    """Keeps for two weeks what failed or could not be delivered."""

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    queue_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: DeadLetterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:DeadLetter", name, {}, opts)
        queue = sqs.Queue(
            f"{name}-queue",
            region=args["region"],
            name=args["queue_name"],
            message_retention_seconds=KEPT_FAILED_SECONDS,
            sqs_managed_sse_enabled=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = queue.arn
        self.url = queue.url
        self.queue_name = queue.name
        self.register_outputs({"arn": self.arn, "url": self.url})


class LogArgs(TypedDict):
    """Where the Lambda writes."""

    region: str
    job_name: str


class Log(pulumi.ComponentResource):
    """The Lambda's log, made before it so that it ends some day."""

    arn: pulumi.Output[str]
    group: pulumi.Output[str]

    def __init__(
        self, name: str, args: LogArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Log", name, {}, opts)
        group = cloudwatch.LogGroup(
            f"{name}-group",
            region=args["region"],
            name=f"/aws/lambda/{args['job_name']}",
            retention_in_days=LOG_DAYS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = group.arn
        self.group = group.name
        self.register_outputs({"arn": self.arn, "group": self.group})


class CollectorArgs(TypedDict):
    """What the Lambda and its schedule are made of."""

    region: str
    account: str
    job_name: str
    schedule: str | None
    """Five fields of cron, UTC; None where a task runs by the schedule instead."""
    message: Mapping[str, str]
    """What the schedule sends."""
    role: pulumi.Input[str]
    """The ARN of the role that the Lambda runs as."""
    log_group: pulumi.Input[str]
    dead_letter: pulumi.Input[str]
    """The ARN of the queue for what failed."""
    code_bucket: pulumi.Input[str]
    code_object: pulumi.Input[str]
    """The bundle: another one has another name."""
    environment: Mapping[str, pulumi.Input[str]]
    """The Lambda's, complete (handlers/settings.py)."""


class Collector(pulumi.ComponentResource):
    """A Lambda that only IAM reaches, and its schedule."""

    function: pulumi.Output[str]
    function_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: CollectorArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Collector", name, {}, opts)
        function = lambda_.Function(
            f"{name}-function",
            region=args["region"],
            name=args["job_name"],
            description="Collects the bills of AWS into Redshift",
            runtime=lambda_.Runtime.PYTHON3D13,
            architectures=["x86_64"],
            handler=HANDLER,
            s3_bucket=args["code_bucket"],
            s3_key=args["code_object"],
            role=args["role"],
            timeout=TIMEOUT_SECONDS,
            memory_size=MEMORY_MB,
            ephemeral_storage={"size": SCRATCH_MB},
            environment={"variables": args["environment"]},
            logging_config={"log_format": "Text", "log_group": args["log_group"]},
            opts=pulumi.ResourceOptions(parent=self),
        )
        lambda_.FunctionEventInvokeConfig(
            f"{name}-attempts",
            region=args["region"],
            function_name=function.name,
            maximum_retry_attempts=ATTEMPTS_AGAIN,
            destination_config={"on_failure": {"destination": args["dead_letter"]}},
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args["schedule"] is not None:
            self._schedule(name, args, function, cron(args["schedule"]))
        self.function = function.name
        self.function_arn = function.arn
        self.register_outputs({"function": self.function, "function_arn": self.function_arn})

    def _schedule(
        self, name: str, args: CollectorArgs, function: lambda_.Function, expression: str
    ) -> None:
        known = pulumi.Output.all(function=function.arn, dead_letter=args["dead_letter"])
        role = ServiceRole(
            f"{name}-schedule",
            {
                "role_name": f"{args['job_name']}-schedule",
                "description": "Taken by the schedule to start the collector",
                "trust": trusts_service("scheduler.amazonaws.com", args["account"]),
                "policy_name": "start-collector",
                "policy": known.apply(starts),
            },
            pulumi.ResourceOptions(parent=self),
        )
        scheduler.Schedule(
            f"{name}-daily",
            region=args["region"],
            name=args["job_name"],
            description="The daily run of the collector",
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": function.arn,
                "role_arn": role.arn,
                "input": json.dumps(dict(args["message"])),
                "retry_policy": {
                    "maximum_retry_attempts": 10,
                    "maximum_event_age_in_seconds": 6 * 3600,
                },
                "dead_letter_config": {"arn": args["dead_letter"]},
            },
            opts=pulumi.ResourceOptions(parent=self),
        )


def cron(schedule: str) -> str:
    """Five fields of cron as EventBridge writes them.

    It has a field more, the year, numbers the week's days from 1 (Sunday), and wants a ``?`` for
    one of the two days: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html

    Raises:
        ValueError: both days are limited, which EventBridge can't say.
    """
    minute, hour, day, month, weekday = schedule.split()
    if day != "*" and weekday != "*":
        raise ValueError(f"'{schedule}' limits the day of the month and of the week: use one.")
    if weekday == "*":
        return f"cron({minute} {hour} {day} {month} ? *)"
    return f"cron({minute} {hour} ? {month} {_weekdays(weekday)} *)"


def _weekdays(field: str) -> str:
    """The days by name, as both kinds of cron know them; 0 and 7 are Sunday."""
    names = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
    return "".join(names[int(sign)] if sign.isdigit() else sign.upper() for sign in field)
