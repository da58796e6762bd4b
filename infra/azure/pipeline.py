"""Who the workflows of GitHub are in Azure: one identity that reads, one that deploys.

Entra trades a workflow's token only for its own audience, the repository and the GitHub environment
that are named; that only main deploys, the environment itself says.
https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust-user-assigned-managed-identity

What the deploying identity may do is granted by the subscription's owners
(``python -m infra request``): who could grant it here would have it already.
"""

from typing import TypedDict

import pulumi
from pulumi_azure_native import managedidentity

from handlers.settings import AZURE_AUDIENCE
from infra.azure.identity import Grant, assign
from infra.pipeline_settings import ISSUER

PREVIEW, DEPLOY = "ai-cost-ci-preview", "ai-cost-ci-deploy"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
"""Reads how things are set up, no key and no content:
https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/general#reader"""


class PipelineArgs(TypedDict):
    """Who is trusted, and where the identities are."""

    subscription: str
    resource_group: pulumi.Input[str]
    location: str
    preview_subject: str
    deploy_subject: str


class Pipeline(pulumi.ComponentResource):
    """The two identities, and whose tokens each of them trusts."""

    preview: pulumi.Output[str]
    deploy: pulumi.Output[str]
    """Client ids."""

    def __init__(
        self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Pipeline", name, {}, opts)
        preview = self._identity(name, "preview", PREVIEW, args, args["preview_subject"])
        deploy = self._identity(name, "deploy", DEPLOY, args, args["deploy_subject"])
        scope = f"/subscriptions/{args['subscription']}"
        assign(
            self,
            f"{args['subscription']}/{PREVIEW}",
            preview.principal_id,
            Grant("setup", READER, scope, scope),
        )
        self.preview, self.deploy = preview.client_id, deploy.client_id
        self.register_outputs({"preview": self.preview, "deploy": self.deploy})

    def _identity(
        self, name: str, what: str, identity_name: str, args: PipelineArgs, subject: str
    ) -> managedidentity.UserAssignedIdentity:
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-{what}",
            resource_name_=identity_name,
            resource_group_name=args["resource_group"],
            location=args["location"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        managedidentity.FederatedIdentityCredential(
            f"{name}-{what}-github",
            federated_identity_credential_resource_name="github",
            resource_name_=identity.name,
            resource_group_name=args["resource_group"],
            issuer=ISSUER,
            subject=subject,
            audiences=[AZURE_AUDIENCE],
            opts=pulumi.ResourceOptions(parent=self),
        )
        return identity
