"""Long-lived keys of the product's own accounts: one at most, Grafana's, and that one young.

https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys/list
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from dashboards.source import Access
from infra.apis.web import Api, Refused
from infra.doctor.examination import Place
from infra.doctor.finding import Finding, finding
from infra.grafana_settings import Hosting
from infra.jobs.targets import targets

MOST_DAYS = 90
SIGN_IN = "grafana-sign-in"
"""The account whose key an external Grafana holds (infra/shown.py)."""
KEYLESS = ("grafana-reader", "ai-cost-push", "ai-cost-build")
"""Accounts beside the jobs' own that work without a key."""


def keys(place: Place) -> Iterator[Finding]:
    """Every account's keys that a person or the program made; Google's own are no concern."""
    settings = place.environment.settings
    api = place.google.api("iam", settings.gcp.project)
    grafana = settings.grafana
    by_key = grafana.hosting is Hosting.EXTERNAL and grafana.access is Access.KEY
    accounts = [*(target.job.name for target in targets(settings)), *KEYLESS]
    without: list[str] = []
    not_made: list[str] = []
    for name in [*accounts, *([SIGN_IN] if by_key else [])]:
        account = f"{name}@{settings.gcp.project}.iam.gserviceaccount.com"
        live = _live(api, settings.gcp.project, account)
        if live is None:
            not_made.append(name)
        elif not live:
            without.append(name)
        else:
            yield _judged(account, live, place.now, is_sign_in=name == SIGN_IN)
    for state, names in (("none", without), ("not-made", not_made)):
        if names:
            yield finding(f"google-keys.{state}", accounts=", ".join(names))


def _live(api: Api, project: str, account: str) -> list[dict[str, Any]] | None:
    """The keys that work; None where there is no such account."""
    path = f"/v1/projects/{project}/serviceAccounts/{account}/keys"
    try:
        said = api.get(path, {"keyTypes": "USER_MANAGED"})
    except Refused as error:
        if error.status != 404:
            raise
        return None
    found = cast("list[dict[str, Any]]", said.get("keys", []))
    return [key for key in found if not key.get("disabled")]


def _judged(
    account: str, live: Sequence[dict[str, Any]], now: datetime, *, is_sign_in: bool
) -> Finding:
    if not is_sign_in:
        return finding("google-keys.unwanted", account=account, count=len(live))
    made = [datetime.fromisoformat(str(key["validAfterTime"])) for key in live]
    days = max((now - at).days for at in made)
    if len(live) > 1:
        return finding("google-keys.several", account=account, count=len(live), days=days)
    state = "ok" if days <= MOST_DAYS else "old"
    month = f"{now:%Y-%m}"
    return finding(f"google-keys.{state}", account=account, days=days, most=MOST_DAYS, month=month)
