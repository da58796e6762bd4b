"""Azure: who is logged in, and what that login may do in each subscription."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from infra.apis.login import LoginExpired, LoginMissing
from infra.azure.bills import is_billing_scope
from infra.doctor.examination import Place
from infra.doctor.finding import Finding, finding
from infra.doctor.needs import needs
from infra.settings import AzureSettings

ROLES = "2022-04-01"
PROVIDERS = "2021-04-01"


def login(place: Place, azure: AzureSettings) -> Iterator[Finding]:
    """Which login there is, whose, and whether Microsoft Entra takes it."""
    try:
        claims = place.azure.claims()
    except LoginMissing as error:
        yield finding("azure-login.missing", error=error.reason, tenant=azure.tenant)
        return
    except LoginExpired as error:
        yield finding("azure-login.expired", error=error.reason, tenant=azure.tenant)
        return
    who = claims.get("upn") or claims.get("unique_name") or claims.get("appid") or "somebody"
    state = "ok" if str(claims.get("tid", "")).lower() == azure.tenant else "other-tenant"
    yield finding(f"azure-login.{state}", who=who, found=claims.get("tid"), tenant=azure.tenant)


def rights(place: Place, azure: AzureSettings) -> Iterator[Finding]:
    """The login's roles at and above each subscription, those of its groups among them.

    https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
    """
    found = place.azure
    principal = str(found.claims()["oid"])
    hub = f"/subscriptions/{azure.subscription}"
    read = [scope.id for scope in azure.scopes if not is_billing_scope(scope.id)]
    kinds_of = {hub: {"hub"}}
    for scope in read:
        kinds_of.setdefault(scope, set()).add("subscription")
    for scope, kinds in kinds_of.items():
        said = found.api().get(
            f"{scope}/providers/Microsoft.Authorization/roleAssignments",
            {"api-version": ROLES, "$filter": f"assignedTo('{principal}')"},
        )
        assigned = cast("list[dict[str, Any]]", said.get("value", []))
        yield from _judged(kinds, scope, principal, _role_ids(assigned))


def _judged(kinds: set[str], scope: str, principal: str, held: set[str]) -> Iterator[Finding]:
    missing = [
        need for need in needs("azure") if need["on"] in kinds and not held & set(need["any"])
    ]
    for need in missing:
        yield finding(
            "azure-rights.missing",
            scope=scope,
            why=need["why"],
            role=need["role"],
            principal=principal,
        )
    if not missing:
        yield finding("azure-rights.ok", scope=scope, what=" and ".join(sorted(kinds)))


def _role_ids(assigned: Sequence[dict[str, Any]]) -> set[str]:
    return {
        str(one["properties"]["roleDefinitionId"]).rpartition("/")[2].lower() for one in assigned
    }


def providers(place: Place, azure: AzureSettings) -> Iterator[Finding]:
    """Are the resource providers registered that the program makes things of?"""
    api = place.azure.api()
    for need in needs("azure-provider", place.environment.settings.phase):
        namespace = str(need["namespace"])
        said = api.get(
            f"/subscriptions/{azure.subscription}/providers/{namespace}",
            {"api-version": PROVIDERS},
        )
        state = str(said.get("registrationState", ""))
        yield finding(
            f"azure-provider.{'ok' if state == 'Registered' else 'missing'}",
            namespace=namespace,
            state=state,
            subscription=azure.subscription,
        )
