"""The archive of what the Function App loaded, in Azure: a load waits for no other cloud."""

from typing import TypedDict

import pulumi
from pulumi_azure_native import storage

CONTAINER = "archive"
DAYS_OF_A_YEAR = 366


class ArchiveArgs(TypedDict):
    """What the account is called, and for how long nothing in it can be deleted."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    account: pulumi.Input[str]
    """The storage account's name, unique in all of Azure."""
    archive_years: int
    """How long an archived blob can neither be deleted nor overwritten, at least 1."""


class Archive(pulumi.ComponentResource):
    """An account whose one container keeps what it has. It outlives the stack.

    A policy that is not locked can be shortened by who administers the account, and still keeps
    every collector and every slip of a hand from deleting:
    https://learn.microsoft.com/azure/storage/blobs/immutable-time-based-retention-policy-overview
    """

    container_id: pulumi.Output[str]
    """Known once nothing in it can be deleted."""
    url: pulumi.Output[str]
    """As ``https://ACCOUNT.blob.core.windows.net/CONTAINER``."""

    def __init__(
        self, name: str, args: ArchiveArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Archive", name, {}, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        group = args["resource_group"]
        account = storage.StorageAccount(
            f"{name}-account",
            account_name=args["account"],
            resource_group_name=group,
            location=args["location"],
            kind=storage.Kind.STORAGE_V2,
            sku={"name": storage.SkuName.STANDARD_LRS},
            access_tier=storage.AccessTier.COOL,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=False,
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            is_local_user_enabled=False,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            opts=kept,
        )
        container = storage.BlobContainer(
            f"{name}-container",
            account_name=account.name,
            resource_group_name=group,
            container_name=CONTAINER,
            public_access=storage.PublicAccess.NONE,
            opts=kept,
        )
        policy = storage.BlobContainerImmutabilityPolicy(
            f"{name}-retention",
            account_name=account.name,
            resource_group_name=group,
            container_name=container.name,
            immutability_policy_name="default",
            immutability_period_since_creation_in_days=args["archive_years"] * DAYS_OF_A_YEAR,
            allow_protected_append_writes=False,
            opts=kept,
        )
        self.container_id = pulumi.Output.all(container.id, policy.id).apply(_first)
        self.url = pulumi.Output.concat(
            "https://", account.name, ".blob.core.windows.net/", container.name
        )
        self.register_outputs({"container_id": self.container_id, "url": self.url})


def _first(values: list[str]) -> str:
    return values[0]
