from datetime import date

import pulumi
import pulumi_azure_native as azure
import pytest

from infra.azure.export import CostExport
from infra.recording import Recorded, record

SCOPE = "/subscriptions/11111111-1111-4111-8111-111111111111"


def program() -> None:
    provider = azure.Provider("azure")
    CostExport(
        "bills",
        {
            "scope": SCOPE,
            "export_name": "ai-cost-export",
            "account_id": "/subscriptions/s/storageAccounts/acmecosts",
            "container": "cost-exports",
            "directory": "subscriptions-1111",
            "first_day": date(2026, 11, 25),
        },
        pulumi.ResourceOptions(providers=[provider]),
    )


def exported(*, preview: bool = False) -> Recorded:
    [export] = record(program, {}, preview=preview).of_type("azure-native:costmanagement:Export")
    return export


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_the_export_hangs_on_its_component_and_names_its_provider(preview: bool) -> None:
    recording = record(program, {}, preview=preview)
    [component] = recording.of_type("ai-cost-monitoring:azure:CostExport")
    export = exported(preview=preview)
    assert export.parent == component.urn
    assert "pulumi:providers:azure-native::azure" in export.provider
    assert component.urn in recording.registered_outputs


def test_the_whole_month_to_date_is_written_daily_as_actual_cost() -> None:
    inputs = exported().inputs
    assert inputs["scope"] == SCOPE
    assert inputs["exportName"] == "ai-cost-export"
    assert inputs["definition"] == {
        "type": "ActualCost",
        "timeframe": "MonthToDate",
        "dataSet": {"granularity": "Daily"},
    }
    assert inputs["schedule"]["recurrence"] == "Daily"
    assert inputs["schedule"]["status"] == "Active"
    assert inputs["format"] == "Csv"


def test_the_export_writes_in_parts_since_only_then_there_is_a_manifest() -> None:
    # https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-improved-exports
    assert exported().inputs["partitionData"] is True


def test_the_export_writes_by_an_identity_of_its_own() -> None:
    # Without one it needs the account's keys: https://github.com/Azure/azure-cli/issues/32912
    assert exported().inputs["identity"] == {"type": "SystemAssigned"}
    assert exported().inputs["location"] == "global"


def test_the_export_goes_to_its_own_folder_of_the_container() -> None:
    assert exported().inputs["deliveryInfo"] == {
        "destination": {
            "resourceId": "/subscriptions/s/storageAccounts/acmecosts",
            "container": "cost-exports",
            "rootFolderPath": "subscriptions-1111",
        }
    }


def test_the_schedule_begins_on_the_given_day_and_later_days_change_nothing() -> None:
    assert exported().inputs["schedule"]["recurrencePeriod"] == {
        "from": "2026-11-25T00:00:00Z",
        "to": "2099-12-31T00:00:00Z",
    }
    assert exported().ignore_changes == ("schedule.recurrencePeriod",)
