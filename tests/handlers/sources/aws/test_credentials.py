"""From Google to AWS without a key: the metadata server's token, STS, and what S3 sees."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.load.load import Outcome
from handlers.settings import AWS_AUDIENCE
from handlers.sources.aws.credentials import role_session
from tests.fakes.metadata import FakeGoogle, fake_google
from tests.fakes.s3 import FakeS3
from tests.fakes.sts import SECRET, FakeSts, fake_sts
from tests.handlers.sources.aws.bills import PAYER, Export, csv_bytes, lines
from tests.handlers.sources.aws.clouds import Collector, put_export, scope_of

pytestmark = pytest.mark.usefixtures("waits")


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    with fake_google(email="collector@project.iam.gserviceaccount.com") as made:
        monkeypatch.setenv("GCE_METADATA_HOST", made.host)
        yield made


@pytest.fixture
def sts(google: FakeGoogle, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSts]:
    with fake_sts(google, scope_of().role_arn, AWS_AUDIENCE) as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", made.address)
        yield made


@pytest.fixture
def federated(s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collector:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    export = Export(tmp_path / "bills")
    put_export(s3, export.folder, export, {"cur2-1.csv": csv_bytes(lines())})
    return Collector(tmp_path, session=role_session)


def test_a_token_of_google_is_traded_once_for_keys_that_all_requests_bear(
    s3: FakeS3, sts: FakeSts, google: FakeGoogle, federated: Collector
) -> None:
    assert federated.run().outcomes == [(f"AWS {PAYER} 2026-11", Outcome.LOADED)]
    assert len(sts.given) == 1
    assert {each.access_key for each in s3.asked} == set(sts.given)
    assert any(f"audience={AWS_AUDIENCE}" in path or "audience=" in path
               for path in google.requests)  # fmt: skip


def test_keys_that_are_about_to_end_are_renewed_with_a_new_token_in_the_middle_of_a_run(
    s3: FakeS3, sts: FakeSts, federated: Collector
) -> None:
    sts.lifetime = timedelta(minutes=5)  # botocore renews those with less than ten minutes left
    federated.run()
    assert federated.cost() == Decimal("0.80")
    assert len(sts.given) > 1
    assert len({each.access_key for each in s3.asked}) > 1


def test_a_role_that_does_not_trust_this_account_is_said_with_what_to_check(
    sts: FakeSts, federated: Collector
) -> None:
    sts.role = f"arn:aws:iam::{PAYER}:role/another"
    (failure,) = federated.run().failures
    assert "does not take this service account for the role (AccessDenied)" in failure
    assert "infra doctor" in failure
    assert SECRET not in failure


@pytest.mark.usefixtures("sts")
def test_without_a_metadata_server_it_is_said_that_there_is_none(
    federated: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:9")
    (failure,) = federated.run().failures
    assert "127.0.0.1:9 can't be reached" in failure


def test_the_fake_refuses_what_sts_refuses(google: FakeGoogle, sts: FakeSts) -> None:
    for token, code in (
        ("a.b.c", "InvalidIdentityToken"),
        (google.token("https://elsewhere"), "AccessDenied"),
        (google.token(AWS_AUDIENCE, exp=1), "ExpiredTokenException"),
        (google.token(AWS_AUDIENCE, azp="1"), "AccessDenied"),
    ):
        session = role_session(sts.role, "eu-central-1", lambda token=token: token)
        client = getattr(session, "client")("s3")  # noqa: B009 - the stubs know few services
        with pytest.raises(Exception, match=code):
            client.list_buckets()
        client.close()
