"""The export of a scope's costs: actual cost, daily, month to date, in parts with a manifest.

Actual cost as CSV, because azure-native's exports speak API version 2024-08-01, which has neither
FOCUS nor parquet, and its generic resource and templates would leave an export that the program
can't compare, refresh or delete. An organisation that exports FOCUS already adopts that export.

A daily export writes the month before as well in the first five days of a month:
https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports
"""

from datetime import date
from typing import TypedDict

import pulumi
from pulumi_azure_native import costmanagement

LAST_DAY = "2099-12-31T00:00:00Z"
"""A schedule needs an end."""


class CostExportArgs(TypedDict):
    """What a ``CostExport`` is made from."""

    scope: pulumi.Input[str]
    """The subscription or billing scope, as its resource id."""
    export_name: pulumi.Input[str]
    account_id: pulumi.Input[str]
    """The storage account's resource id."""
    container: pulumi.Input[str]
    directory: pulumi.Input[str]
    """The folder in the container that the export's own folder is made in."""
    first_day: date
    """The first day of the schedule, UTC: tomorrow, since Azure refuses a day that has begun.

    It counts when the export is made and never again.
    """


class CostExport(pulumi.ComponentResource):
    """A daily export that writes by its own identity, so that the account needs no keys.

    Azure grants that identity the container (Storage Blob Data Contributor) as it makes the
    export; whoever runs the program needs ``Microsoft.Authorization/roleAssignments/write`` on
    the storage account for it.
    """

    id: pulumi.Output[str]

    def __init__(
        self, name: str, args: CostExportArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:CostExport", name, {}, opts)
        export = costmanagement.Export(
            f"{name}-export",
            scope=args["scope"],
            export_name=args["export_name"],
            identity={"type": costmanagement.SystemAssignedServiceIdentityType.SYSTEM_ASSIGNED},
            location="global",
            format=costmanagement.FormatType.CSV,
            partition_data=True,
            definition={
                "type": costmanagement.ExportType.ACTUAL_COST,
                "timeframe": costmanagement.TimeframeType.MONTH_TO_DATE,
                "data_set": {"granularity": costmanagement.GranularityType.DAILY},
            },
            delivery_info={
                "destination": {
                    "resource_id": args["account_id"],
                    "container": args["container"],
                    "root_folder_path": args["directory"],
                }
            },
            schedule={
                "status": costmanagement.StatusType.ACTIVE,
                "recurrence": costmanagement.RecurrenceType.DAILY,
                "recurrence_period": {
                    "from_": f"{args['first_day'].isoformat()}T00:00:00Z",
                    "to": LAST_DAY,
                },
            },
            # An update must name the export's present eTag, which changes with each; it holds no
            # data, so it is made anew instead: https://github.com/Azure/bicep/issues/6404
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                replace_on_changes=["*"],
                ignore_changes=["schedule.recurrencePeriod"],
            ),
        )
        self.id = export.id
        self.register_outputs({"id": self.id})
