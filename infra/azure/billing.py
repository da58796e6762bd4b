"""What lands the bills of Azure: a group, a storage account, an export for each scope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pulumi

from handlers.scopes import AzureExport, document
from handlers.scopes import AzureScope as AzureDocument
from infra.azure.bills import bills_of
from infra.azure.export import CostExport
from infra.azure.group import Group
from infra.azure.storage import CONTAINER, ExportStorage
from infra.settings import AzureSettings


@dataclass(frozen=True)
class Billing:
    """Azure's bills, as every collector of them needs to know them."""

    group: pulumi.Output[str]
    """The resource group's name."""
    documents: Sequence[Mapping[str, pulumi.Input[str]]]
    """The scopes as a collector's environment has them."""
    containers: Mapping[str, pulumi.Input[str]]
    """The containers of exports, as resource ids, by a name that stays (ACCOUNT/CONTAINER)."""
    options: pulumi.ResourceOptions
    """Of a component in the subscription: its provider."""


def land_bills(settings: AzureSettings, options: pulumi.ResourceOptions, today: date) -> Billing:
    """Register what lands the bills and does not exist yet; exports begin after ``today``."""
    group = Group(
        "azure-group",
        {"name": settings.resource_group, "location": settings.location},
        options,
    )
    storage = ExportStorage(
        "azure-storage",
        {
            "resource_group": group.name,
            "location": settings.location,
            "account": settings.storage_account,
        },
        options,
    )
    documents: list[Mapping[str, pulumi.Input[str]]] = []
    for scope in settings.scopes:
        bills = bills_of(settings, scope)
        if not bills.adopts_export:
            CostExport(
                f"azure-export-{bills.directory}",
                {
                    "scope": scope.id,
                    "export_name": bills.name,
                    "account_id": storage.account_id,
                    "container": storage.container,
                    "directory": bills.directory,
                    "first_day": today + timedelta(days=1),
                },
                options,
            )
        documents.append(
            document(
                AzureDocument,
                id=scope.id,
                account_url=bills.account_url,
                container=bills.container,
                prefix=bills.directory,
                export=AzureExport.ACTUAL,
            )
        )
    containers = {f"{settings.storage_account}/{CONTAINER}": storage.container_id}
    return Billing(group.name, documents, containers, options)
