"""The bucket that AWS delivers a payer account's bills to.

Encryption is S3's own key (SSE-S3): the delivering service and the collector then need no grant on
a key, and there is no key whose loss would lose the bills. Who must use a key of their own adopts
a bucket.
"""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi_aws import s3

from infra.aws.guards import guard

NONCURRENT_DAYS = 30
"""How long a delivery stays after the next one overwrote it: long enough to look back, a month."""

COLD_DAYS = 400
"""Bills older than the twelve months that a run still looks at, and one more, are hardly read."""


class ExportBucketArgs(TypedDict):
    """What an ``ExportBucket`` is made from."""

    bucket: pulumi.Input[str]
    """The bucket's name, unique in all of AWS."""
    account: pulumi.Input[str]
    """The payer account, whose exports alone may be delivered."""
    region: pulumi.Input[str]
    """The bucket's region."""


class ExportBucket(pulumi.ComponentResource):
    """A private, versioned bucket that only Data Exports of one account writes to.

    It outlives the stack: bills of months that were delivered can't be asked for again.
    """

    bucket: pulumi.Output[str]
    """The bucket's name, known once its policy lets the export in."""
    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ExportBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:ExportBucket", name, {}, opts)
        region = args["region"]
        bucket = s3.Bucket(
            f"{name}-bucket", bucket=args["bucket"], region=region, opts=self._kept()
        )
        guards = guard(name, bucket, region, self._kept())
        versioning = s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            region=region,
            versioning_configuration={"status": "Enabled"},
            opts=self._kept(),
        )
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            region=region,
            rules=[
                {
                    "id": "superseded-deliveries",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": NONCURRENT_DAYS},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                },
                {
                    "id": "old-bills",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "transitions": [{"days": COLD_DAYS, "storage_class": "GLACIER_IR"}],
                },
            ],
            opts=self._kept(versioning),
        )
        policy = s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            region=region,
            policy=pulumi.Output.json_dumps(
                pulumi.Output.all(arn=bucket.arn, account=args["account"]).apply(_bucket_policy)
            ),
            opts=self._kept(*guards),
        )
        self.bucket = policy.bucket
        self.arn = bucket.arn
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _kept(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Its guards stay with the bucket: without them what outlives the stack would be open."""
        return pulumi.ResourceOptions(
            parent=self, protect=True, retain_on_delete=True, depends_on=list(after)
        )


def _bucket_policy(known: Mapping[str, Any]) -> dict[str, Any]:
    return bucket_policy(str(known["arn"]), str(known["account"]))


def bucket_policy(arn: str, account: str) -> dict[str, Any]:
    """The policy of a bucket that only Data Exports of ``account`` may write to, by TLS.

    What AWS must be granted: https://docs.aws.amazon.com/cur/latest/userguide/dataexports-s3-bucket.html
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DeliverExports",
                "Effect": "Allow",
                "Principal": {
                    "Service": ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"]
                },
                "Action": ["s3:PutObject", "s3:GetBucketPolicy"],
                "Resource": [arn, f"{arn}/*"],
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {
                        "aws:SourceArn": [
                            f"arn:aws:bcm-data-exports:us-east-1:{account}:export/*",
                            f"arn:aws:cur:us-east-1:{account}:definition/*",
                        ]
                    },
                },
            },
            {
                "Sid": "OnlyByTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


def delivery_grant(bucket: str, account: str) -> str:
    """The bucket policy, as JSON, that an adopted bucket needs before an export can write to it."""
    return json.dumps(bucket_policy(f"arn:aws:s3:::{bucket}", account), indent=2)
