"""How the collectors in AWS and Azure reach the hub without a key.

Google trusts exactly two identities of other clouds: one role of AWS as one Lambda uses it, and one
managed identity of Azure. Each acts as a service account of its own that may publish and no more.
https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds
"""

from typing import TypedDict

import pulumi
import pulumi_gcp as gcp

from handlers.record import Cloud
from handlers.settings import AZURE_AUDIENCE
from infra.gcp.grants import publisher_grants
from infra.gcp.identity import Places, grant_at

AZURE_AUDIENCE_ID = "fb60f99c-7a34-4190-8149-302f77469936"
"""How Entra writes ``AZURE_AUDIENCE`` in a token: the application's id that stands for it:
https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity"""

POOL = "ai-cost-collectors"
"""Of the pool. A deleted pool keeps its name for 30 days."""


class PoolArgs(TypedDict):
    """Where the pool is."""

    project: pulumi.Input[str]


class Pool(pulumi.ComponentResource):
    """The pool of identities of other clouds, of which providers below let one in each."""

    pool_id: pulumi.Output[str]
    pool_name: pulumi.Output[str]
    """As ``projects/NUMBER/locations/global/workloadIdentityPools/ID``."""

    def __init__(
        self, name: str, args: PoolArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Pool", name, {}, opts)
        pool = gcp.iam.WorkloadIdentityPool(
            f"{name}-pool",
            project=args["project"],
            workload_identity_pool_id=POOL,
            display_name="Collectors of AI costs",
            description="The collectors in AWS and Azure that publish to this hub",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.pool_id = pool.workload_identity_pool_id
        self.pool_name = pool.name
        self.register_outputs({"pool_id": self.pool_id, "pool_name": self.pool_name})


class AwsProviderArgs(TypedDict):
    """Which Lambda is let in."""

    project: pulumi.Input[str]
    pool_id: pulumi.Input[str]
    pool_name: pulumi.Input[str]
    account: str
    role: str
    """The name of the role that the Lambda runs as."""
    function: str | None
    """The Lambda's name, which is that of its session; None for every session of the role, as tasks
    have. Only AWS's own services may take it."""


class AwsProvider(pulumi.ComponentResource):
    """Lets in one session of one role, that of the Lambda, by its whole ARN; or that role."""

    provider_name: pulumi.Output[str]
    member: pulumi.Output[str]
    """What the service account trusts, as a member for IAM."""

    def __init__(
        self, name: str, args: AwsProviderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:AwsProvider", name, {}, opts)
        sessions = f"arn:aws:sts::{args['account']}:assumed-role/{args['role']}/"
        session = args["function"]
        provider = gcp.iam.WorkloadIdentityPoolProvider(
            f"{name}-provider",
            project=args["project"],
            workload_identity_pool_id=args["pool_id"],
            workload_identity_pool_provider_id="aws-lambda",
            display_name="The collector in AWS",
            aws={"account_id": args["account"]},
            attribute_mapping={
                "google.subject": "assertion.arn",
                "attribute.aws_role": "assertion.arn.extract('assumed-role/{role}/')",
            },
            attribute_condition=f"assertion.arn.startsWith('{sessions}')"
            if session is None
            else f"assertion.arn == '{sessions}{session}'",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.provider_name = provider.name
        self.member = pulumi.Output.format(
            "principalSet://iam.googleapis.com/{}/attribute.aws_role/{}",
            args["pool_name"],
            args["role"],
        )
        self.register_outputs({"provider_name": self.provider_name, "member": self.member})


class AzureProviderArgs(TypedDict):
    """Which managed identity is let in."""

    project: pulumi.Input[str]
    pool_id: pulumi.Input[str]
    pool_name: pulumi.Input[str]
    tenant: str
    principal: pulumi.Input[str]
    """The identity's object id."""


class AzureProvider(pulumi.ComponentResource):
    """Lets in one managed identity of one tenant, by its object id."""

    provider_name: pulumi.Output[str]
    member: pulumi.Output[str]
    """What the service account trusts, as a member for IAM."""

    def __init__(
        self, name: str, args: AzureProviderArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:AzureProvider", name, {}, opts)
        provider = gcp.iam.WorkloadIdentityPoolProvider(
            f"{name}-provider",
            project=args["project"],
            workload_identity_pool_id=args["pool_id"],
            workload_identity_pool_provider_id="azure-function",
            display_name="The collector in Azure",
            oidc={
                "issuer_uri": f"https://login.microsoftonline.com/{args['tenant']}/v2.0",
                "allowed_audiences": [AZURE_AUDIENCE_ID, AZURE_AUDIENCE],
            },
            attribute_mapping={"google.subject": "assertion.sub"},
            attribute_condition=pulumi.Output.format(
                "assertion.sub == '{}' && assertion.tid == '{}'", args["principal"], args["tenant"]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.provider_name = provider.name
        self.member = pulumi.Output.format(
            "principal://iam.googleapis.com/{}/subject/{}", args["pool_name"], args["principal"]
        )
        self.register_outputs({"provider_name": self.provider_name, "member": self.member})


class PublisherArgs(TypedDict):
    """Whose bills are published, who may publish them, and where to."""

    cloud: Cloud
    account_id: str
    """6 to 30 small letters, digits and hyphens."""
    member: pulumi.Input[str]
    """The identity of the other cloud, as a member for IAM."""
    places: Places


class Publisher(pulumi.ComponentResource):
    """The service account that a collector of another cloud acts as, with roles.toml's rights."""

    email: pulumi.Output[str]

    def __init__(
        self, name: str, args: PublisherArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:gcp:Publisher", name, {}, opts)
        account = gcp.serviceaccount.Account(
            f"{name}-account",
            project=args["places"]["project"],
            account_id=args["account_id"],
            display_name=f"AI cost monitoring: publishes what {args['cloud']} collected",
            opts=pulumi.ResourceOptions(parent=self),
        )
        gcp.serviceaccount.IAMMember(
            f"{name}-acts",
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            member=args["member"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        member = pulumi.Output.concat("serviceAccount:", account.email)
        for grant in publisher_grants():
            grant_at(self, f"{name}-{grant.name}", grant, args["places"], member)
        self.email = account.email
        self.register_outputs({"email": self.email})
