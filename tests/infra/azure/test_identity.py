import json
from uuid import UUID

import pulumi
import pulumi_azure_native as azure
import pytest

from infra.azure.identity import BILLING_ROLES, CollectorIdentity, assignment_name
from infra.recording import Recorded, Recording, record

SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
OTHER = "/subscriptions/22222222-2222-4222-8222-222222222222"
CONTAINER = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ai-cost-monitoring/providers/Microsoft.Storage"
    "/storageAccounts/acmecosts/blobServices/default/containers/cost-exports"
)
BILLING = "/providers/Microsoft.Billing/billingAccounts/1234567"
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
COST_MANAGEMENT_READER = "72fafb9e-0641-4937-9268-a91bfd8191a3"
STORAGE_BLOB_DATA_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"


def program() -> None:
    provider = azure.Provider("azure")
    CollectorIdentity(
        "reader",
        {
            "subscription": SUBSCRIPTION,
            "resource_group": "ai-cost-monitoring",
            "location": "eastus2",
            "identity_name": "ai-cost-collector",
            "service_account": pulumi.Output.from_input("100000000000000000001"),
            "scopes": [f"/subscriptions/{SUBSCRIPTION}", OTHER, BILLING],
            "containers": {"acmecosts/cost-exports": pulumi.Output.from_input(CONTAINER)},
        },
        pulumi.ResourceOptions(providers=[provider]),
    )


def grants(recording: Recording) -> list[Recorded]:
    return recording.of_type("azure-native:authorization:RoleAssignment")


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_everything_hangs_on_the_component_and_names_its_provider(preview: bool) -> None:
    recording = record(program, {}, preview=preview)
    [component] = recording.of_type("ai-cost-monitoring:azure:CollectorIdentity")
    children = [one for one in recording.resources if one.type.startswith("azure-native:")]
    assert len(children) == 5
    for child in children:
        assert child.parent == component.urn
        assert "pulumi:providers:azure-native::azure" in child.provider
    assert component.urn in recording.registered_outputs


def test_the_identity_trusts_one_google_account_and_no_secret() -> None:
    # https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust-gcp
    recording = record(program, {})
    [trust] = recording.of_type("azure-native:managedidentity:FederatedIdentityCredential")
    assert trust.inputs["issuer"] == "https://accounts.google.com"
    assert trust.inputs["subject"] == "100000000000000000001"
    assert trust.inputs["audiences"] == ["api://AzureADTokenExchange"]
    assert "assword" not in json.dumps([one.inputs for one in recording.resources])


def test_the_identity_may_read_costs_and_bills_and_nothing_else() -> None:
    definitions = "providers/Microsoft.Authorization/roleDefinitions"
    own = f"/subscriptions/{SUBSCRIPTION}"
    assert {
        (grant.inputs["scope"], grant.inputs["roleDefinitionId"])
        for grant in grants(record(program, {}))
    } == {
        (own, f"{own}/{definitions}/{COST_MANAGEMENT_READER}"),
        (OTHER, f"{OTHER}/{definitions}/{COST_MANAGEMENT_READER}"),
        (CONTAINER, f"{own}/{definitions}/{STORAGE_BLOB_DATA_READER}"),
    }


def test_grants_name_the_kind_of_principal_since_a_new_one_takes_time_to_be_known() -> None:
    # https://learn.microsoft.com/azure/role-based-access-control/role-assignments-template
    for grant in grants(record(program, {})):
        assert grant.inputs["principalType"] == "ServicePrincipal"


def test_a_billing_account_gets_no_role_of_azure_rbac() -> None:
    # https://learn.microsoft.com/azure/cost-management-billing/costs/understand-work-scopes
    scopes = [grant.inputs["scope"] for grant in grants(record(program, {}))]
    assert not any("Microsoft.Billing" in scope for scope in scopes)


def test_a_grant_keeps_its_name_from_run_to_run_and_no_two_share_one() -> None:
    first, second = (
        {g.inputs["roleAssignmentName"] for g in grants(record(program, {}))} for _ in "ab"
    )
    assert first == second
    assert len(first) == 3
    assert all(str(UUID(name)) == name for name in first)


def test_another_identity_role_or_scope_makes_another_name() -> None:
    name = assignment_name("s/collector", COST_MANAGEMENT_READER, OTHER)
    assert name == assignment_name("s/collector", COST_MANAGEMENT_READER, OTHER.upper())
    assert name != assignment_name("s/test-collector", COST_MANAGEMENT_READER, OTHER)
    assert name != assignment_name("s/collector", STORAGE_BLOB_DATA_READER, OTHER)
    assert name != assignment_name("s/collector", COST_MANAGEMENT_READER, CONTAINER)


def test_the_roles_to_ask_billing_owners_for_read_only() -> None:
    # https://learn.microsoft.com/azure/cost-management-billing/manage/assign-roles-azure-service-principals
    assert {role.role_definition for role in BILLING_ROLES if "Enterprise" in role.agreement} == {
        "24f8edb6-1668-4659-b5e2-40bb5f3a7d7e"
    }
    assert all("reader" in role.name.lower() for role in BILLING_ROLES)
