"""The hub's buckets: what the jobs are made of, what they loaded, what a company tells them.

Google encrypts every object and serves its API over TLS alone, so neither is set here:
https://docs.cloud.google.com/storage/docs/encryption
"""

from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

SECONDS_OF_A_YEAR = 31_557_600
"""365.25 days, as the retention policy counts a year."""
SOFT_DELETE_SECONDS = 30 * 86_400
"""How long a deleted object can be restored; allowed are 7 to 90 days:
https://docs.cloud.google.com/storage/docs/soft-delete"""


class StorageArgs(TypedDict):
    """The buckets' names, each unique in all of Google Cloud."""

    project: pulumi.Input[str]
    location: pulumi.Input[str]
    """A region, or a multi-region like US."""
    bundles_bucket: pulumi.Input[str]
    archive_bucket: pulumi.Input[str]
    site_bucket: pulumi.Input[str]
    archive_years: int
    """How long an archived file can neither be deleted nor overwritten, at least 1."""


class Storage(pulumi.ComponentResource):
    """Three private buckets. Archive and site data outlive the stack: no cloud has them again."""

    bundles: pulumi.Output[str]
    archive: pulumi.Output[str]
    site: pulumi.Output[str]
    project_number: pulumi.Output[int]
    """The project's number, which a bucket knows and the configuration doesn't."""

    def __init__(
        self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Storage", name, {}, opts)
        bundles = gcp.storage.Bucket(
            f"{name}-bundles",
            project=args["project"],
            location=args["location"],
            name=args["bundles_bucket"],
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=False,
            versioning={"enabled": True},
            soft_delete_policy={"retention_duration_seconds": SOFT_DELETE_SECONDS},
            lifecycle_rules=[
                {"action": {"type": "Delete"}, "condition": {"days_since_noncurrent_time": 30}}
            ],
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        # A policy that is not locked can be shortened by who administers the bucket, and still
        # keeps every job and every slip of a hand from deleting. Versioning is left out: files are
        # named by their content, and the policy already keeps the only version there is.
        # https://docs.cloud.google.com/storage/docs/bucket-lock
        archive = gcp.storage.Bucket(
            f"{name}-archive",
            project=args["project"],
            location=args["location"],
            name=args["archive_bucket"],
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=False,
            retention_policy={
                "is_locked": False,
                "retention_period": str(args["archive_years"] * SECONDS_OF_A_YEAR),
            },
            soft_delete_policy={"retention_duration_seconds": SOFT_DELETE_SECONDS},
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
        )
        site = gcp.storage.Bucket(
            f"{name}-site",
            project=args["project"],
            location=args["location"],
            name=args["site_bucket"],
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=False,
            versioning={"enabled": True},
            soft_delete_policy={"retention_duration_seconds": SOFT_DELETE_SECONDS},
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
        )
        self.bundles = bundles.name
        self.archive = archive.name
        self.site = site.name
        self.project_number = bundles.project_number
        self.register_outputs(
            {
                "bundles": self.bundles,
                "archive": self.archive,
                "site": self.site,
                "project_number": self.project_number,
            }
        )
