"""The storage account that Azure's exports are written to.

It is reached over the internet, since the collector in Google Cloud has no address of its own;
what keeps strangers out is that nothing but a token of Entra opens it: no key, no anonymous read.
"""

import pulumi
from pulumi_azure_native import storage

from infra.azure.guards import AccountArgs, guarded_account

CONTAINER = "cost-exports"

RECOVERY_DAYS = 30
"""How long what was deleted or overwritten can be brought back."""

COOL_DAYS = 60
"""Exports of months that are closed and no longer restated daily are read about once a week."""

COLD_DAYS = 400
"""Exports older than the twelve months that a run still looks at, and one more."""


class ExportStorage(pulumi.ComponentResource):
    """A storage account with one private container, kept when the stack goes."""

    account_id: pulumi.Output[str]
    container: pulumi.Output[str]
    container_id: pulumi.Output[str]
    blob_endpoint: pulumi.Output[str]
    """``https://NAME.blob.core.windows.net``, without a slash at the end."""

    def __init__(
        self, name: str, args: AccountArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:ExportStorage", name, {}, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        group = args["resource_group"]
        # allowed_copy_scope stays unset: exports arrive as copies from Microsoft's own accounts.
        # https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports
        account = guarded_account(f"{name}-account", args, storage.AccessTier.HOT, kept)
        storage.BlobServiceProperties(
            f"{name}-recovery",
            account_name=account.name,
            resource_group_name=group,
            blob_services_name="default",
            is_versioning_enabled=True,
            delete_retention_policy={"enabled": True, "days": RECOVERY_DAYS},
            container_delete_retention_policy={"enabled": True, "days": RECOVERY_DAYS},
            opts=kept,
        )
        storage.ManagementPolicy(
            f"{name}-lifecycle",
            account_name=account.name,
            resource_group_name=group,
            management_policy_name="default",
            policy={"rules": [_lifecycle()]},
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
        self.account_id = account.id
        self.container = container.name
        self.container_id = container.id
        self.blob_endpoint = pulumi.Output.concat(
            "https://", account.name, ".blob.core.windows.net"
        )
        self.register_outputs(
            {
                "account_id": self.account_id,
                "container": self.container,
                "container_id": self.container_id,
                "blob_endpoint": self.blob_endpoint,
            }
        )


def _lifecycle() -> storage.ManagementPolicyRuleArgsDict:
    return {
        "name": "older-exports",
        "type": storage.RuleType.LIFECYCLE,
        "enabled": True,
        "definition": {
            "filters": {"blob_types": ["blockBlob"]},
            "actions": {
                "base_blob": {
                    "tier_to_cool": {"days_after_modification_greater_than": COOL_DAYS},
                    "tier_to_cold": {"days_after_modification_greater_than": COLD_DAYS},
                },
                "version": {"delete": {"days_after_creation_greater_than": RECOVERY_DAYS}},
            },
        },
    }
