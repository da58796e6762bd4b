"""The archive of what the Function App loaded, in Azure: a load waits for no other cloud."""

import pulumi
from pulumi_azure_native import storage

from infra.azure.guards import AccountArgs, guarded_account

CONTAINER = "archive"
DAYS_OF_A_YEAR = 366


class ArchiveArgs(AccountArgs):
    """What the account is called, and for how long nothing in it can be deleted."""

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
        account = guarded_account(f"{name}-account", args, storage.AccessTier.COOL, kept)
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
