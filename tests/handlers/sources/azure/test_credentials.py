"""How a function on Google proves to Azure who it is: by Google's token, and by nothing kept."""

import logging
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import parse_qs

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ManagedIdentityCredential

from handlers.settings import AZURE_AUDIENCE, Azure
from handlers.sources.azure.credentials import from_google, identity_token, in_azure
from handlers.sources.azure.faults import AzureRefused
from handlers.sources.azure.management import CostManagement
from tests.fakes.azure_blobs_http import Faults, tls_server
from tests.fakes.cost_management import FakeCostManagement
from tests.fakes.entra import MANAGEMENT, FakeEntra
from tests.fakes.metadata import FakeGoogle, fake_google
from tests.handlers.sources.azure.clouds import Waits

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with fake_google() as started:
        yield started


ENTRA = FakeEntra(TENANT, CLIENT)


def test_the_identity_token_is_asked_for_azures_audience(google: FakeGoogle) -> None:
    token = identity_token(google.host)

    assert token.count(".") == 2
    (request,) = google.requests
    assert parse_qs(request.partition("?")[2])["audience"] == [AZURE_AUDIENCE]


def test_googles_token_is_traded_for_one_of_the_identity_and_none_is_logged(
    google: FakeGoogle, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = Faults()
    with tls_server(ENTRA.answer, faults) as authority:
        credential = from_google(
            Azure(TENANT, CLIENT), google.host, authority=authority, disable_instance_discovery=True
        )
        with closing(credential):
            assert credential.get_token(MANAGEMENT).token == "from-entra"
            assert credential.get_token(MANAGEMENT).token == "from-entra"

    traded = [each for each in faults.requests if each.method == "POST"]
    assert len(traded) == len(google.requests) == 1
    assertion = parse_qs(traded[0].body.decode())["client_assertion"][0]
    assert assertion not in caplog.text
    assert "from-entra" not in caplog.text


def test_an_identity_that_does_not_trust_the_function_says_where_to_look(
    google: FakeGoogle, costs: FakeCostManagement
) -> None:
    with tls_server(ENTRA.answer, Faults()) as authority:
        credential = from_google(
            Azure(TENANT, TENANT), google.host, authority=authority, disable_instance_discovery=True
        )
        with (
            closing(credential),
            CostManagement(credential, Waits().patience, costs.url) as management,
            pytest.raises(AzureRefused, match=r"AADSTS700016.*federated credential"),
        ):
            management.post("/subscriptions/x", "query", {})


def test_without_a_metadata_server_it_is_said_that_there_is_none() -> None:
    with pytest.raises(ClientAuthenticationError, match="can't be reached"):
        identity_token("127.0.0.1:9")


def test_in_azure_it_is_the_managed_identity() -> None:
    for client_id in (CLIENT, None):
        with closing(in_azure(client_id)) as credential:
            assert isinstance(credential, ManagedIdentityCredential)
