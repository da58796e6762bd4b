"""How the Function App reaches the hub, and who connects to its database as whom."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from google.auth import exceptions
from google.auth.transport.requests import Request as GoogleRequest

from handlers.errors import CostError
from handlers.native import AzureSettings, Federation
from handlers.runtimes import azure_clients
from handlers.runtimes.azure_clients import RuntimeClients
from handlers.runtimes.clients import Scratch
from handlers.runtimes.federated import federated
from handlers.warehouses.azuresql.port import Connect
from tests.fakes.azuresql import ADMIN as ADMINISTRATOR
from tests.fakes.azuresql import FakeAzureSql
from tests.fakes.json_server import Answer, Request, json_server
from tests.handlers.native_environments import ADMIN, IDENTITY, of_function_app
from tests.handlers.runtimes.local import NOW

AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/az"
ACCOUNT = "publisher@hub-project.iam.gserviceaccount.com"
SETTINGS = AzureSettings.from_environment(of_function_app())


@dataclass(frozen=True)
class Identity:
    """A managed identity that says for which scope it was asked, or that there is none."""

    client_id: str
    missing: bool = False

    def close(self) -> None:
        pass

    def get_token(self, *scopes: str, **_options: object) -> AccessToken:
        if self.missing:
            raise ClientAuthenticationError("no managed identity here")
        return AccessToken(f"{self.client_id} for {scopes[0]}", 4_000_000_000)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    with ExitStack() as opened:
        yield Scratch(tmp_path, lambda: NOW, lambda: 60.0, opened)


def test_the_hub_is_reached_by_the_managed_identitys_token_that_is_traded() -> None:
    asked: list[Request] = []

    def answers(request: Request) -> Answer:
        asked.append(request)
        if request.path == "/token":
            body = {
                "access_token": "federated",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer",
                "expires_in": 3600,
            }
            return Answer(200, body)
        return Answer(200, {"accessToken": "hub", "expireTime": "2099-01-01T00:00:00Z"})

    with json_server(answers) as address:
        credentials = federated(
            Federation(AUDIENCE, ACCOUNT, "api://x/.default"),
            lambda: "entra.token.signed",
            f"{address}/token",
            f"{address}/accounts",
        )
        credentials.refresh(GoogleRequest())
    assert credentials.token == "hub"
    traded, acted = asked
    assert (traded.form["audience"], traded.form["subject_token"]) == (
        AUDIENCE,
        "entra.token.signed",
    )
    assert traded.form["subject_token_type"] == "urn:ietf:params:oauth:token-type:jwt"
    assert acted.path == f"/accounts/{ACCOUNT}:generateAccessToken"
    assert acted.headers["authorization"] == "Bearer federated"


def test_the_token_for_google_is_the_collectors_own_and_for_the_pools_application(
    scratch: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[Federation, str]] = []

    def traded(google: Federation, token: Callable[[], str]) -> object:
        given.append((google, token()))
        raise exceptions.RefreshError("far enough")

    monkeypatch.setattr(azure_clients, "federated", traded)
    clients = RuntimeClients(SETTINGS, scratch, identity=Identity)
    with pytest.raises(exceptions.RefreshError):
        clients.site()
    assert given == [(SETTINGS.google, f"{IDENTITY} for api://ai-cost-monitoring/.default")]


def test_without_an_identity_the_hub_says_so_and_is_no_defect(scratch: Scratch) -> None:
    clients = RuntimeClients(SETTINGS, scratch, identity=lambda each: Identity(each, missing=True))
    with pytest.raises(CostError, match="no managed identity here"):
        clients.site()


def test_only_migrate_connects_as_the_administrator(scratch: Scratch) -> None:
    server = FakeAzureSql()
    connected: list[str] = []

    def connecting(settings: AzureSettings, client_id: str, scratch: Scratch) -> Connect:
        assert (settings.sql.server, scratch.remaining()) == (
            "ai-cost-prod.database.windows.net",
            60.0,
        )
        connect = server.connecting(ADMINISTRATOR if client_id == ADMIN else "ai-cost-collector")

        def as_whom() -> object:
            connected.append(client_id)
            return connect()

        return as_whom  # pyright: ignore[reportReturnType] - the fake's own session

    clients = RuntimeClients(SETTINGS, scratch, connecting, Identity)
    warehouse = clients.warehouse()
    assert clients.warehouse() is warehouse
    warehouse.migrate()
    assert set(connected) == {ADMIN}
    connected.clear()
    with warehouse.open():
        assert warehouse.loaded() == []
    assert set(connected) == {IDENTITY}
    assert set(server.users) == {"ai-cost-collector", "ai-cost-grafana"}
    server.close()


def test_what_is_the_hubs_is_refused(scratch: Scratch) -> None:
    clients = RuntimeClients(replace(SETTINGS), scratch, identity=Identity)
    with pytest.raises(CostError, match="the hub's own job"):
        clients.google_tasks((), None, None)  # pyright: ignore[reportArgumentType] - not looked at
