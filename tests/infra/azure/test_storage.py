import pulumi
import pulumi_azure_native as azure
import pytest

from infra.azure.group import RESOURCE_PROVIDERS, Group
from infra.azure.storage import ExportStorage
from infra.recording import Recorded, Recording, record

BOTH_RUNS = pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])


def program() -> None:
    provider = azure.Provider("azure", subscription_id="11111111-1111-4111-8111-111111111111")
    opts = pulumi.ResourceOptions(providers=[provider])
    group = Group("hub", {"name": "ai-cost-monitoring", "location": "eastus2"}, opts)
    ExportStorage(
        "bills",
        {"resource_group": group.name, "location": "eastus2", "account": "acmecosts"},
        opts,
    )


def of(recording: Recording, token: str) -> Recorded:
    [found] = recording.of_type(f"azure-native:{token}")
    return found


@BOTH_RUNS
def test_what_holds_the_bills_is_protected_and_outlives_the_stack(preview: bool) -> None:
    recording = record(program, {}, preview=preview)
    held = [one for one in recording.resources if one.type.startswith("azure-native:")]
    assert len(held) == 5
    for one in held:
        assert one.protect, one.name
        assert one.retain_on_delete, one.name
        assert "pulumi:providers:azure-native::azure" in one.provider


@BOTH_RUNS
def test_every_resource_hangs_on_a_component_that_has_said_its_outputs(preview: bool) -> None:
    recording = record(program, {}, preview=preview)
    components = {
        one.urn for one in recording.resources if one.type.startswith("ai-cost-monitoring:azure:")
    }
    assert len(components) == 2
    for one in recording.resources:
        if one.type.startswith("azure-native:"):
            assert one.parent in components
    assert components <= recording.registered_outputs


def test_the_account_opens_to_entra_alone_and_by_tls_1_2() -> None:
    # https://learn.microsoft.com/azure/storage/blobs/security-recommendations
    account = of(record(program, {}), "storage:StorageAccount").inputs
    assert account["accountName"] == "acmecosts"
    assert account["kind"] == "StorageV2"
    assert account["allowBlobPublicAccess"] is False
    assert account["allowSharedKeyAccess"] is False
    assert account["isLocalUserEnabled"] is False
    assert account["enableHttpsTrafficOnly"] is True
    assert account["minimumTlsVersion"] == "TLS1_2"


def test_copies_from_other_accounts_are_let_in_since_exports_arrive_as_such() -> None:
    # https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports
    assert "allowedCopyScope" not in of(record(program, {}), "storage:StorageAccount").inputs


def test_the_container_is_private() -> None:
    container = of(record(program, {}), "storage:BlobContainer").inputs
    assert container["containerName"] == "cost-exports"
    assert container["publicAccess"] == "None"


def test_what_was_deleted_or_overwritten_can_be_brought_back_for_a_month() -> None:
    blobs = of(record(program, {}), "storage:BlobServiceProperties").inputs
    assert blobs["isVersioningEnabled"] is True
    assert blobs["deleteRetentionPolicy"] == {"enabled": True, "days": 30}
    assert blobs["containerDeleteRetentionPolicy"] == {"enabled": True, "days": 30}


def test_older_exports_cost_less_and_are_never_deleted() -> None:
    [rule] = of(record(program, {}), "storage:ManagementPolicy").inputs["policy"]["rules"]
    assert rule["enabled"] is True
    assert set(rule["definition"]["actions"]["baseBlob"]) == {"tierToCool", "tierToCold"}


def test_the_endpoint_is_the_accounts_without_a_slash_at_its_end() -> None:
    seen: list[str] = []

    def watched() -> None:
        provider = azure.Provider("azure")
        storage = ExportStorage(
            "bills",
            {"resource_group": "hub", "location": "eastus2", "account": "acmecosts"},
            pulumi.ResourceOptions(providers=[provider]),
        )
        storage.blob_endpoint.apply(seen.append)

    record(watched, {})
    assert seen == ["https://acmecosts.blob.core.windows.net"]


def test_the_registrations_to_ask_for_are_those_the_resources_need() -> None:
    types = {one.type for one in record(program, {}).resources}
    used = {type_.split(":")[1] for type_ in types if type_.startswith("azure-native:")}
    # Resource groups belong to Azure Resource Manager, which is always registered.
    assert {f"microsoft.{name}" for name in used - {"resources"}} <= {
        name.lower() for name in RESOURCE_PROVIDERS
    }
    # https://learn.microsoft.com/rest/api/cost-management/exports/create-or-update
    assert "Microsoft.CostManagementExports" in RESOURCE_PROVIDERS
