import pytest

from infra.azure.bills import Bills, bills_of, directory_of, is_billing_scope
from infra.native_settings import Job, SqlRoute, SqlSettings
from infra.scopes import AzureAdoption, AzureScope
from infra.settings import AzureSettings

SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111"
ENROLLMENT = "/providers/Microsoft.Billing/billingAccounts/1234567"
CUSTOMER = (
    "/providers/Microsoft.Billing/billingAccounts/"
    "00000000-0000-4000-8000-000000000001:00000000-0000-4000-8000-000000000002_2019-05-31"
)


def bills(scope: str, adopt: AzureAdoption) -> Bills:
    settings = AzureSettings(
        subscription="11111111-1111-4111-8111-111111111111",
        tenant="33333333-3333-4333-8333-333333333333",
        location="eastus2",
        resource_group="ai-cost-monitoring",
        storage_account="acmecosts",
        export_name="ai-cost-export",
        scopes=(),
        job=Job(name="azure-daily-etl", schedule="0 4 * * *"),
        sql=SqlSettings(prefix="acmecosts", route=SqlRoute.VNET_RULE, job="azure-native-etl"),
    )
    return bills_of(settings, AzureScope(id=scope, adopt=adopt))


def test_an_export_that_is_made_has_a_folder_of_its_scope() -> None:
    assert bills(SUBSCRIPTION, AzureAdoption()) == Bills(
        storage_account="acmecosts",
        container="cost-exports",
        directory="subscriptions-11111111-1111-4111-8111-111111111111",
        name="ai-cost-export",
        adopts_export=False,
    )


def test_an_adopted_export_is_read_where_it_is() -> None:
    found = bills(
        ENROLLMENT,
        AzureAdoption(
            export="focus", storage_account="finance", container="msexports", export_prefix="a/b/"
        ),
    )
    assert found.adopts_export
    assert (found.container, found.directory, found.name) == ("msexports", "a/b", "focus")
    assert found.account_url == "https://finance.blob.core.windows.net"


def test_scopes_have_folders_of_their_own_in_characters_that_exports_take() -> None:
    folders = {directory_of(scope) for scope in (SUBSCRIPTION, ENROLLMENT, CUSTOMER)}
    assert len(folders) == 3
    assert directory_of(ENROLLMENT) == "billingaccounts-1234567"
    for folder in folders:
        assert set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    ("scope", "billing"),
    [
        (SUBSCRIPTION, False),
        (f"{SUBSCRIPTION}/resourceGroups/ai", False),
        (ENROLLMENT, True),
        (ENROLLMENT.upper(), True),
        (f"{CUSTOMER}/billingProfiles/ABCD-EFGH", True),
    ],
)
def test_billing_scopes_are_told_from_those_of_azure_rbac(scope: str, billing: bool) -> None:
    assert is_billing_scope(scope) is billing
