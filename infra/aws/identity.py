"""The role by which Google's collector reads a payer account's bills, without a key.

The collector trades an identity token of its service account for an hour's credentials. IAM knows
``accounts.google.com`` itself, so no identity provider is made.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import iam

ROLE_NAME = "ai-cost-collector"


class CollectorRoleArgs(TypedDict):
    """What a ``CollectorRole`` is made from."""

    bucket_arn: pulumi.Input[str]
    """The bucket of the bills."""
    prefix: NotRequired[pulumi.Input[str]]
    """The folder of the bills in it. Defaults to the whole bucket."""
    service_accounts: Sequence[pulumi.Input[str]]
    """Unique ids of the Google service accounts that may take the role."""
    audience: pulumi.Input[str]
    """What their identity token must have been asked for."""
    role_name: NotRequired[pulumi.Input[str]]
    """Defaults to ``ROLE_NAME``; a second environment in the same account needs another."""


class CollectorRole(pulumi.ComponentResource):
    """A role that only the named Google service accounts can take, and that can only read."""

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: CollectorRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:CollectorRole", name, {}, opts)
        role = iam.Role(
            f"{name}-role",
            name=args.get("role_name", ROLE_NAME),
            description="Taken by the collector in Google Cloud to read this account's bills",
            assume_role_policy=pulumi.Output.json_dumps(
                pulumi.Output.all(
                    accounts=pulumi.Output.all(*args["service_accounts"]),
                    audience=args["audience"],
                ).apply(_trust_policy)
            ),
            max_session_duration=3600,
            opts=pulumi.ResourceOptions(parent=self),
        )
        iam.RolePolicy(
            f"{name}-reading",
            name="read-bills",
            role=role.name,
            policy=pulumi.Output.json_dumps(
                pulumi.Output.all(
                    bucket=args["bucket_arn"],
                    prefix=args.get("prefix", ""),
                ).apply(_reading_policy)
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})


def _trust_policy(known: Mapping[str, Any]) -> dict[str, Any]:
    return trust_policy([str(account) for account in known["accounts"]], str(known["audience"]))


def trust_policy(accounts: Sequence[str], audience: str) -> dict[str, Any]:
    """Who may take the role: Google's tokens of these accounts, asked for with this audience.

    A service account's token names the account in ``azp`` as well, and where it does IAM's key
    ``aud`` is that, while the audience itself is ``oaud``:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": "accounts.google.com"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        "accounts.google.com:aud": list(accounts),
                        "accounts.google.com:oaud": audience,
                        "accounts.google.com:sub": list(accounts),
                    }
                },
            }
        ],
    }


def _reading_policy(known: Mapping[str, Any]) -> dict[str, Any]:
    return reading_policy(str(known["bucket"]), str(known["prefix"]))


def reading_policy(bucket_arn: str, prefix: str) -> dict[str, Any]:
    """What the role may do: list and read the bills, and ask Cost Explorer for totals.

    Totals are granted for the account as a whole, since a request for them names no resource:
    https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html
    """
    folder = prefix.strip("/")
    listing: dict[str, Any] = {
        "Sid": "ListBills",
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": bucket_arn,
    }
    if folder:
        listing["Condition"] = {"StringLike": {"s3:prefix": [folder, f"{folder}/*"]}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            listing,
            {
                "Sid": "FindBucket",
                "Effect": "Allow",
                "Action": "s3:GetBucketLocation",
                "Resource": bucket_arn,
            },
            {
                "Sid": "ReadBills",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": f"{bucket_arn}/{folder}/*" if folder else f"{bucket_arn}/*",
            },
            {
                "Sid": "ReadTotals",
                "Effect": "Allow",
                "Action": "ce:GetCostAndUsage",
                "Resource": "*",
            },
        ],
    }
