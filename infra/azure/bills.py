"""Where the bills of an Azure scope lie: what is made for it, and what it adopts instead."""

import re
from dataclasses import dataclass

from infra.azure.storage import CONTAINER
from infra.scopes import AzureScope
from infra.settings import AzureSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Bills:
    """The container and folder of a scope's export."""

    storage_account: str
    container: str
    directory: str
    """The folder that holds the export's own folder; empty for the container's root."""
    name: str
    """The export's."""
    adopts_export: bool

    @property
    def account_url(self) -> str:
        """The blob endpoint."""
        return f"https://{self.storage_account}.blob.core.windows.net"


def bills_of(settings: AzureSettings, scope: AzureScope) -> Bills:
    """Where the bills of ``scope`` lie. An export is either adopted with its container, or made."""
    adopt = scope.adopt
    if adopt.export is None:
        return Bills(
            storage_account=settings.storage_account,
            container=CONTAINER,
            directory=directory_of(scope.id),
            name=settings.export_name,
            adopts_export=False,
        )
    return Bills(
        storage_account=adopt.storage_account or settings.storage_account,
        container=adopt.container or CONTAINER,
        directory=(adopt.export_prefix or "").strip("/"),
        name=adopt.export,
        adopts_export=True,
    )


def directory_of(scope: str) -> str:
    """A folder for the export of ``scope``: exports of two scopes have the same name.

    Only letters, digits and hyphens, since exports refuse other characters of a billing account's
    id in a path: https://github.com/microsoft/finops-toolkit/issues/863
    """
    words = re.findall(r"[a-z0-9]+", scope.lower().removeprefix("/providers/microsoft.billing"))
    return "-".join(words)


def is_billing_scope(scope: str) -> bool:
    """Is it a billing account or a part of one, whose access Azure RBAC does not govern?

    https://learn.microsoft.com/azure/cost-management-billing/costs/understand-work-scopes
    """
    return scope.lower().startswith("/providers/microsoft.billing/")
