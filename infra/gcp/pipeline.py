"""Who the workflows of GitHub are in Google Cloud: one account that reads, one that deploys.

Neither has a key: Google trades the token of a workflow, and takes it only for the repository and
the GitHub environment that are named, for the audience that is this very provider, and for a deploy
only from main. https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines

What the deploying account may do in the project is granted by its administrators
(``python -m infra request``): who could grant it here would have it already.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from infra.pipeline_settings import ISSUER, MAIN

POOL = "ai-cost-ci"
PREVIEW, DEPLOY = "ai-cost-ci-preview", "ai-cost-ci-deploy"


class PipelineArgs(TypedDict):
    """Who is trusted, and where the state is."""

    project: pulumi.Input[str]
    preview_subject: str
    deploy_subject: str
    state_bucket: str
    state_key: str | None
    bundles: pulumi.Input[str]
    """The bucket of bundles, whose objects a look for drift compares."""


def reading_roles() -> Mapping[str, str]:
    """What a preview may read in the project: role by name, from ``pipeline.toml``."""
    text = files("infra.gcp").joinpath("pipeline.toml").read_text(encoding="utf-8")
    return {entry["name"]: entry["role"] for entry in tomllib.loads(text)["read"]}


class Pipeline(pulumi.ComponentResource):
    """The two accounts, and the provider that lets workflows act as them."""

    provider: pulumi.Output[str]
    preview: pulumi.Output[str]
    deploy: pulumi.Output[str]
    """Emails."""

    def __init__(
        self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Pipeline", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        pool = gcp.iam.WorkloadIdentityPool(
            f"{name}-pool",
            project=args["project"],
            workload_identity_pool_id=POOL,
            display_name="Workflows of AI costs",
            description="The workflows of GitHub that preview and deploy this platform",
            opts=mine,
        )
        preview, deploy = args["preview_subject"], args["deploy_subject"]
        provider = gcp.iam.WorkloadIdentityPoolProvider(
            f"{name}-provider",
            project=args["project"],
            workload_identity_pool_id=pool.workload_identity_pool_id,
            workload_identity_pool_provider_id="github",
            display_name="GitHub",
            # Without a list of audiences, the one that is taken is this provider's whole name.
            oidc={"issuer_uri": ISSUER},
            attribute_mapping={"google.subject": "assertion.sub"},
            attribute_condition=f"assertion.sub == '{preview}'"
            f" || (assertion.sub == '{deploy}' && assertion.ref == '{MAIN}')",
            opts=mine,
        )
        accounts = {
            what: self._account(name, what, account_id, subject, args, pool.name)
            for what, account_id, subject in (
                ("preview", PREVIEW, preview),
                ("deploy", DEPLOY, deploy),
            )
        }
        for role_name, role in reading_roles().items():
            gcp.projects.IAMMember(
                f"{name}-preview-{role_name}",
                project=args["project"],
                role=role,
                member=_member(accounts["preview"]),
                opts=mine,
            )
        self._state(name, args, accounts)
        self.provider = provider.name
        self.preview = accounts["preview"].email
        self.deploy = accounts["deploy"].email
        self.register_outputs(
            {"provider": self.provider, "preview": self.preview, "deploy": self.deploy}
        )

    def _account(
        self,
        name: str,
        what: str,
        account_id: str,
        subject: str,
        args: PipelineArgs,
        pool: pulumi.Output[str],
    ) -> gcp.serviceaccount.Account:
        account = gcp.serviceaccount.Account(
            f"{name}-{what}",
            project=args["project"],
            account_id=account_id,
            display_name=f"AI cost monitoring: {what}s by workflows of GitHub",
            opts=pulumi.ResourceOptions(parent=self),
        )
        gcp.serviceaccount.IAMMember(
            f"{name}-{what}-acts",
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            member=pulumi.Output.format(
                "principal://iam.googleapis.com/{}/subject/{}", pool, subject
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return account

    def _state(
        self,
        name: str,
        args: PipelineArgs,
        accounts: Mapping[str, gcp.serviceaccount.Account],
    ) -> None:
        """The state: a preview reads it and its secrets, a deploy writes it."""
        mine = pulumi.ResourceOptions(parent=self)
        for what, bucket, role in (
            ("preview-state", args["state_bucket"], "roles/storage.objectViewer"),
            ("preview-bundles", args["bundles"], "roles/storage.objectViewer"),
            ("deploy-state", args["state_bucket"], "roles/storage.objectAdmin"),
        ):
            gcp.storage.BucketIAMMember(
                f"{name}-{what}",
                bucket=bucket,
                role=role,
                member=_member(accounts[what.partition("-")[0]]),
                opts=mine,
            )
        if args["state_key"] is None:
            return
        for what, role in (
            ("preview", "roles/cloudkms.cryptoKeyDecrypter"),
            ("deploy", "roles/cloudkms.cryptoKeyEncrypterDecrypter"),
        ):
            gcp.kms.CryptoKeyIAMMember(
                f"{name}-{what}-key",
                crypto_key_id=args["state_key"],
                role=role,
                member=_member(accounts[what]),
                opts=mine,
            )


def _member(account: gcp.serviceaccount.Account) -> pulumi.Output[str]:
    return pulumi.Output.concat("serviceAccount:", account.email)
