"""Who is told when the Lambda fails, when something was set aside, when it has gone quiet.

The alarms' names say what to do; an alarm holds no cost and no customer. So the topic is not
encrypted by a key of one's own, which CloudWatch would need a grant on and which is paid for:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

import hashlib
from collections.abc import Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import cloudwatch, sns

from handlers.runtimes.log import Step
from infra.aws.metrics import NAMESPACE, Metric, Told, alarm_on_one, count_lines

QUIET_HOURS = 36
"""A run a day, and half a day of grace."""


class AlarmArgs(TypedDict):
    """Whom to tell of which Lambda."""

    region: str
    account: str
    job_name: str
    log_group: pulumi.Input[str]
    dead_letter: pulumi.Input[str]
    """The queue's name."""
    notify: Sequence[str]
    """``mailto:NAME@HOST`` and ``https://...``. Each has to confirm AWS's first message."""


class Alarm(pulumi.ComponentResource):
    """A topic, whom it tells, and an alarm for each way in which the Lambda lets people down."""

    topic: pulumi.Output[str]
    """For alarms of others; known once alarms may publish."""

    def __init__(
        self, name: str, args: AlarmArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Alarm", name, {}, opts)
        options = pulumi.ResourceOptions(parent=self)
        topic = sns.Topic(
            f"{name}-topic", region=args["region"], name=f"{args['job_name']}-alarm", opts=options
        )
        policy = sns.TopicPolicy(
            f"{name}-topic-policy",
            region=args["region"],
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(
                topic.arn.apply(lambda arn: _published_by_alarms(arn, args["account"]))
            ),
            opts=options,
        )
        for address in args["notify"]:
            mail = address.removeprefix("mailto:")
            is_mail = mail != address
            sns.TopicSubscription(
                f"{name}-{hashlib.sha256(address.encode()).hexdigest()[:8]}",
                region=args["region"],
                topic=topic.arn,
                protocol="email" if is_mail else "https",
                # Whoever knows a chat's address may write there.
                endpoint=mail if is_mail else pulumi.Output.secret(address),
                opts=options,
            )
        told = pulumi.Output.all(topic.arn, policy.id).apply(_first)
        self.topic = told
        self._failed(name, args, told)
        self._set_aside(name, args, told)
        self._quiet(name, args, told)
        self.register_outputs({})

    def _failed(self, name: str, args: AlarmArgs, topic: pulumi.Input[str]) -> None:
        alarm_on_one(
            f"{name}-failed",
            args["region"],
            Metric("Errors", "AWS/Lambda", dimensions={"FunctionName": args["job_name"]}),
            Told(
                f"{args['job_name']} failed",
                "The collector in AWS ended with an error. It is tried again twice;"
                " `python -m infra status` shows whether a later attempt loaded the bills.",
            ),
            topic,
            pulumi.ResourceOptions(parent=self),
        )

    def _set_aside(self, name: str, args: AlarmArgs, topic: pulumi.Input[str]) -> None:
        alarm_on_one(
            f"{name}-given-up",
            args["region"],
            Metric(
                "ApproximateNumberOfMessagesVisible",
                "AWS/SQS",
                "Maximum",
                {"QueueName": args["dead_letter"]},
            ),
            Told(
                f"{args['job_name']} gave up a message",
                "A message to the collector in AWS failed at every attempt and waits"
                " in the dead letter for 14 days. Mend what the log says, and send it again.",
            ),
            topic,
            pulumi.ResourceOptions(parent=self),
        )

    def _quiet(self, name: str, args: AlarmArgs, topic: pulumi.Input[str]) -> None:
        """Counts the log's lines that say that a command has finished.

        Nothing counted is a breach, so that a Lambda that never starts is told of too. That holds
        for a new environment until its first run, which is true: nothing has run yet.
        """
        count_lines(
            f"{name}-finished",
            args["region"],
            args["log_group"],
            f'{{ $.step = "{Step.FINISHED}" }}',
            f"{args['job_name']}-finished",
            pulumi.ResourceOptions(parent=self),
        )
        cloudwatch.MetricAlarm(
            f"{name}-quiet",
            region=args["region"],
            name=f"{args['job_name']} has finished nothing for {QUIET_HOURS} hours",
            alarm_description="No run of the collector in AWS has finished. `python -m infra"
            ' status` shows the last load; a test event {"run": "daily"} starts one now.',
            namespace=NAMESPACE,
            metric_name=f"{args['job_name']}-finished",
            statistic="Sum",
            period=6 * 3600,
            evaluation_periods=QUIET_HOURS // 6,
            datapoints_to_alarm=QUIET_HOURS // 6,
            threshold=1,
            comparison_operator="LessThanThreshold",
            treat_missing_data="breaching",
            alarm_actions=[topic],
            opts=pulumi.ResourceOptions(parent=self),
        )


def _published_by_alarms(arn: str, account: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Alarms",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": arn,
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            }
        ],
    }


def _first(values: list[str]) -> str:
    return values[0]
