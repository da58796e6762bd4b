"""Where a payer account's bills lie: what is made for it, and what it adopts instead."""

from dataclasses import dataclass

from handlers.scopes import AwsExport
from infra.scopes import AwsScope
from infra.settings import AwsSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Bills:
    """The bucket and folder of a payer account's bills, and which parts of it exist already."""

    bucket: str
    region: str
    """The bucket's."""
    prefix: str
    """The folder that holds the export's own folder; empty for the bucket's root."""
    name: str
    """The export's or legacy report's."""
    kind: AwsExport
    role_arn: str | None
    """The adopted role; None: it is made."""
    adopts_bucket: bool
    adopts_export: bool


def bills_of(settings: AwsSettings, scope: AwsScope) -> Bills:
    """Where the bills of ``scope`` lie.

    An adopted bucket without an export or report is one that the export is made to write to. Its
    policy stays its owner's; ``delivery_grant`` of infra/aws/storage.py says what it must hold.
    """
    adopt = scope.adopt
    existing = adopt.report or adopt.export
    prefix = adopt.export_prefix or ("" if existing else settings.export_prefix)
    return Bills(
        bucket=settings.bucket_name(scope),
        region=adopt.bucket_region or settings.region,
        prefix=prefix.strip("/"),
        name=existing or settings.export_name,
        kind=AwsExport.LEGACY if adopt.report else AwsExport.CUR2,
        role_arn=adopt.collector_role,
        adopts_bucket=adopt.bucket is not None,
        adopts_export=existing is not None,
    )
