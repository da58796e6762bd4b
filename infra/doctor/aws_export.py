"""AWS's bills in a payer account: the export, its first manifest, cost allocation tags."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from handlers.scopes import AwsExport
from infra.apis.aws import Aws
from infra.apis.web import Refused
from infra.aws.bills import Bills, bills_of
from infra.doctor.aws import Payer
from infra.doctor.finding import Finding
from infra.stack_file import ROOT

FIRST = timedelta(hours=24)
"""Until an export is delivered for the first time; later ones come at least daily:
https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html"""
FRESH = timedelta(hours=48)
PAGES = 20


def export(payer: Payer) -> Iterator[Finding]:
    """Is the export there and healthy, and has its first bill arrived?"""
    bills = bills_of(payer.settings, payer.scope)
    aws = payer.aws
    if bills.kind is AwsExport.LEGACY:
        reports = aws.call("cur", "describe_report_definitions").get("ReportDefinitions", [])
        known = [str(report["ReportName"]) for report in reports]
        if bills.name not in known:
            yield _absent(payer, bills, known)
            return
        yield payer.finding("aws-export.report", export=bills.name)
        yield _manifest(payer, aws, bills, None)
        return
    exports = _exports(aws)
    if bills.name not in exports:
        yield _absent(payer, bills, sorted(exports))
        return
    status = exports[bills.name]
    if status["StatusCode"] != "HEALTHY":
        reason = status.get("StatusReason", status["StatusCode"])
        yield payer.finding("aws-export.unhealthy", export=bills.name, reason=reason)
    else:
        yield payer.finding("aws-export.ok", export=bills.name)
    yield _manifest(payer, aws, bills, cast("datetime", status["CreatedAt"]))


def _exports(aws: Aws) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    token: dict[str, str] = {}
    for _ in range(PAGES):
        said = aws.call("bcm-data-exports", "list_exports", **token)
        found |= {str(one["ExportName"]): one["ExportStatus"] for one in said.get("Exports", [])}
        if not said.get("NextToken"):
            break
        token = {"NextToken": str(said["NextToken"])}
    return found


def _absent(payer: Payer, bills: Bills, known: list[str]) -> Finding:
    state = "adopted-missing" if bills.adopts_export else "missing"
    return payer.finding(f"aws-export.{state}", export=bills.name, known=", ".join(known) or "none")


def _manifest(payer: Payer, aws: Aws, bills: Bills, made: datetime | None) -> Finding:
    """The newest manifest: AWS writes it when all files of a delivery are there."""
    prefix = f"{bills.prefix}/{bills.name}/".lstrip("/")
    names = {"bucket": bills.bucket, "prefix": prefix, "export": bills.name}
    try:
        newest = _newest(aws, bills.bucket, prefix)
    except Refused as error:
        if "NoSuchBucket" not in str(error):
            raise
        return payer.finding("aws-bill.no-bucket", **names)
    now = payer.place.now
    if newest is None:
        waited = now - made if made else None
        if waited is None or waited < FIRST:
            begun = f"made {made:%Y-%m-%d %H:%M} UTC" if made else "no day known"
            return payer.finding("aws-bill.awaited", begun=begun, **names)
        return payer.finding("aws-bill.late", hours=int(waited / timedelta(hours=1)), **names)
    state = "ok" if now - newest < FRESH else "stale"
    return payer.finding(f"aws-bill.{state}", at=f"{newest:%Y-%m-%d %H:%M}", **names)


def _newest(aws: Aws, bucket: str, prefix: str) -> datetime | None:
    newest: datetime | None = None
    token: dict[str, str] = {}
    for _ in range(PAGES):
        said = aws.call("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix, **token)
        for one in cast("list[dict[str, Any]]", said.get("Contents", [])):
            at = cast("datetime", one["LastModified"])
            if str(one["Key"]).endswith("Manifest.json") and (newest is None or at > newest):
                newest = at
        if not said.get("IsTruncated"):
            break
        token = {"ContinuationToken": str(said["NextContinuationToken"])}
    return newest


def tags(payer: Payer) -> Iterator[Finding]:
    """The configured keys: seen in usage, active? And which others could name a customer?

    A key can be activated once AWS has seen it on something that was used, up to a day later, and
    by the payer account alone:
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
    """
    try:
        seen = _tags(payer.aws)
    except Refused as error:
        if "inked account" not in str(error):
            raise
        yield payer.finding("aws-tags.not-payer")
        return
    wanted = payer.settings.cost_allocation_tags
    for key in wanted:
        if key not in seen:
            yield payer.finding("aws-tags.unseen", key=key)
        elif seen[key]["Status"] == "Active":
            yield payer.finding("aws-tags.active", key=key)
        else:
            yield payer.finding("aws-tags.inactive", key=key)
    others = [
        key
        for key in _customer_keys()
        if key in seen and seen[key]["Status"] != "Active" and key not in wanted
    ]
    for key in others:
        yield payer.finding("aws-tags.possible", key=key, next=len(wanted))
    if not wanted and not others:
        yield payer.finding("aws-tags.none", keys=", ".join(_customer_keys()))


def _tags(aws: Aws) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    token: dict[str, str] = {}
    for _ in range(PAGES):
        said = aws.call("ce", "list_cost_allocation_tags", Type="UserDefined", **token)
        found |= {str(one["TagKey"]): one for one in said.get("CostAllocationTags", [])}
        if not said.get("NextToken"):
            break
        token = {"NextToken": str(said["NextToken"])}
    return found


def _customer_keys() -> list[str]:
    """The tag keys that name a customer where the site data says nothing else."""
    file = ROOT / "handlers" / "site" / "defaults" / "attribution.toml"
    return [str(key) for key in tomllib.loads(file.read_text(encoding="utf-8"))["customer_keys"]]
