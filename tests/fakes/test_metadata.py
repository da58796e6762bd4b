"""The fake refuses what Google's metadata server refuses, and satisfies Google's own library."""

import base64
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.fakes.metadata import ACCOUNT, FakeGoogle, fake_google

pytestmark = pytest.mark.slow

IDENTITY = f"{ACCOUNT}/identity?audience=https://here&format=full"
FLAVOR = {"Metadata-Flavor": "Google"}

# Google's library as the collector uses it: fetch a token here, check it with the certificates.
CLIENT = """
import json, sys
from google.auth.transport.requests import Request
from google.oauth2 import id_token
token = id_token.fetch_id_token(Request(), "https://here")
print(json.dumps(id_token.verify_token(token, Request(), "https://here", certs_url=sys.argv[1])))
"""


@pytest.fixture
def google() -> Iterator[FakeGoogle]:
    with fake_google() as google:
        yield google


def ask(google: FakeGoogle, path: str, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection(google.host, timeout=5)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (IDENTITY, {}, 403),
        (IDENTITY, {"Metadata-Flavor": "google"}, 403),
        (IDENTITY, {**FLAVOR, "X-Forwarded-For": "10.0.0.1"}, 403),
        (f"{ACCOUNT}/identity?format=full", FLAVOR, 400),
        (f"{ACCOUNT}/keys", FLAVOR, 404),
    ],
)
def test_what_the_metadata_server_refuses_is_refused(
    google: FakeGoogle, path: str, headers: dict[str, str], status: int
) -> None:
    assert ask(google, path, headers)[0] == status


def test_the_fake_refuses_a_request_by_post(google: FakeGoogle) -> None:
    connection = http.client.HTTPConnection(google.host, timeout=5)
    connection.request("POST", IDENTITY, headers=FLAVOR)
    assert connection.getresponse().status == 501
    connection.close()


def test_googles_own_library_takes_the_token_and_its_certificate(google: FakeGoogle) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, google.certs_url],
        env={**os.environ, "GCE_METADATA_HOST": google.host, "GCE_METADATA_IP": google.host},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    claims = json.loads(done.stdout)
    assert (claims["email"], claims["sub"]) == (google.email, google.unique_id)
    assert any("/identity?audience=https" in path for path in google.requests)


def test_a_token_says_who_it_is_for_only_in_the_full_format(google: FakeGoogle) -> None:
    status, token = ask(google, f"{ACCOUNT}/identity?audience=https://here", FLAVOR)
    assert status == 200
    assert google.email not in str(_claims(token))


def _claims(token: str) -> object:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
