"""Grafana's HTTP API as one token sees it: https://grafana.com/docs/grafana/latest/developers/http_api/."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.fakes.json_server import Answer, Fields, Request, json_server

TOKEN = "fake-grafana-token"
ACTIONS = (
    "folders:create", "dashboards:create", "dashboards:read", "datasources:create",
    "datasources:write", "alert.provisioning:write", "serviceaccounts:read",
)  # fmt: skip


@dataclass
class Grafana:
    """A Grafana. A test changes it as it likes."""

    version: str | None = "13.2.2"
    database: str = "ok"
    actions: tuple[str, ...] = ACTIONS
    tokens: list[Fields] = field(default_factory=list[Fields])
    """Those of its one service account."""
    plugin: str | None = "3.4.8"
    source: tuple[int, str] | None = None
    """What the data source's own check says; None: there is no source."""
    dashboards: dict[str, Fields] = field(default_factory=dict[str, Fields])
    """What it answers for each uid: ``dashboard`` and ``meta``."""
    requests: list[str] = field(default_factory=list[str])


@contextmanager
def grafana_api(grafana: Grafana) -> Generator[str]:
    """The server; its address."""
    with json_server(lambda request: _answer(grafana, request)) as address:
        yield address


def _answer(grafana: Grafana, request: Request) -> Answer:
    grafana.requests.append(request.path)
    if request.method != "GET":
        return Answer(404, {"message": "Not found"})
    if request.path == "/api/health":
        shown = {"version": grafana.version} if grafana.version else {}
        return Answer(200, {"database": grafana.database, **shown})
    if request.bearer != TOKEN:
        return Answer(401, {"message": "Invalid API key"})
    if request.path.startswith(("/api/serviceaccounts/", "/api/dashboards/")):
        return _of_an_owner(grafana, request)
    match request.path:
        case "/api/access-control/user/permissions":
            return Answer(200, {action: [""] for action in grafana.actions})
        case "/api/plugins/grafana-bigquery-datasource/settings":
            if grafana.plugin is None:
                return Answer(
                    404, {"message": "Plugin not found, no installed plugin with that id"}
                )
            return Answer(200, {"info": {"version": grafana.plugin}, "enabled": True})
        case "/api/datasources/uid/ai-cost-hub/health":
            if grafana.source is None:
                return Answer(404, {"message": "Data source not found"})
            status, message = grafana.source
            return Answer(
                status, {"status": "OK" if status == 200 else "ERROR", "message": message}
            )
        case _:
            return Answer(404, {"message": "Not found"})


def _of_an_owner(grafana: Grafana, request: Request) -> Answer:
    if request.path.startswith("/api/serviceaccounts/"):
        return _accounts(grafana, request)
    return _dashboard(grafana, request.path.removeprefix("/api/dashboards/uid/"))


def _dashboard(grafana: Grafana, uid: str) -> Answer:
    if "dashboards:read" not in grafana.actions:
        return Answer(403, {"message": "You'll need additional permissions: dashboards:read"})
    if uid not in grafana.dashboards:
        return Answer(404, {"message": "Dashboard not found"})
    return Answer(200, grafana.dashboards[uid])


def _accounts(grafana: Grafana, request: Request) -> Answer:
    if "serviceaccounts:read" not in grafana.actions:
        return Answer(403, {"message": "You'll need additional permissions"})
    if request.path == "/api/serviceaccounts/search":
        known = [{"id": 7, "name": "pulumi", "tokens": len(grafana.tokens)}]
        return Answer(200, {"totalCount": 1, "serviceAccounts": known})
    if request.path == "/api/serviceaccounts/7/tokens":
        return Answer(200, grafana.tokens)
    return Answer(404, {"message": "Not found"})
