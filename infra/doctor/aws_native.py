"""Phase 2 in AWS: does the region have what the warehouse and the Lambda are made of, and room?"""

from collections.abc import Iterator
from typing import Any, cast

from infra.doctor.aws import Payer
from infra.doctor.finding import Finding

WORKGROUP = "ai-cost"
MOST_WORKGROUPS = 25
"""Of an account in a region, unless AWS was asked for more:
https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-limits.html"""
BUNDLE_BYTES = 100 * 1024**2
"""Room for a version of the Lambda's code more."""


def zones(payer: Payer) -> Iterator[Finding]:
    """Are the three zones there that Redshift Serverless asks for?"""
    region = payer.settings.region
    said = payer.aws.call("ec2", "describe_availability_zones")
    open_ = sorted(
        str(zone["ZoneName"]).removeprefix(region)
        for zone in cast("list[dict[str, Any]]", said["AvailabilityZones"])
        if zone["State"] == "available" and str(zone["ZoneName"]).startswith(region)
    )
    missing = [zone for zone in payer.settings.redshift.zones if zone not in open_]
    yield payer.finding(
        f"aws-zones.{'missing' if missing else 'ok'}",
        region=region,
        zones=", ".join(payer.settings.redshift.zones),
        missing=", ".join(missing),
        known=", ".join(open_),
    )


def redshift(payer: Payer) -> Iterator[Finding]:
    """Does Redshift Serverless answer in the region, and is there room for a workgroup?"""
    names: list[str] = []
    more: dict[str, object] = {}
    while True:
        said = payer.aws.call("redshift-serverless", "list_workgroups", **more)
        names += [str(one["workgroupName"]) for one in said["workgroups"]]
        if not said.get("nextToken"):
            break
        more = {"nextToken": said["nextToken"]}
    full = WORKGROUP not in names and len(names) >= MOST_WORKGROUPS
    yield payer.finding(
        f"aws-redshift.{'full' if full else 'ok'}",
        region=payer.settings.region,
        count=len(names),
        most=MOST_WORKGROUPS,
    )


def functions(payer: Payer) -> Iterator[Finding]:
    """May one more Lambda run, and is there room for its code?"""
    said = payer.aws.call("lambda", "get_account_settings")
    free = int(said["AccountLimit"]["UnreservedConcurrentExecutions"])
    left = int(said["AccountLimit"]["TotalCodeSize"]) - int(said["AccountUsage"]["TotalCodeSize"])
    state = "ok" if free and left >= BUNDLE_BYTES else "no-room" if free else "reserved"
    yield payer.finding(
        f"aws-lambda.{state}", region=payer.settings.region, free=free, left=left // 1024**2
    )
