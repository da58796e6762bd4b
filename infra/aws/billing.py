"""What lands the bills of a payer account: a bucket and an export, or what it adopts instead."""

from dataclasses import dataclass

import pulumi

from handlers.scopes import AwsScope as AwsDocument
from handlers.scopes import document
from infra.aws.bills import Bills, bills_of
from infra.aws.export import CostExport
from infra.aws.storage import ExportBucket
from infra.aws.tags import CostAllocationTags
from infra.scopes import AwsScope
from infra.settings import AwsSettings


@dataclass(frozen=True)
class Billing:
    """A payer account's bills, as every collector of them needs to know them."""

    scope: AwsScope
    bills: Bills
    bucket: pulumi.Input[str]
    """Its name, known once bills can land in it."""
    options: pulumi.ResourceOptions
    """Of a component in that account: its provider."""

    @property
    def bucket_arn(self) -> pulumi.Output[str]:
        """Of the bucket of bills."""
        return pulumi.Output.concat("arn:aws:s3:::", self.bucket)

    @property
    def folder(self) -> str:
        """The export's own folder in the bucket."""
        return f"{self.bills.prefix}/{self.bills.name}".strip("/")

    def document(self, role: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
        """The scope as a collector's environment has it; ``role`` is the ARN it reads with."""
        return document(
            AwsDocument,
            id=self.scope.id,
            role_arn=role,
            region=self.bills.region,
            bucket=self.bucket,
            prefix=self.bills.prefix,
            export=self.bills.kind,
        )


def land_bills(settings: AwsSettings, scope: AwsScope, options: pulumi.ResourceOptions) -> Billing:
    """Register what lands the bills of ``scope`` and does not exist yet."""
    bills = bills_of(settings, scope)
    bucket: pulumi.Input[str] = bills.bucket
    if not bills.adopts_bucket:
        bucket = ExportBucket(
            f"aws-{scope.id}-storage",
            {"bucket": bills.bucket, "account": scope.id, "region": bills.region},
            options,
        ).bucket
    if not bills.adopts_export:
        CostExport(
            f"aws-{scope.id}-export",
            {
                "account": scope.id,
                "bucket": bucket,
                "bucket_region": bills.region,
                "prefix": bills.prefix,
                "export_name": bills.name,
            },
            options,
        )
    if settings.cost_allocation_tags:
        CostAllocationTags(f"aws-{scope.id}-tags", {"tags": settings.cost_allocation_tags}, options)
    return Billing(scope, bills, bucket, options)
