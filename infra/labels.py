"""Labels and tags on everything that can carry them, so that a bill shows what this costs.

Google's and AWS's providers have default labels and tags. Azure's has none, so the tags of what
can carry them are added as each resource is registered.
"""

from collections.abc import Mapping
from typing import cast

import pulumi

AZURE_WITHOUT_TAGS = frozenset(
    {
        "azure-native:authorization:RoleAssignment",
        "azure-native:costmanagement:Export",
        "azure-native:managedidentity:FederatedIdentityCredential",
        "azure-native:network:PrivateDnsZoneGroup",
        "azure-native:sql:BackupShortTermRetentionPolicy",
        "azure-native:sql:FirewallRule",
        "azure-native:sql:LongTermRetentionPolicy",
        "azure-native:sql:VirtualNetworkRule",
        "azure-native:storage:Blob",
        "azure-native:storage:BlobContainer",
        "azure-native:storage:BlobContainerImmutabilityPolicy",
        "azure-native:storage:BlobServiceProperties",
        "azure-native:storage:ManagementPolicy",
        "azure-native:storage:Queue",
    }
)
"""Types of Azure that have no ``tags``; a new one without is told by the engine's tests."""


def tagged(
    type_: str, inputs: Mapping[str, object], labels: Mapping[str, str]
) -> dict[str, object]:
    """The inputs of an Azure resource with its tags; those of any other type as they are."""
    if not type_.startswith("azure-native:") or type_ in AZURE_WITHOUT_TAGS:
        return dict(inputs)
    return {**inputs, "tags": {**cast(Mapping[str, str], inputs.get("tags") or {}), **labels}}


def tag_azure(labels: Mapping[str, str]) -> None:
    """Tag every Azure resource that is registered from now on."""

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.type_.startswith("azure-native:"):
            return None
        return pulumi.ResourceTransformResult(
            props=tagged(args.type_, args.props, labels), opts=args.opts
        )

    pulumi.runtime.register_resource_transform(transform)
