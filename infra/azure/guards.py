"""What keeps a storage account private: no key, no anonymous read, TLS, one place of copies."""

from typing import TypedDict

import pulumi
from pulumi_azure_native import storage


class AccountArgs(TypedDict):
    """Where a storage account is, and what it is called."""

    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    account: pulumi.Input[str]
    """The storage account's name, unique in all of Azure."""


def guarded_account(
    name: str,
    args: AccountArgs,
    tier: storage.AccessTier | None,
    options: pulumi.ResourceOptions,
) -> storage.StorageAccount:
    """Register the account that nothing but a token of Entra opens.

    ``tier`` is that of its blobs; None where it is for others to say.
    """
    return storage.StorageAccount(
        name,
        account_name=args["account"],
        resource_group_name=args["resource_group"],
        location=args["location"],
        kind=storage.Kind.STORAGE_V2,
        sku={"name": storage.SkuName.STANDARD_LRS},
        access_tier=tier,
        allow_blob_public_access=False,
        allow_cross_tenant_replication=False,
        allow_shared_key_access=False,
        default_to_o_auth_authentication=True,
        enable_https_traffic_only=True,
        is_local_user_enabled=False,
        minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
        opts=options,
    )
