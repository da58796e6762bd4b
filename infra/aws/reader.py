"""Who Grafana is in Redshift.

A Grafana outside AWS has no identity that AWS could trust, so it has a user with an access key that
can do one thing: take the role that reads. The key is a secret in the state, and replaced when
``rotation`` changes.
"""

from typing import TypedDict

import pulumi
from pulumi_aws import iam

from infra.aws.identity import ServiceRole
from infra.aws.permissions import shows, takes, trusts_principal

READER = "ai-cost-grafana-reader"
SIGN_IN = "ai-cost-grafana-sign-in"


class GrafanaReaderArgs(TypedDict):
    """What Grafana reads."""

    workgroup_arn: pulumi.Input[str]
    rotation: str
    """Any text; another one makes a new key before the old one is deleted."""


class GrafanaReader(pulumi.ComponentResource):
    """A user without rights, its key, and the role that it may take: to ask the warehouse."""

    role: pulumi.Output[str]
    """The role's ARN."""
    access_key: pulumi.Output[str]
    secret_key: pulumi.Output[str]

    def __init__(
        self, name: str, args: GrafanaReaderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:GrafanaReader", name, {}, opts)
        options = pulumi.ResourceOptions(parent=self)
        user = iam.User(f"{name}-user", name=SIGN_IN, opts=options)
        role = ServiceRole(
            f"{name}-reader",
            {
                "role_name": READER,
                "description": "Taken by Grafana to read the costs of AI",
                "trust": user.arn.apply(trusts_principal),
                "policy_name": "read-costs",
                "policy": pulumi.Output.all(workgroup=args["workgroup_arn"]).apply(shows),
            },
            options,
        )
        iam.UserPolicy(
            f"{name}-takes-reader",
            name="take-reader",
            user=user.name,
            policy=pulumi.Output.json_dumps(role.arn.apply(takes)),
            opts=options,
        )
        # A key has no inputs that could tell a new one from an old one, so its name does.
        key = iam.AccessKey(
            f"{name}-key-{args['rotation']}",
            user=user.name,
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["secret"]),
        )
        self.role = role.arn
        self.access_key = key.id
        self.secret_key = pulumi.Output.secret(key.secret)
        self.register_outputs({"role": self.role})
