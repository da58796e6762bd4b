"""The collector's code: a bundle, where the Function App's deployment fetches it from.

OneDeploy fetches a package by its URL, and azure-native uploads a blob by the account's key alone
(https://github.com/pulumi/pulumi-azure-native/issues/2015). So bundles have an account of their own
that knows a key. It holds code and nothing else, nobody reads it without a signature, and a
signature made with that key ends within the hour: see docs/adr/0008-onedeploy.md.
"""

from typing import TypedDict

import pulumi
from pulumi_azure_native import storage

from infra.bundles import Planned

CONTAINER = "bundles"
SIGNATURE = "00.01:00:00"
"""The longest that a signature may be good for: days.hours:minutes:seconds."""
PURPOSE = {"holds": "code"}
"""Tells the policy on keys that this account is the one without data."""


class CodeArgs(TypedDict):
    """Where the code goes, and which it is."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    account: pulumi.Input[str]
    """The storage account's name, unique in all of Azure."""
    bundle: Planned


class Code(pulumi.ComponentResource):
    """A bundle under the name of its digest: another content is another blob."""

    account: pulumi.Output[str]
    container: pulumi.Output[str]
    object_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: CodeArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Code", name, {}, opts)
        group, bundle = args["resource_group"], args["bundle"]
        # Back in phase 1 it leaves the stack as a whole: only what stays in its cloud may.
        kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        account = storage.StorageAccount(
            f"{name}-account",
            account_name=args["account"],
            resource_group_name=group,
            location=args["location"],
            kind=storage.Kind.STORAGE_V2,
            sku={"name": storage.SkuName.STANDARD_LRS},
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=True,
            sas_policy={
                "expiration_action": storage.ExpirationAction.BLOCK,
                "sas_expiration_period": SIGNATURE,
            },
            enable_https_traffic_only=True,
            is_local_user_enabled=False,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            tags=PURPOSE,
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
        stored = storage.Blob(
            f"{name}-bundle",
            account_name=account.name,
            container_name=container.name,
            resource_group_name=group,
            blob_name=bundle.object_name,
            source=pulumi.FileAsset(str(bundle.path)),
            content_type="application/zip",
            # The name tells the content; the file's path differs between machines.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["source"]),
        )
        self.account = account.name
        self.container = container.name
        self.object_name = stored.name
        self.register_outputs({"account": self.account, "object_name": self.object_name})
