"""The Grafana at the configured URL: its version, the token, the plug-in, the data source."""

import os
import re
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from dashboards.source import PLUGIN, UID
from infra.apis.login import LoginMissing
from infra.apis.web import Api, Json, Refused
from infra.doctor.examination import Place
from infra.doctor.finding import Finding, finding
from infra.doctor.needs import needs
from infra.doctor.pulumi import PulumiFailed, call
from infra.stack_file import ROOT

LEAST = (11, 6, 11)
"""What the BigQuery plug-in needs: https://grafana.com/grafana/plugins/grafana-bigquery-datasource/"""
VARIABLE = "GRAFANA_AUTH"
"""Where Grafana's provider finds a token as well."""
SOON = timedelta(days=14)
JUST_USED = timedelta(minutes=10)
"""Grafana notes a token's last use within minutes."""


def server(place: Place) -> Iterator[Finding]:
    """Does it answer, and with which version?"""
    url = place.environment.settings.grafana.url
    said = _api(place, None).get("/api/health")
    if said.get("database") != "ok":
        yield finding("grafana-server.ill", url=url, said=said.get("database"))
        return
    version = str(said.get("version", ""))
    number = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    least = ".".join(map(str, LEAST))
    if number is None:
        yield finding("grafana-server.hidden", url=url, least=least)
        return
    state = "ok" if tuple(map(int, number.groups())) >= LEAST else "old"
    yield finding(f"grafana-server.{state}", url=url, version=version, least=least)


def token(place: Place) -> Iterator[Finding]:
    """Is the token taken, may it do what the program does, and when does it end?"""
    url = place.environment.settings.grafana.url
    try:
        api = _api(place, token_of(place))
    except LoginMissing as error:
        yield finding("grafana-token.hidden", url=url, error=error.reason)
        return
    try:
        said = api.get("/api/access-control/user/permissions")
    except Refused as error:
        if error.status != 401:
            raise
        yield finding("grafana-token.refused", url=url, error=error)
        return
    missing = [need for need in needs("grafana") if not set(need["actions"]) <= set(said)]
    for need in missing:
        lacking = [action for action in need["actions"] if action not in said]
        yield finding("grafana-token.weak", url=url, why=need["why"], missing=", ".join(lacking))
    if not missing:
        yield finding("grafana-token.ok", url=url)
    yield _end(api, url, place.now)


def _end(api: Api, url: str, now: datetime) -> Finding:
    """Of all tokens of service accounts, the one that was used just now is ours."""
    try:
        found = api.get("/api/serviceaccounts/search", {"perpage": "1000"})
        accounts = cast("list[dict[str, Any]]", found.get("serviceAccounts", []))
        tokens = [
            one
            for account in accounts
            if account.get("tokens")
            for one in api.get_list(f"/api/serviceaccounts/{account['id']}/tokens")
        ]
    except Refused:
        return finding("grafana-token.end-unknown", url=url, why="it may not read tokens")
    used = [one for one in tokens if one.get("lastUsedAt") and now - _time(one) <= JUST_USED]
    if len(used) != 1:
        why = f"{len(used)} tokens were used within the last minutes"
        return finding("grafana-token.end-unknown", url=url, why=why)
    name = used[0]["name"]
    if not used[0].get("expiration"):
        return finding("grafana-token.endless", url=url, name=name)
    end = datetime.fromisoformat(str(used[0]["expiration"]))
    state = "ending" if end - now < SOON else "end-ok"
    return finding(f"grafana-token.{state}", url=url, name=name, day=f"{end:%Y-%m-%d}")


def _time(one: Json) -> datetime:
    return datetime.fromisoformat(str(one["lastUsedAt"]))


def plugin(place: Place) -> Iterator[Finding]:
    """Is the plug-in there, in the version that the dashboards were made with?"""
    file = ROOT / "dashboards" / "image.toml"
    wanted = str(tomllib.loads(file.read_text(encoding="utf-8"))["plugin_version"])
    url = place.environment.settings.grafana.url
    try:
        said = _api(place, token_of(place)).get(f"/api/plugins/{PLUGIN}/settings")
    except Refused as error:
        if error.status != 404:
            raise
        yield finding("grafana-plugin.missing", plugin=PLUGIN, url=url, wanted=wanted)
        return
    version = str(said.get("info", {}).get("version", ""))
    older = _number(version) < _number(wanted)
    yield finding(
        f"grafana-plugin.{'old' if older else 'ok'}",
        plugin=PLUGIN,
        url=url,
        version=version or "of no known version",
        wanted=wanted,
    )


def source(place: Place) -> Iterator[Finding]:
    """Can the data source ask BigQuery? Grafana itself tries it."""
    url = place.environment.settings.grafana.url
    try:
        said = _api(place, token_of(place)).get(f"/api/datasources/uid/{UID}/health")
    except Refused as error:
        state = {404: "missing", 400: "ill", 500: "ill"}.get(error.status)
        if state is None:
            raise
        yield finding(f"grafana-source.{state}", url=url, error=error)
        return
    yield finding("grafana-source.ok", url=url, said=said.get("message", ""))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _api(place: Place, secret: str | None) -> Api:
    address = place.addresses["grafana"] or place.environment.settings.grafana.url.rstrip("/")
    return Api(address, (lambda: secret) if secret else None)


def token_of(place: Place) -> str:
    """The token: of the environment, else of the stack's file, which Pulumi decrypts.

    Raises:
        LoginMissing: neither has one that can be read here.
    """
    if found := os.environ.get(VARIABLE):
        return found
    where = place.environment
    try:
        found = call("config", "get", "grafana_token", "--stack", where.stack,
                     "--config-file", str(where.file.resolve()))  # fmt: skip
    except PulumiFailed as error:
        raise LoginMissing(
            str(error), f"export {VARIABLE}=..., or pulumi config set --secret grafana_token"
        ) from None
    return found
