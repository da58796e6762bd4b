"""What keeps a bucket private: owned by its account alone, shut to the public, encrypted."""

from collections.abc import Sequence

import pulumi
from pulumi_aws import s3


def guard(
    name: str, bucket: s3.Bucket, region: pulumi.Input[str], options: pulumi.ResourceOptions
) -> Sequence[pulumi.Resource]:
    """Register the guards of ``bucket`` under ``name``; what its policy has to wait for.

    S3 refuses two changes of a bucket's access at once, so they follow one another.
    """
    ownership = s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket.bucket,
        region=region,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=options,
    )
    private = s3.BucketPublicAccessBlock(
        f"{name}-private",
        bucket=bucket.bucket,
        region=region,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=options,
    )
    s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket.bucket,
        region=region,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=options,
    )
    return (ownership, private)
