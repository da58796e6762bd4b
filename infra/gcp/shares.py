"""What customers are given: a bucket with a folder for each, and who may read which.

A managed folder has a policy of its own, which lets somebody list and read what is below it and
nothing beside it: https://docs.cloud.google.com/storage/docs/access-control/iam-for-managed-folders.
A condition on ``resource.name`` at the bucket would not do: listing is a right on the bucket, and
with it a customer would see the folders of all.
"""

from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from handlers.buckets import Address
from handlers.sharing import folder_of
from handlers.site import Shares

READER_ROLE = "roles/storage.objectViewer"
"""Gets and lists objects."""
WRITER_ROLE = "roles/storage.objectUser"
"""Lists, reads, creates and overwrites objects; changes no policy."""
SOFT_DELETE_SECONDS = 7 * 86_400
"""The shortest Google has: what is overwritten can be written again from the warehouse.
https://docs.cloud.google.com/storage/docs/soft-delete"""


class CustomerSharesArgs(TypedDict):
    """Where, by whom and to whom."""

    project: pulumi.Input[str]
    location: pulumi.Input[str]
    """A region, or a multi-region like US."""
    shares: Shares
    """From shares.toml, with a place in a bucket."""
    writer: pulumi.Input[str]
    """The address of the account that writes the rows: the hub's own job."""


class CustomerShares(pulumi.ComponentResource):
    """The bucket that the site data names, and in it a managed folder for each customer.

    A customer that the site data names no more loses the folder's policy and with it all access;
    the objects stay until somebody deletes them.
    """

    bucket: pulumi.Output[str]

    def __init__(
        self, name: str, args: CustomerSharesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:CustomerShares", name, {}, opts)
        place = Address.parse(args["shares"].to)
        bucket = gcp.storage.Bucket(
            f"{name}-bucket",
            project=args["project"],
            location=args["location"],
            name=place.bucket,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=False,
            soft_delete_policy={"retention_duration_seconds": SOFT_DELETE_SECONDS},
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        gcp.storage.BucketIAMMember(
            f"{name}-writer",
            bucket=bucket.name,
            role=WRITER_ROLE,
            member=pulumi.Output.concat("serviceAccount:", args["writer"]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for share in args["shares"].shares:
            key = folder_of(share.customer)
            folder = gcp.storage.ManagedFolder(
                f"{name}-{key}",
                bucket=bucket.name,
                name=f"{place.prefix}{key}/",
                # Lets the policy go while there are objects; they stay.
                force_destroy=True,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for reader in share.readers:
                gcp.storage.ManagedFolderIamMember(
                    f"{name}-{key}-{reader}",
                    bucket=bucket.name,
                    managed_folder=folder.name,
                    role=READER_ROLE,
                    member=reader,
                    opts=pulumi.ResourceOptions(parent=self),
                )
        self.bucket = bucket.name
        self.register_outputs({"bucket": self.bucket})
