"""The export of a payer account's bills: CUR 2.0, hourly, by resource, as parquet.

Hourly, because ``hourly_costs`` can be filled from it and because a later change of granularity
replaces the export; by resource, because an inference profile's ARN is what attributes a Bedrock
line. No row is filtered out: a load is checked against the total of all lines of the bill.
"""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi_aws import bcmdata

from handlers.sources.aws.export import export_columns

QUERY_LIMIT = 36_000
"""Characters of a query:
https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_DataExports_DataQuery.html"""

_TABLE = "COST_AND_USAGE_REPORT"


class CostExportArgs(TypedDict):
    """What a ``CostExport`` is made from."""

    account: pulumi.Input[str]
    """The payer account."""
    bucket: pulumi.Input[str]
    """The bucket's name; it must let the export in already."""
    bucket_region: pulumi.Input[str]
    prefix: pulumi.Input[str]
    """The folder in the bucket that the export's own folder is made in."""
    export_name: pulumi.Input[str]


class CostExport(pulumi.ComponentResource):
    """CUR 2.0 with exactly the columns that the collector reads, overwritten with each delivery.

    Data Exports has its API in us-east-1 alone, which the provider knows; the bucket can be
    anywhere.
    """

    arn: pulumi.Output[str]
    manifests: pulumi.Output[str]
    """The folder of the manifests in the bucket, one below it per month:
    https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html"""

    def __init__(
        self, name: str, args: CostExportArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:CostExport", name, {}, opts)
        export = bcmdata.Export(
            f"{name}-export",
            export={
                "name": args["export_name"],
                "description": "Every line of the bill, for ai-cost-monitoring",
                "data_queries": [
                    {
                        "query_statement": query_statement(),
                        "table_configurations": {_TABLE: _table_configuration(args["account"])},
                    }
                ],
                "destination_configurations": [
                    {
                        "s3_destinations": [
                            {
                                "s3_bucket": args["bucket"],
                                "s3_prefix": args["prefix"],
                                "s3_region": args["bucket_region"],
                                "s3_output_configurations": [
                                    {
                                        "output_type": "CUSTOM",
                                        "format": "PARQUET",
                                        "compression": "PARQUET",
                                        "overwrite": "OVERWRITE_REPORT",
                                    }
                                ],
                            }
                        ]
                    }
                ],
                "refresh_cadences": [{"frequency": "SYNCHRONOUS"}],
            },
            # The name is taken until the old export is gone. AWS adds keys of its own to the
            # table's configuration, for which the provider would replace the export on every run:
            # https://github.com/hashicorp/terraform-provider-aws/issues/46402
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                ignore_changes=["export.dataQueries[0].tableConfigurations"],
            ),
        )
        self.arn = export.arn
        self.manifests = pulumi.Output.all(prefix=args["prefix"], name=args["export_name"]).apply(
            _manifests
        )
        self.register_outputs({"arn": self.arn, "manifests": self.manifests})


def query_statement() -> str:
    """The query of the export: a list of columns, since Data Exports knows no ``*``."""
    return f"SELECT {', '.join(export_columns())} FROM {_TABLE}"


def _table_configuration(account: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """Every key that the table has: what is left out AWS fills in, and the provider sees a change.

    https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html
    """
    return {
        "BILLING_VIEW_ARN": pulumi.Output.concat(
            "arn:aws:billing::", account, ":billingview/primary"
        ),
        "INCLUDE_CAPACITY_RESERVATION_DATA": "FALSE",
        "INCLUDE_IAM_PRINCIPAL_DATA": "FALSE",
        "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
        "INCLUDE_RESOURCES": "TRUE",
        "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE",
        "TIME_GRANULARITY": "HOURLY",
    }


def _manifests(known: Mapping[str, object]) -> str:
    return f"{known['prefix']}/{known['name']}/metadata"
