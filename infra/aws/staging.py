"""Private buckets for what can be made again: rows on their way into Redshift, and bundles."""

import json
from typing import TypedDict

import pulumi
from pulumi_aws import s3

from infra.aws.guards import guard

EXPIRES_DAYS = 1
"""Rows are needed for minutes; who looks into a failed load has until the next day's."""
LOADS = "loads"
"""What expires of the staging bucket: rows on their way (handlers/runtimes/aws_clients.py)."""


class StagingArgs(TypedDict):
    """A bucket, and what of it expires."""

    bucket: pulumi.Input[str]
    """The bucket's name, unique in all of AWS."""
    region: pulumi.Input[str]
    expires: str | None
    """The folder whose objects go after a day; None keeps them all."""


class Staging(pulumi.ComponentResource):
    """A private bucket that goes with the stack."""

    bucket: pulumi.Output[str]
    """The bucket's name, known once nothing but TLS reaches it."""
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: StagingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Staging", name, {}, opts)
        options = pulumi.ResourceOptions(parent=self)
        region = args["region"]
        bucket = s3.Bucket(
            f"{name}-bucket",
            bucket=args["bucket"],
            region=region,
            force_destroy=True,
            opts=options,
        )
        guards = guard(name, bucket, region, options)
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            region=region,
            rules=_rules(args["expires"]),
            opts=options,
        )
        policy = s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            region=region,
            policy=bucket.arn.apply(only_by_tls),
            opts=pulumi.ResourceOptions(parent=self, depends_on=guards),
        )
        self.bucket = policy.bucket
        self.arn = bucket.arn
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})


def _rules(expires: str | None) -> list[s3.BucketLifecycleConfigurationRuleArgsDict]:
    unfinished: s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": "unfinished-uploads",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
    }
    if expires is None:
        return [unfinished]
    return [
        unfinished,
        {
            "id": "rows-on-their-way",
            "status": "Enabled",
            "filter": {"prefix": f"{expires}/"},
            "expiration": {"days": EXPIRES_DAYS},
        },
    ]


def only_by_tls(arn: str) -> str:
    """The policy, as JSON, of a bucket that answers nobody without TLS."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OnlyByTls",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )
