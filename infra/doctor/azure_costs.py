"""Azure's bills: the agreement behind each scope, whether the scope fits it, and the export."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from infra.apis.web import Api, Refused
from infra.azure.bills import bills_of, is_billing_scope
from infra.doctor.examination import Place
from infra.doctor.finding import Finding, finding
from infra.scopes import AzureScope
from infra.settings import AzureSettings

SUBSCRIPTIONS = "2022-12-01"
BILLING = "2024-04-01"
EXPORTS = "2024-08-01"
FRESH = timedelta(hours=48)
UNKNOWN = ""


@dataclass(frozen=True)
class Agreement:
    """What Azure says of a scope: its agreement's name, and the billing account it belongs to."""

    kind: str
    billing_account: str


def agreements() -> Mapping[str, Mapping[str, Any]]:
    """What each agreement lets be read (agreements.toml)."""
    return tomllib.loads(Path(__file__).with_name("agreements.toml").read_text(encoding="utf-8"))


def agreement(place: Place, azure: AzureSettings) -> Iterator[Finding]:
    """The agreement of each scope; whether the scope fits it, and overlaps no other."""
    api = place.azure.api()
    billing = [scope.id.lower() for scope in azure.scopes if is_billing_scope(scope.id)]
    for number, scope in enumerate(azure.scopes):
        if is_billing_scope(scope.id):
            found = _of_billing_account(api, scope.id)
        else:
            said = api.get(scope.id, {"api-version": SUBSCRIPTIONS})
            yield from _subscription(azure, scope.id, said)
            found = _of_subscription(api, scope.id, said)
        yield _fits(scope.id, number, found)
        account = found.billing_account.lower()
        for other in billing:
            # A profile may or may not be the one that the subscription belongs to.
            if account and not is_billing_scope(scope.id) and other == account:
                yield finding("azure-agreement.overlap", scope=scope.id, other=other)


def _subscription(azure: AzureSettings, scope: str, said: Mapping[str, Any]) -> Iterator[Finding]:
    tenant, state = str(said.get("tenantId", "")).lower(), str(said.get("state", ""))
    if tenant != azure.tenant:
        yield finding("azure-agreement.tenant", scope=scope, found=tenant, tenant=azure.tenant)
    if state != "Enabled":
        yield finding("azure-agreement.disabled", scope=scope, state=state)


def _of_billing_account(api: Api, scope: str) -> Agreement:
    account = "/".join(scope.split("/")[:5])
    said = api.get(account, {"api-version": BILLING})
    return Agreement(str(said["properties"]["agreementType"]), account)


def _of_subscription(api: Api, scope: str, said: Mapping[str, Any]) -> Agreement:
    """By the billing API; by the subscription's offer where that may not be asked.

    Of an Enterprise Agreement it may not:
    https://learn.microsoft.com/cli/azure/billing/property
    """
    properties: dict[str, Any] = {}
    with suppress(Refused):
        properties = api.get(
            f"{scope}/providers/Microsoft.Billing/billingProperty/default",
            {"api-version": BILLING},
        ).get("properties", {})
    kind = str(properties.get("billingAccountAgreementType", UNKNOWN))
    quota = str(said.get("subscriptionPolicies", {}).get("quotaId", ""))
    if kind == UNKNOWN:
        known = agreements().items()
        kind = next((k for k, one in known if quota.startswith(tuple(one["quota"]))), UNKNOWN)
    return Agreement(kind, str(properties.get("billingAccountId", "")))


def kind_of(scope: str) -> str:
    """What kind of scope an id is, in the words of agreements.toml."""
    if not is_billing_scope(scope):
        return "subscription"
    return "billing profile" if "/billingprofiles/" in scope.lower() else "billing account"


def _fits(scope: str, number: int, found: Agreement) -> Finding:
    known = agreements().get(found.kind)
    kind = kind_of(scope)
    if known is None:
        return finding("azure-agreement.unknown", scope=scope, found=found.kind or "nothing")
    state = "ok" if kind in known["fits"] else "does-not-fit"
    fits = ", ".join(known["fits"])
    return finding(
        f"azure-agreement.{state}",
        scope=scope,
        number=number,
        name=known["name"],
        kind=kind,
        fits=fits,
        note=known["note"],
    )


def export(place: Place, azure: AzureSettings, scope: AzureScope) -> Iterator[Finding]:
    """Is the export there, switched on, and how did its last run end?

    https://learn.microsoft.com/rest/api/cost-management/exports/get
    """
    bills = bills_of(azure, scope)
    names = {"scope": scope.id, "export": bills.name}
    api = place.azure.api()
    try:
        said = api.get(
            f"{scope.id}/providers/Microsoft.CostManagement/exports/{bills.name}",
            {"api-version": EXPORTS, "$expand": "runHistory"},
        )
    except Refused as error:
        if error.status != 404:
            raise
        state = "adopted-missing" if bills.adopts_export else "missing"
        yield finding(f"azure-export.{state}", **names)
        return
    properties = cast("dict[str, Any]", said["properties"])
    if properties.get("schedule", {}).get("status") != "Active":
        yield finding("azure-export.inactive", **names)
        return
    runs = cast("list[dict[str, Any]]", properties.get("runHistory", {}).get("value", []))
    yield _last_run([run["properties"] for run in runs], place.now, names)


def _last_run(runs: list[dict[str, Any]], now: datetime, names: Mapping[str, str]) -> Finding:
    ended = [run for run in runs if run.get("processingEndTime")]
    if not ended:
        return finding("azure-export.awaited", **names)
    last = max(ended, key=lambda run: _time(run["processingEndTime"]))
    at = _time(last["processingEndTime"])
    shown = f"{at:%Y-%m-%d %H:%M}"
    if last.get("status") != "Completed":
        error = last.get("error", {}).get("message", last.get("status"))
        return finding("azure-export.failed", at=shown, error=error, **names)
    state = "ok" if now - at < FRESH else "stale"
    return finding(f"azure-export.{state}", at=shown, **names)


def _time(text: str) -> datetime:
    """Azure writes seven digits of a second, of which Python reads six, and Z or nothing."""
    short = re.sub(r"(\.\d{6})\d+", r"\1", text).removesuffix("Z")
    return datetime.fromisoformat(f"{short}+00:00" if "+" not in short else short)
