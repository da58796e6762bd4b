"""The identities: the one by which Google's collector reads bills, and those of the native path.

None of them has a secret.

Azure's RBAC governs subscriptions, resource groups and containers. Billing accounts and their
parts have roles of their own, which only their owners assign and which no role assignment of ARM
reaches; ``BILLING_ROLES`` says what to ask them for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypedDict
from uuid import NAMESPACE_URL, uuid5

import pulumi
from pulumi_azure_native import authorization, managedidentity

from handlers.settings import AZURE_AUDIENCE
from infra.azure.bills import is_billing_scope

GOOGLE = "https://accounts.google.com"

COST_MANAGEMENT_READER = "72fafb9e-0641-4937-9268-a91bfd8191a3"
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/management-and-governance"""

STORAGE_BLOB_DATA_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage"""


@dataclass(frozen=True)
class BillingRole:
    """A role on a billing scope that its owner must assign to the collector's identity."""

    agreement: str
    scope: str
    """Which kind of scope it is assigned on."""
    name: str
    role_definition: str


BILLING_ROLES: Sequence[BillingRole] = (
    BillingRole(
        "Enterprise Agreement",
        "billing account",
        "Enrollment reader",
        "24f8edb6-1668-4659-b5e2-40bb5f3a7d7e",
    ),
    BillingRole(
        "Microsoft Customer Agreement",
        "billing account",
        "Billing account reader",
        "50000000-aaaa-bbbb-cccc-100000000002",
    ),
    BillingRole(
        "Microsoft Customer Agreement",
        "billing profile",
        "Billing profile reader",
        "40000000-aaaa-bbbb-cccc-100000000002",
    ),
)
"""https://learn.microsoft.com/azure/cost-management-billing/manage/assign-roles-azure-service-principals
https://learn.microsoft.com/azure/cost-management-billing/manage/understand-mca-roles"""


STORAGE_BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
"""Adds to the archive, whose own policy keeps it from changing or deleting anything."""

STORAGE_BLOB_DATA_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
STORAGE_QUEUE_DATA_CONTRIBUTOR = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
STORAGE_TABLE_DATA_CONTRIBUTOR = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"
"""What a Functions host needs of its own storage account:
https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity"""

MONITORING_METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
"""What sends to Application Insights without a key:
https://learn.microsoft.com/azure/azure-monitor/app/azure-ad-authentication"""


@dataclass(frozen=True)
class Grant:
    """A role on a scope; ``key`` names the scope before it is known."""

    what: str
    role: str
    key: str
    scope: pulumi.Input[str]


class CollectorIdentityArgs(TypedDict):
    """What a ``CollectorIdentity`` is made from."""

    subscription: str
    """The id of the subscription that holds the identity."""
    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    identity_name: str
    service_account: pulumi.Input[str]
    """The unique id of the Google service account that may use it."""
    scopes: Sequence[str]
    """Scopes whose costs it reads, as resource ids. Billing scopes are left to their owners."""
    containers: Mapping[str, pulumi.Input[str]]
    """Containers it reads, as resource ids, by a name that stays (ACCOUNT/CONTAINER)."""


class CollectorIdentity(pulumi.ComponentResource):
    """A user-assigned identity that one Google service account can act as, and that only reads."""

    client_id: pulumi.Output[str]
    principal_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: CollectorIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:CollectorIdentity", name, {}, opts)
        self._key = f"{args['subscription']}/{args['identity_name']}"
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_name_=args["identity_name"],
            resource_group_name=args["resource_group"],
            location=args["location"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        managedidentity.FederatedIdentityCredential(
            f"{name}-google",
            federated_identity_credential_resource_name="google",
            resource_name_=identity.name,
            resource_group_name=args["resource_group"],
            issuer=GOOGLE,
            subject=args["service_account"],
            audiences=[AZURE_AUDIENCE],
            opts=pulumi.ResourceOptions(parent=self),
        )
        for one in reading(args["scopes"], args["containers"]):
            assign(self, self._key, identity.principal_id, one)
        self.client_id = identity.client_id
        self.principal_id = identity.principal_id
        self.register_outputs({"client_id": self.client_id, "principal_id": self.principal_id})


class IdentityArgs(TypedDict):
    """What an ``Identity`` is made from."""

    subscription: str
    resource_group: pulumi.Input[str]
    location: pulumi.Input[str]
    identity_name: str
    grants: Sequence[Grant]


class Identity(pulumi.ComponentResource):
    """A user-assigned identity with some roles, for what runs in Azure itself."""

    id: pulumi.Output[str]
    """Its resource id, known once it has its roles."""
    client_id: pulumi.Output[str]
    principal_id: pulumi.Output[str]
    identity_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ai-cost-monitoring:azure:Identity", name, {}, opts)
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_name_=args["identity_name"],
            resource_group_name=args["resource_group"],
            location=args["location"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        key = f"{args['subscription']}/{args['identity_name']}"
        made = [assign(self, key, identity.principal_id, one) for one in args["grants"]]
        self.id = pulumi.Output.all(identity.id, *(one.id for one in made)).apply(_first)
        self.client_id = identity.client_id
        self.principal_id = identity.principal_id
        self.identity_name = identity.name
        self.register_outputs({"client_id": self.client_id, "principal_id": self.principal_id})


def reading(scopes: Sequence[str], containers: Mapping[str, pulumi.Input[str]]) -> Sequence[Grant]:
    """What a collector needs to read bills; billing scopes are left to their owners."""
    return [
        *(
            Grant("costs", COST_MANAGEMENT_READER, scope, scope)
            for scope in scopes
            if not is_billing_scope(scope)
        ),
        *(
            Grant("bills", STORAGE_BLOB_DATA_READER, key, container)
            for key, container in containers.items()
        ),
    ]


def assign(
    parent: pulumi.ComponentResource, identity: str, principal: pulumi.Input[str], grant: Grant
) -> authorization.RoleAssignment:
    """Give ``grant`` to the principal of ``identity``, which is SUBSCRIPTION/NAME."""
    name = assignment_name(identity, grant.role, grant.key)
    return authorization.RoleAssignment(
        f"{parent.pulumi_resource_name}-{grant.what}-{name[:8]}",
        role_assignment_name=name,
        scope=grant.scope,
        role_definition_id=pulumi.Output.from_input(grant.scope).apply(
            partial(_role_definition, grant.role)
        ),
        principal_id=principal,
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        description=f"ai-cost-monitoring reads {grant.what}"
        if grant.role in _READS
        else f"ai-cost-monitoring: {grant.what}",
        # The name is the same for another principal, which Azure refuses to change to.
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )


_READS = frozenset({COST_MANAGEMENT_READER, STORAGE_BLOB_DATA_READER})


def _first(values: list[str]) -> str:
    return values[0]


def assignment_name(identity: str, role: str, key: str) -> str:
    """The GUID that names a role assignment: the same for the same grant, whoever asks.

    ``identity`` is SUBSCRIPTION/NAME of the identity, ``key`` what is granted on.
    """
    return str(uuid5(NAMESPACE_URL, f"{identity}/{role}/{key}".lower()))


def _role_definition(role: str, scope: str) -> str:
    """The role's id as Azure answers it, below the subscription of ``scope``."""
    subscription = "/".join(scope.split("/")[:3])
    return f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"
