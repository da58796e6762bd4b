"""The roles: the one by which Google's collector reads bills, and those of the native path.

Google's collector trades an identity token of its service account for an hour's credentials. IAM
knows ``accounts.google.com`` itself, so no identity provider is made.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import iam

from infra.aws.permissions import Document, trusts_principal

ROLE_NAME = "ai-cost-collector"
READER_NAME = "ai-cost-native-reader"
"""The role by which the Lambda reads a payer account's bills."""


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


class ServiceRoleArgs(TypedDict):
    """What a ``ServiceRole`` is made from."""

    role_name: str
    description: str
    trust: pulumi.Input[Document]
    """Who may take it."""
    policy_name: str
    policy: pulumi.Input[Document]
    """What it may do."""


class ServiceRole(pulumi.ComponentResource):
    """A role that one service or one principal takes, with one policy of its own."""

    arn: pulumi.Output[str]
    """Known once the role may do what it is for."""

    def __init__(
        self, name: str, args: ServiceRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:ServiceRole", name, {}, opts)
        role = iam.Role(
            f"{name}-role",
            name=args["role_name"],
            description=args["description"],
            assume_role_policy=pulumi.Output.json_dumps(args["trust"]),
            max_session_duration=3600,
            opts=pulumi.ResourceOptions(parent=self),
        )
        policy = iam.RolePolicy(
            f"{name}-policy",
            name=args["policy_name"],
            role=role.name,
            policy=pulumi.Output.json_dumps(args["policy"]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = pulumi.Output.all(role.arn, policy.id).apply(_first)
        self.register_outputs({"arn": self.arn})


class BillsReaderArgs(TypedDict):
    """What a ``BillsReader`` is made from."""

    bucket_arn: pulumi.Input[str]
    prefix: pulumi.Input[str]
    collector: pulumi.Input[str]
    """The ARN of the Lambda's role."""


class BillsReader(pulumi.ComponentResource):
    """The role by which the Lambda reads one payer account's bills, its own account's too.

    A role for each, whichever account they are in, so that a payer account more is one more and
    nothing else.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: BillsReaderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:BillsReader", name, {}, opts)
        known = pulumi.Output.all(bucket=args["bucket_arn"], prefix=args["prefix"])
        self.arn = ServiceRole(
            name,
            {
                "role_name": READER_NAME,
                "description": "Taken by the collector in AWS to read this account's bills",
                "trust": pulumi.Output.from_input(args["collector"]).apply(trusts_principal),
                "policy_name": "read-bills",
                "policy": known.apply(_reading_policy),
            },
            pulumi.ResourceOptions(parent=self),
        ).arn
        self.register_outputs({"arn": self.arn})


def _first(values: list[str]) -> str:
    return values[0]


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
