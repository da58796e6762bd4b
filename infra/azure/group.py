"""The resource group that holds what an environment has in Azure."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi_azure_native import resources

RESOURCE_PROVIDERS: Mapping[str, str] = {
    "Microsoft.App": "phase 2: the network of the Function App",
    "Microsoft.CostManagement": "the exports themselves",
    "Microsoft.CostManagementExports": "lets the exports write to a storage account",
    "Microsoft.Insights": "phase 2: log and alarms",
    "Microsoft.ManagedIdentity": "the collector's identity",
    "Microsoft.Network": "phase 2: the network, and the ways into the database",
    "Microsoft.OperationalInsights": "phase 2: where the log is kept",
    "Microsoft.Sql": "phase 2: the database",
    "Microsoft.Storage": "the storage accounts",
    "Microsoft.Web": "phase 2: the Function App",
}
"""What must be registered in the subscription before the first ``up``, and what for.

The portal registers on its own what it needs; the API that this program speaks to does not:
https://learn.microsoft.com/rest/api/cost-management/exports/create-or-update
"""


class GroupArgs(TypedDict):
    """What a ``Group`` is made from."""

    name: pulumi.Input[str]
    """The resource group's name."""
    location: pulumi.Input[str]


class Group(pulumi.ComponentResource):
    """A resource group, protected because whatever is in it goes with it."""

    name: pulumi.Output[str]

    def __init__(
        self, name: str, args: GroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Group", name, {}, opts)
        group = resources.ResourceGroup(
            f"{name}-group",
            resource_group_name=args["name"],
            location=args["location"],
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
        )
        self.name = group.name
        self.register_outputs({"name": self.name})
