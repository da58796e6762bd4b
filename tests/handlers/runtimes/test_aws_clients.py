"""How the Lambda reaches the hub, a payer's bucket and the site data, and when it can't."""

import json
import logging
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
import pytest
from google.auth import exceptions
from google.auth.transport.requests import Request as GoogleRequest

from handlers.buckets import BucketError
from handlers.errors import SiteError
from handlers.native import Federation
from handlers.runtimes.aws_clients import federated
from handlers.runtimes.aws_site import S3Copy
from handlers.runtimes.clients import Scratch
from handlers.runtimes.kept_site import MOST_BYTES, site_or_copy
from handlers.site import Site
from handlers.sources.aws.credentials import assumed_session
from handlers.warehouses.redshift.names import Place
from tests.fakes.json_server import Answer, Request, json_server
from tests.fakes.moto_server import REGION, aws_client, moto_server
from tests.handlers.runtimes.local import NOW

AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/aws"
ACCOUNT = "publisher@hub-project.iam.gserviceaccount.com"
ROLE = "arn:aws:iam::444455556666:role/ai-cost-native-reader"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def lambda_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")


def session() -> boto3.Session:
    return boto3.Session(region_name=REGION)


@pytest.mark.usefixtures("lambda_role")
def test_the_hub_is_reached_by_a_signed_request_that_is_traded_for_a_token() -> None:
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
            Federation(AUDIENCE, ACCOUNT), session(), f"{address}/token", f"{address}/accounts"
        )
        credentials.refresh(GoogleRequest())
    assert credentials.token == "hub"
    traded, acted = asked
    assert traded.form["audience"] == AUDIENCE
    assert traded.form["subject_token_type"] == "urn:ietf:params:aws:token-type:aws4_request"
    signed = json.loads(unquote(traded.form["subject_token"]))
    headers = {each["key"].lower(): each["value"] for each in signed["headers"]}
    assert signed["url"].startswith(f"https://sts.{REGION}.amazonaws.com?Action=GetCallerIdentity")
    assert headers["x-goog-cloud-target-resource"] == AUDIENCE
    assert headers["x-amz-security-token"] == "session"
    assert "Credential=AKIAOWN/" in headers["authorization"]
    assert acted.path == f"/accounts/{ACCOUNT}:generateAccessToken"
    assert acted.headers["authorization"] == "Bearer federated"


def test_a_runtime_without_a_role_gets_no_token_and_says_so() -> None:
    credentials = federated(Federation(AUDIENCE, ACCOUNT), session())
    with pytest.raises(exceptions.RefreshError, match="has no role of AWS"):
        credentials.refresh(GoogleRequest())


@pytest.mark.usefixtures("lambda_role")
def test_a_payers_role_is_taken_on_by_the_functions_own(
    moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    made: Any = assumed_session(ROLE, REGION)
    sts = made.client("sts")
    caller = sts.get_caller_identity()["Arn"]
    sts.close()
    assumed = "arn:aws:sts::444455556666:assumed-role/ai-cost-native-reader/ai-cost-monitoring"
    assert caller == assumed


@pytest.fixture
def copy(moto: str) -> Iterator[S3Copy]:
    s3 = aws_client("s3", moto)
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="staging", CreateBucketConfiguration=where)
    yield S3Copy(s3, Place("staging", "site"))
    for each in s3.list_objects_v2(Bucket="staging").get("Contents", ()):
        s3.delete_object(Bucket="staging", Key=each["Key"])
    s3.delete_bucket(Bucket="staging")
    s3.close()


CUSTOMERS = "id,name,aliases,from,to\nacme,Acme,,,\n"


def read(copy: S3Copy, folder: Path, text: str | None) -> Site:
    """The site of one run, with a hub that has that text, or is away."""

    def fetch(site: Path) -> None:
        if text is None:
            raise BucketError("gs://site: the store can't be reached.")
        (site / "customers.csv").write_text(text, encoding="utf-8")

    folder.mkdir()
    with ExitStack() as opened:
        return site_or_copy(fetch, copy, Scratch(folder, lambda: NOW, lambda: 60.0, opened))


def test_the_site_data_of_the_last_run_is_used_while_the_hub_is_away(
    copy: S3Copy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = read(copy, tmp_path / "1", CUSTOMERS)
    with caplog.at_level(logging.WARNING):
        again = read(copy, tmp_path / "2", None)
    assert again.customers == first.customers
    assert "The site data is the last that was read: gs://site" in caplog.text


def test_without_a_copy_a_hub_that_is_away_is_the_error(copy: S3Copy, tmp_path: Path) -> None:
    with pytest.raises(BucketError, match="gs://site: the store can't be reached"):
        read(copy, tmp_path / "1", None)


def test_site_data_that_is_not_valid_is_an_error_and_no_copy(copy: S3Copy, tmp_path: Path) -> None:
    read(copy, tmp_path / "1", CUSTOMERS)
    with pytest.raises(SiteError):
        read(copy, tmp_path / "2", "nonsense,columns\n1,2\n")
    assert (
        read(copy, tmp_path / "3", None).customers
        == read(copy, tmp_path / "4", CUSTOMERS).customers
    )


def test_a_copy_that_can_not_be_kept_is_a_warning(
    moto: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    s3 = aws_client("s3", moto)
    with caplog.at_level(logging.WARNING):
        read(S3Copy(s3, Place("no-such-bucket", "site")), tmp_path / "1", CUSTOMERS)
    s3.close()
    assert "could not be kept for days without the hub" in caplog.text


@pytest.mark.parametrize("content", [b"no zip at all", b"PK\x03\x04 and no end"])
def test_a_damaged_copy_is_as_good_as_none(copy: S3Copy, tmp_path: Path, content: bytes) -> None:
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(content)
    copy.keep(damaged)
    with pytest.raises(BucketError, match="gs://site: the store can't be reached"):
        read(copy, tmp_path / "1", None)


def test_a_copy_that_would_fill_the_memory_is_not_unpacked(copy: S3Copy, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("customers.csv", bytes(MOST_BYTES + 1))
    copy.keep(bomb)
    with pytest.raises(BucketError) as refused:
        read(copy, tmp_path / "1", None)
    assert f"{MOST_BYTES + 1} bytes unpacked" in str(refused.value.__cause__)
