"""The archive of what the Lambda loaded, in AWS, so that a load waits for no other cloud."""

from typing import TypedDict

import pulumi
from pulumi_aws import s3

from infra.aws.guards import guard
from infra.aws.staging import only_by_tls


class ArchiveArgs(TypedDict):
    """What the bucket is called, and for how long nothing in it can be deleted."""

    bucket: pulumi.Input[str]
    """The bucket's name, unique in all of AWS."""
    region: pulumi.Input[str]
    archive_years: int
    """How long an archived file can neither be deleted nor overwritten, at least 1."""


class Archive(pulumi.ComponentResource):
    """A private bucket whose objects are locked. It outlives the stack: no cloud has them again.

    Governance mode: who administers the account can lift a lock, no collector and no slip of a hand
    can. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """

    bucket: pulumi.Output[str]
    """The bucket's name, known once its objects are locked."""
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ArchiveArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Archive", name, {}, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        region = args["region"]
        bucket = s3.Bucket(
            f"{name}-bucket",
            bucket=args["bucket"],
            region=region,
            object_lock_enabled=True,
            opts=kept,
        )
        guards = guard(name, bucket, region, kept)
        lock = s3.BucketObjectLockConfiguration(
            f"{name}-lock",
            bucket=bucket.bucket,
            region=region,
            rule={"default_retention": {"mode": "GOVERNANCE", "years": args["archive_years"]}},
            opts=kept,
        )
        policy = s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            region=region,
            policy=bucket.arn.apply(only_by_tls),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=True,
                retain_on_delete=True,
                depends_on=[*guards, lock],
            ),
        )
        self.bucket = policy.bucket
        self.arn = bucket.arn
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})
