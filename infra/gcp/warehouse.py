"""The hub's datasets, with every table and view that the record asks for."""

from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from handlers.warehouses.bigquery import BigQueryTable, BigQueryView, tables, views
from infra.gcp.grants import writer_permissions

STAGING_EXPIRES_MS = 3 * 86_400_000
"""When a table of the staging dataset goes by itself: a load needs it for minutes, who looks into
a failed one for a day or two."""


class WarehouseArgs(TypedDict):
    """The names of the datasets; plain texts, since the views' SQL is written with them."""

    project: str
    location: pulumi.Input[str]
    """Where the billing export's dataset is too: one query can't read two locations."""
    dataset: str
    staging_dataset: str


class Warehouse(pulumi.ComponentResource):
    """All costs. Protected and kept when the stack goes, for old months are exported only once.

    Every cloud's table is there whichever clouds are collected, because ``unified_costs`` names
    all three: an empty table costs nothing, and a cloud that comes later changes no view.
    """

    dataset_id: pulumi.Output[str]
    staging_dataset_id: pulumi.Output[str]
    writer_role: pulumi.Output[str]
    """The role that may change rows and nothing else, for the accounts of the jobs."""

    def __init__(
        self, name: str, args: WarehouseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Warehouse", name, {}, opts)
        dataset = gcp.bigquery.Dataset(
            f"{name}-dataset",
            project=args["project"],
            location=args["location"],
            dataset_id=args["dataset"],
            description="What AI costs on AWS, Azure and Google Cloud.",
            delete_contents_on_destroy=False,
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
        )
        staging = gcp.bigquery.Dataset(
            f"{name}-staging",
            project=args["project"],
            location=args["location"],
            dataset_id=args["staging_dataset"],
            description="Lines on their way into the tables; every table here expires.",
            default_table_expiration_ms=STAGING_EXPIRES_MS,
            delete_contents_on_destroy=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        role = gcp.projects.IAMCustomRole(
            f"{name}-writer",
            project=args["project"],
            role_id="aiCostWriter",
            title="AI cost monitoring: writer",
            description="Reads and changes rows. Tables and views belong to the Pulumi program.",
            permissions=list(writer_permissions()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        made: dict[str, pulumi.Resource] = {
            table.name: self._table(name, table, dataset) for table in tables()
        }
        for view in views():
            made[view.name] = self._view(name, view, args, dataset, made)
        self.dataset_id = dataset.dataset_id
        self.staging_dataset_id = staging.dataset_id
        self.writer_role = role.name
        self.register_outputs(
            {
                "dataset_id": self.dataset_id,
                "staging_dataset_id": self.staging_dataset_id,
                "writer_role": self.writer_role,
            }
        )

    def _table(
        self, name: str, table: BigQueryTable, dataset: gcp.bigquery.Dataset
    ) -> pulumi.Resource:
        return gcp.bigquery.Table(
            f"{name}-{table.name}",
            project=dataset.project,
            dataset_id=dataset.dataset_id,
            table_id=table.name,
            description=table.meaning,
            schema=table.schema_json,
            time_partitioning={"type": table.partition_type, "field": table.partition_field}
            if table.partition_field
            else None,
            clusterings=list(table.cluster) or None,
            deletion_protection=True,
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
        )

    def _view(
        self,
        name: str,
        view: BigQueryView,
        args: WarehouseArgs,
        dataset: gcp.bigquery.Dataset,
        made: dict[str, pulumi.Resource],
    ) -> pulumi.Resource:
        """A view holds nothing, so it may be made anew; its SQL is checked against what it names.

        BigQuery refuses a view over a table that is not there, so those come first.
        """
        return gcp.bigquery.Table(
            f"{name}-{view.name}",
            project=dataset.project,
            dataset_id=dataset.dataset_id,
            table_id=view.name,
            description=view.description,
            view={"query": view.sql(args["project"], args["dataset"]), "use_legacy_sql": False},
            deletion_protection=False,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[made[other] for other in view.depends_on]
            ),
        )
