"""Who Grafana is in BigQuery."""

from typing import TypedDict

import pulumi
import pulumi_gcp as gcp


class GrafanaReaderArgs(TypedDict):
    """What Grafana reads."""

    project: pulumi.Input[str]
    account_id: pulumi.Input[str]
    """6 to 30 small letters, digits and hyphens."""
    dataset: pulumi.Input[str]


class GrafanaReader(pulumi.ComponentResource):
    """An account that reads the tables and views and runs queries, and no more.

    These are the two roles that the plug-in asks for
    (https://grafana.com/docs/plugins/grafana-bigquery-datasource/latest/configure), the one on
    data granted on the dataset alone: it carries the metadata that the query editor lists. The
    staging dataset, the buckets and the billing export stay out of reach. No key is made here.
    """

    email: pulumi.Output[str]

    def __init__(
        self, name: str, args: GrafanaReaderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:GrafanaReader", name, {}, opts)
        account = gcp.serviceaccount.Account(
            f"{name}-account",
            project=args["project"],
            account_id=args["account_id"],
            display_name="Grafana reads the costs of AI",
            opts=pulumi.ResourceOptions(parent=self),
        )
        member = pulumi.Output.concat("serviceAccount:", account.email)
        gcp.projects.IAMMember(
            f"{name}-queries",
            project=args["project"],
            role="roles/bigquery.jobUser",
            member=member,
            opts=pulumi.ResourceOptions(parent=self),
        )
        gcp.bigquery.DatasetIamMember(
            f"{name}-data",
            project=args["project"],
            dataset_id=args["dataset"],
            role="roles/bigquery.dataViewer",
            member=member,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.email = account.email
        self.register_outputs({"email": self.email})
