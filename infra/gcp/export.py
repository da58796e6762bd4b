"""Google's own bills, which only a person can have exported.

The export is switched on in the console and nowhere else:
https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-setup. Until its table's
name is in the configuration, an empty table with the same columns stands in for it, so that the
job and its SQL work from the first day.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from handlers.warehouses.bigquery import billing_export_schema
from infra.scopes import GcpScope

STAND_IN = "billing_export_stand_in"


class BillingExportArgs(TypedDict):
    """Whose bills are read."""

    project: str
    dataset: pulumi.Input[str]
    """Where the empty table is made."""
    scopes: Sequence[GcpScope]
    """The billing accounts; one without a table reads the empty one."""


class BillingExport(pulumi.ComponentResource):
    """The table that each billing account's costs are read from."""

    tables: pulumi.Output[Mapping[str, str]]
    """By the billing account's id, as ``project.dataset.table``."""

    def __init__(
        self, name: str, args: BillingExportArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:BillingExport", name, {}, opts)
        tables = {
            scope.id: pulumi.Output.from_input(scope.table)
            for scope in args["scopes"]
            if scope.table
        }
        waiting = [scope.id for scope in args["scopes"] if not scope.table]
        if waiting:
            # Partitioned by the time of loading, as Google's own: the job's SQL names the
            # pseudo-column that only such a table has. Empty for good, so it protects nothing.
            stand_in = gcp.bigquery.Table(
                f"{name}-stand-in",
                project=args["project"],
                dataset_id=args["dataset"],
                table_id=STAND_IN,
                description="Empty; stands in for the billing export until that is switched on.",
                schema=billing_export_schema(),
                time_partitioning={"type": "DAY"},
                deletion_protection=False,
                opts=pulumi.ResourceOptions(parent=self),
            )
            full = pulumi.Output.format(
                "{}.{}.{}", args["project"], stand_in.dataset_id, stand_in.table_id
            )
            tables |= dict.fromkeys(waiting, full)
        self.tables = pulumi.Output.all(**tables)
        self.register_outputs({"tables": self.tables})
