"""Starts the collector when a delivery of the export is complete.

The manifest is what AWS writes last. Notifications are an addition to the bucket of exports, whose
own inputs stay as they are; they reach the rules of the bucket's own account and region.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi_aws import cloudwatch, lambda_, s3, sqs

from infra.aws.permissions import receives_from


class ManifestTriggerArgs(TypedDict):
    """Which bucket is listened to, and what is started: the Lambda is sent the event itself."""

    region: str
    bucket: pulumi.Input[str]
    prefix: str
    """The folder of the export in the bucket, its name included."""
    rule_name: str
    function: pulumi.Input[str]
    function_arn: pulumi.Input[str]
    dead_letter: pulumi.Input[str]
    """The ARN of the queue for what could not be delivered."""
    dead_letter_url: pulumi.Input[str]


class ManifestTrigger(pulumi.ComponentResource):
    """The bucket's notifications, a rule for manifests, and leave to start the Lambda."""

    def __init__(
        self, name: str, args: ManifestTriggerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:ManifestTrigger", name, {}, opts)
        options = pulumi.ResourceOptions(parent=self)
        region = args["region"]
        notification = s3.BucketNotification(
            f"{name}-notification",
            region=region,
            bucket=args["bucket"],
            eventbridge=True,
            opts=options,
        )
        rule = cloudwatch.EventRule(
            f"{name}-rule",
            region=region,
            name=args["rule_name"],
            description="A delivery of the export of costs is complete",
            event_pattern=pulumi.Output.json_dumps(
                pulumi.Output.all(bucket=args["bucket"], prefix=args["prefix"]).apply(_pattern)
            ),
            opts=options,
        )
        permission = lambda_.Permission(
            f"{name}-permission",
            region=region,
            function=args["function"],
            action="lambda:InvokeFunction",
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            statement_id="manifest",
            opts=options,
        )
        known = pulumi.Output.all(queue=args["dead_letter"], rule=rule.arn)
        policy = sqs.QueuePolicy(
            f"{name}-set-aside",
            region=region,
            queue_url=args["dead_letter_url"],
            policy=pulumi.Output.json_dumps(known.apply(_receives)),
            opts=options,
        )
        cloudwatch.EventTarget(
            f"{name}-target",
            region=region,
            rule=rule.name,
            target_id="collector",
            arn=args["function_arn"],
            retry_policy={
                "maximum_retry_attempts": 10,
                "maximum_event_age_in_seconds": 6 * 3600,
            },
            dead_letter_config={"arn": args["dead_letter"]},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission, policy, notification]),
        )
        self.register_outputs({})


def _pattern(known: Mapping[str, Any]) -> dict[str, Any]:
    """A new object whose key ends as a manifest's does.

    https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html
    """
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {
            "bucket": {"name": [known["bucket"]]},
            "object": {"key": [{"wildcard": f"{known['prefix']}/metadata/*Manifest.json"}]},
        },
    }


def _receives(known: Mapping[str, Any]) -> Mapping[str, Any]:
    return receives_from(str(known["queue"]), str(known["rule"]))
