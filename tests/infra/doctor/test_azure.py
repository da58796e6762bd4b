"""Azure in each state: login, roles, providers, agreement, export."""

from datetime import timedelta

import pytest

from infra.doctor.finding import Level
from tests.fakes.azure_manager import OWNER, Azure, put_az
from tests.infra.operator import NOW, SUBSCRIPTION, TENANT, Operator, names

SCOPE = f"/subscriptions/{SUBSCRIPTION}"
BILLING = "/providers/Microsoft.Billing/billingAccounts/1234567"
PROFILE = f"{BILLING}/billingProfiles/AAAA-BBBB"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
USER_ACCESS = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
COST_CONTRIBUTOR = "434105ed-43f6-45c7-a02f-909b2ba83430"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def subscription(quota: str = "PayAsYouGo_2014-09-01", **more: str) -> dict[str, object]:
    return {
        "tenantId": TENANT,
        "state": "Enabled",
        "subscriptionPolicies": {"quotaId": quota},
        **more,
    }


def run(hours: float, status: str = "Completed", **more: object) -> dict[str, object]:
    at = NOW - timedelta(hours=hours)
    end = f"{at:%Y-%m-%dT%H:%M:%S}.1234567Z"
    return {"properties": {"status": status, "processingEndTime": end, **more}}


def put_export(person: Operator, *runs: dict[str, object], status: str = "Active") -> None:
    person.azure.exports[f"{SCOPE}/ai-cost-export"] = {
        "schedule": {"status": status},
        "runHistory": {"value": list(runs)},
    }


def test_a_login_is_told_with_its_owner_and_tenant(person: Operator) -> None:
    found = person.one("Login of Azure")
    assert found.name == "azure-login.ok"
    assert "ada@acme.example" in found.found
    assert TENANT in found.found


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("ERROR: Please run az login to setup account.", "missing"),
        ("ERROR: AADSTS700082: The refresh token has expired due to inactivity.", "expired"),
    ],
)
def test_a_login_that_gives_no_token_is_told(person: Operator, error: str, expected: str) -> None:
    put_az(person.programs, person.azure, error=error)
    found = person.one("Login of Azure")
    assert found.name == f"azure-login.{expected}"
    assert found.remedy == f"az login --tenant {TENANT}"


def test_without_az_the_login_is_missing(person: Operator) -> None:
    (person.programs / "az").unlink()
    assert person.one("Login of Azure").name == "azure-login.missing"


def test_a_login_in_another_tenant_is_a_problem(person: Operator) -> None:
    other = Azure("00000000-0000-4000-8000-0000000000cc")
    person.azure.token = other.token
    put_az(person.programs, person.azure)
    found = person.one("Login of Azure")
    assert found.name == "azure-login.other-tenant"
    assert other.tenant in found.found


@pytest.mark.parametrize("roles", [[OWNER], [CONTRIBUTOR, USER_ACCESS], [OWNER, READER]])
def test_roles_that_are_enough_are_good(person: Operator, roles: list[str]) -> None:
    person.azure.roles[SCOPE] = roles
    assert person.one("Azure's roles").name == "azure-rights.ok"


def test_each_missing_role_is_told_with_its_command(person: Operator) -> None:
    person.azure.roles[SCOPE] = [CONTRIBUTOR, READER]
    found = person.examined("Azure's roles")
    assert names(found) == ["azure-rights.missing", "azure-rights.missing"]
    assert '--role "Role Based Access Control Administrator"' in found[0].remedy
    assert found[0].remedy.endswith(f"--scope {SCOPE}")


def test_the_hubs_subscription_and_those_that_are_read_need_different_roles(
    person: Operator,
) -> None:
    other = "/subscriptions/00000000-0000-4000-8000-0000000000dd"
    person.config["azure_scopes"] = [{"id": other}]
    person.azure.roles = {SCOPE: [CONTRIBUTOR, USER_ACCESS], other: [COST_CONTRIBUTOR, USER_ACCESS]}
    assert names(person.examined("Azure's roles")) == ["azure-rights.ok", "azure-rights.ok"]

    person.azure.roles[SCOPE] = [COST_CONTRIBUTOR, USER_ACCESS]
    assert names(person.examined("Azure's roles")) == ["azure-rights.missing", "azure-rights.ok"]


def test_a_provider_that_is_not_registered_is_a_problem(person: Operator) -> None:
    person.azure.registered["Microsoft.CostManagementExports"] = "NotRegistered"
    found = person.examined("resource providers")
    assert [one.level for one in found] == [Level.OK, Level.OK, Level.PROBLEM]
    assert "az provider register --namespace Microsoft.CostManagementExports" in found[2].remedy


@pytest.mark.parametrize(
    ("quota", "name"),
    [
        ("EnterpriseAgreement_2014-09-01", "Enterprise Agreement"),
        ("PayAsYouGo_2014-09-01", "pay-as-you-go"),
        ("CSP_2015-05-01", "Microsoft Partner Agreement"),
    ],
)
def test_where_the_billing_api_is_silent_the_offer_tells_the_agreement(
    person: Operator, quota: str, name: str
) -> None:
    person.azure.subscriptions[SCOPE] = subscription(quota)
    found = person.one("Azure's agreement")
    assert found.name == "azure-agreement.ok"
    assert found.found.startswith(name)


def test_the_billing_api_comes_before_the_offer(person: Operator) -> None:
    person.azure.subscriptions[SCOPE] = subscription("PayAsYouGo_2014-09-01")
    person.azure.property[SCOPE] = {"billingAccountAgreementType": "MicrosoftCustomerAgreement"}
    assert person.one("Azure's agreement").found.startswith("Microsoft Customer Agreement")


def test_an_agreement_that_nobody_tells_is_not_checked(person: Operator) -> None:
    person.azure.subscriptions[SCOPE] = subscription("Internal_2014-09-01")
    assert person.one("Azure's agreement").name == "azure-agreement.unknown"


@pytest.mark.parametrize(
    ("scope", "agreement", "expected"),
    [
        (BILLING, "EnterpriseAgreement", "ok"),
        (PROFILE, "MicrosoftCustomerAgreement", "ok"),
        (BILLING, "MicrosoftCustomerAgreement", "does-not-fit"),
        (BILLING, "MicrosoftOnlineServicesProgram", "does-not-fit"),
    ],
)
def test_a_billing_scope_must_fit_its_agreement(
    person: Operator, scope: str, agreement: str, expected: str
) -> None:
    person.config["azure_scopes"] = [{"id": scope}]
    person.azure.billing[BILLING.lower()] = agreement
    assert person.one("Azure's agreement").name == f"azure-agreement.{expected}"


def test_a_subscription_beside_its_own_billing_account_counts_money_twice(
    person: Operator,
) -> None:
    person.config["azure_scopes"] = [{"id": SCOPE}, {"id": BILLING}]
    person.azure.subscriptions[SCOPE] = subscription("EnterpriseAgreement_2014-09-01")
    person.azure.property[SCOPE] = {"billingAccountId": BILLING}
    person.azure.billing[BILLING.lower()] = "EnterpriseAgreement"
    found = person.examined("Azure's agreement")
    assert names(found).count("azure-agreement.overlap") == 1

    person.azure.property[SCOPE] = {"billingAccountId": BILLING.replace("1234567", "7654321")}
    assert "azure-agreement.overlap" not in names(person.examined("Azure's agreement"))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"tenantId": "00000000-0000-4000-8000-0000000000cc"}, "tenant"),
        ({"state": "Warned"}, "disabled"),
    ],
)
def test_a_subscription_that_can_not_be_read_is_a_problem(
    person: Operator, more: dict[str, str], expected: str
) -> None:
    person.azure.subscriptions[SCOPE] = subscription(**more)
    found = person.examined("Azure's agreement")
    assert found[0].name == f"azure-agreement.{expected}"
    assert found[0].level is Level.PROBLEM


def test_a_missing_export_is_made_by_up_and_an_adopted_one_is_not(person: Operator) -> None:
    assert person.one("Azure's export").name == "azure-export.missing"
    adopt = {"export": "finops", "storage_account": "acmefinops", "container": "exports"}
    person.config["azure_scopes"] = [{"id": SCOPE, "adopt": adopt}]
    assert person.one("Azure's export").name == "azure-export.adopted-missing"


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], "awaited"),
        ([run(3)], "ok"),
        ([run(3), run(30, "Failed")], "ok"),
        ([run(49)], "stale"),
        ([run(3, "Failed", error={"message": "no write access"}), run(30)], "failed"),
    ],
)
def test_an_export_is_judged_by_its_last_run(
    person: Operator, runs: list[dict[str, object]], expected: str
) -> None:
    put_export(person, *runs)
    found = person.one("Azure's export")
    assert found.name == f"azure-export.{expected}"
    assert expected != "failed" or "no write access" in found.found


def test_an_export_that_is_switched_off_is_a_problem(person: Operator) -> None:
    put_export(person, run(3), status="Inactive")
    assert person.one("Azure's export").name == "azure-export.inactive"


def test_without_a_login_nothing_of_azure_is_checked(person: Operator) -> None:
    put_az(person.programs, person.azure, error="ERROR: Please run az login to setup account.")
    for part in ("Azure's roles", "resource providers", "Azure's agreement", "Azure's export"):
        assert person.one(part).name == "check.no-login"
