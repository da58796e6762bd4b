"""Who the workflows of GitHub are in AWS: one role that reads, one that deploys.

AWS takes a workflow's token only for the audience of STS, the repository and the GitHub environment
that are named; that only main deploys, the environment itself says.
https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws

What the deploying role may do is granted by the account's administrators
(``python -m infra request``). It can't change either of these two roles.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, TypedDict

import pulumi
from pulumi_aws import iam

from infra.aws.permissions import Document
from infra.pipeline_settings import ISSUER

AUDIENCE = "sts.amazonaws.com"
PREVIEW, DEPLOY = "ai-cost-ci-preview", "ai-cost-ci-deploy"
SECURITY_AUDIT = "arn:aws:iam::aws:policy/SecurityAudit"
"""Reads how things are set up:
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SecurityAudit.html"""


class PipelineArgs(TypedDict):
    """Who is trusted, and in which account."""

    account: str
    preview_subject: str
    deploy_subject: str


class Pipeline(pulumi.ComponentResource):
    """GitHub as an identity provider of the account, and the two roles."""

    preview: pulumi.Output[str]
    deploy: pulumi.Output[str]
    """ARNs."""

    def __init__(
        self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:aws:Pipeline", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        github = iam.OpenIdConnectProvider(
            f"{name}-github", url=ISSUER, client_id_lists=[AUDIENCE], opts=mine
        )
        preview = self._role(name, "preview", PREVIEW, github.arn, args["preview_subject"])
        deploy = self._role(name, "deploy", DEPLOY, github.arn, args["deploy_subject"])
        iam.RolePolicyAttachment(
            f"{name}-preview-audit", role=preview.name, policy_arn=SECURITY_AUDIT, opts=mine
        )
        iam.RolePolicy(
            f"{name}-preview-reading",
            name="read-what-is-there",
            role=preview.name,
            policy=pulumi.Output.json_dumps(reading_policy()),
            opts=mine,
        )
        iam.RolePolicy(
            f"{name}-deploy-not-itself",
            name="not-itself",
            role=deploy.name,
            policy=pulumi.Output.json_dumps(not_itself(args["account"])),
            opts=mine,
        )
        self.preview, self.deploy = preview.arn, deploy.arn
        self.register_outputs({"preview": self.preview, "deploy": self.deploy})

    def _role(
        self, name: str, what: str, role_name: str, github: pulumi.Output[str], subject: str
    ) -> iam.Role:
        return iam.Role(
            f"{name}-{what}",
            name=role_name,
            description=f"Taken by the workflows of GitHub that {what} this platform",
            assume_role_policy=pulumi.Output.json_dumps(
                github.apply(lambda arn: trust(arn, subject))
            ),
            max_session_duration=3600 if what == "preview" else 7200,
            opts=pulumi.ResourceOptions(parent=self),
        )


def trust(provider: str, subject: str) -> Document:
    """Who may take a role: a workflow with exactly this subject and audience."""
    host = ISSUER.removeprefix("https://")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{host}:aud": AUDIENCE, f"{host}:sub": subject},
                },
            }
        ],
    }


def reading_policy() -> Document:
    """What a look for drift reads beyond SecurityAudit, from ``pipeline.toml``."""
    text = files("infra.aws").joinpath("pipeline.toml").read_text(encoding="utf-8")
    statements: list[Mapping[str, Any]] = [
        {
            "Sid": entry["name"],
            "Effect": "Allow",
            "Action": entry["actions"],
            "Resource": entry.get("on", "*"),
        }
        for entry in tomllib.loads(text)["read"]
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def not_itself(account: str) -> Document:
    """What the deploying role may not do, whatever else it is granted: change who CI is."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "NotItself",
                "Effect": "Deny",
                "Action": [
                    "iam:AttachRolePolicy",
                    "iam:CreateRole",
                    "iam:DeleteRole",
                    "iam:DeleteRolePolicy",
                    "iam:DetachRolePolicy",
                    "iam:PutRolePolicy",
                    "iam:UpdateAssumeRolePolicy",
                    "iam:UpdateRole",
                ],
                "Resource": [f"arn:aws:iam::{account}:role/{name}" for name in (PREVIEW, DEPLOY)],
            }
        ],
    }
