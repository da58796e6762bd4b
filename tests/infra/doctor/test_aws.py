"""AWS in each state. Logins, roles, organisations and buckets are moto's; the rest is our fake."""

import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Protocol, cast

import pytest
from botocore.session import Session
from moto.server import ThreadedMotoServer

from infra.doctor.aws import principal_of
from infra.doctor.finding import Level
from tests.fakes.aws_billing import refusing_sts, sts_of
from tests.fakes.pulumi_cli import put_pulumi
from tests.infra.operator import ACCESS_KEY_SECRET, NOW, PAYER, Operator, names

pytestmark = pytest.mark.slow

MOTO_ACCOUNT = "123456789012"
"""The account of moto's own login: https://docs.getmoto.org/en/latest/docs/multi_account.html"""
ROLE = f"arn:aws:iam::{PAYER}:role/deploy"
BUCKET = f"aws-cost-exports-{PAYER}"
MANIFEST = (
    "cost-reports/llm-cost-export/metadata/BILLING_PERIOD=2026-11/llm-cost-export-Manifest.json"
)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def login(person: Operator, moto: str) -> None:
    reset = urllib.request.Request(f"{moto}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset, timeout=5).close()
    person.config["aws_scopes"] = [{"id": PAYER, "role": ROLE}]
    person.environment |= {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "fakeaccess",
        "AWS_SECRET_ACCESS_KEY": ACCESS_KEY_SECRET,
    }


class Keeper(Protocol):
    """A client of botocore's, which has no types: every operation takes and gives what it does."""

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]: ...


def client(moto: str, service: str) -> Keeper:
    """A client in the payer account, since moto keeps things by account."""
    taken = _made(Session(), moto, "sts").assume_role(RoleArn=ROLE, RoleSessionName="test")
    key = taken["Credentials"]
    session: Any = Session()
    session.set_credentials(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"])
    return _made(session, moto, service)


def _made(session: Session, moto: str, service: str) -> Keeper:
    known: Any = session
    if known.get_credentials() is None:
        known.set_credentials("fakeaccess", ACCESS_KEY_SECRET)
    return cast("Keeper", known.create_client(service, region_name="us-east-1", endpoint_url=moto))


def put_export(person: Operator, hours: float = 200, code: str = "HEALTHY") -> None:
    made = (NOW - timedelta(hours=hours)).timestamp()
    others = [
        {"ExportName": name, "ExportStatus": {"StatusCode": "HEALTHY", "CreatedAt": made}}
        for name in ("carbon", "finops")
    ]
    status = {"StatusCode": code, "CreatedAt": made}
    if code != "HEALTHY":
        status["StatusReason"] = "INSUFFICIENT_PERMISSION"
    person.aws.exports = [*others, {"ExportName": "llm-cost-export", "ExportStatus": status}]


def put_bill(moto: str, *keys: str) -> None:
    s3 = client(moto, "s3")
    s3.create_bucket(Bucket=BUCKET)
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")


def test_a_users_key_is_a_warning_and_the_role_that_it_takes_is_good(person: Operator) -> None:
    login, account = person.examined("Login of AWS")
    assert login.name == "aws-login.key"
    assert MOTO_ACCOUNT in login.found
    assert account.name == "aws-account.role"


def test_a_missing_login_is_a_problem(person: Operator) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del person.environment[name]
    assert person.one("Login of AWS").name == "aws-login.missing"
    assert person.one("Rights in AWS").name == "check.no-login"


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_a_login_that_is_not_taken_is_a_problem(person: Operator, code: str) -> None:
    with refusing_sts(code) as address:
        person.environment["AWS_ENDPOINT_URL_STS"] = address
        found = person.one("Login of AWS")
    assert found.name == "aws-login.expired"
    assert code in found.found


def test_a_role_that_does_not_let_the_login_in_is_a_problem(person: Operator) -> None:
    arn = f"arn:aws:sts::{MOTO_ACCOUNT}:assumed-role/AWSReservedSSO_Admin_1/ada@acme.example"
    with sts_of(arn) as address:
        person.environment["AWS_ENDPOINT_URL_STS"] = address
        login, account = person.examined("Login of AWS")
        assert (login.name, login.found) == ("aws-login.ok", f"{arn}.")
        assert account.name == "aws-account.role-refused"
        assert ROLE in account.found
        assert person.one("Rights in AWS").name == "check.refused"


def test_the_root_user_needs_no_simulation_and_is_a_warning(person: Operator) -> None:
    person.config["aws_scopes"] = [{"id": PAYER}]
    with sts_of(f"arn:aws:iam::{PAYER}:root") as address:
        person.environment["AWS_ENDPOINT_URL_STS"] = address
        assert person.one("Rights in AWS").name == "aws-rights.root"
    assert person.aws.requests == []


@pytest.mark.parametrize(("account", "expected"), [(MOTO_ACCOUNT, "ok"), (PAYER, "other")])
def test_without_a_role_the_login_must_be_in_the_account(
    person: Operator, account: str, expected: str
) -> None:
    person.config["aws_scopes"] = [{"id": account}]
    assert person.examined("Login of AWS")[1].name == f"aws-account.{expected}"


def test_a_role_of_another_account_is_a_problem(person: Operator) -> None:
    person.config["aws_scopes"] = [{"id": "444455556666", "role": ROLE}]
    assert person.examined("Login of AWS")[1].name == "aws-account.other-role"


def test_an_account_without_an_organisation_pays_for_itself(person: Operator) -> None:
    assert person.one("Payer account").name == "aws-payer.alone"


def test_the_account_that_pays_for_its_organisation_is_good(person: Operator, moto: str) -> None:
    client(moto, "organizations").create_organization(FeatureSet="ALL")
    assert person.one("Payer account").name == "aws-payer.ok"


def test_a_member_account_is_told_who_pays(person: Operator, moto: str) -> None:
    organisation = client(moto, "organizations")
    organisation.create_organization(FeatureSet="ALL")
    made = organisation.create_account(AccountName="team", Email="team@acme.example")
    member = made["CreateAccountStatus"]["AccountId"]
    person.config["aws_scopes"] = [{"id": member, "role": ROLE.replace(PAYER, member)}]
    found = person.one("Payer account")
    assert found.name == "aws-payer.member"
    assert PAYER in found.found


def test_allowed_actions_are_one_good_finding(person: Operator) -> None:
    assert person.one("Rights in AWS").name == "aws-rights.ok"


def test_denied_actions_are_named_with_their_reason(person: Operator) -> None:
    person.aws.denied_actions = {"s3:PutBucketPolicy", "bcm-data-exports:CreateExport"}
    bucket, export = person.examined("Rights in AWS")
    assert (bucket.name, export.name) == ("aws-rights.missing", "aws-rights.missing")
    assert "for the bucket of the exports: s3:PutBucketPolicy." in bucket.found
    assert "for the export: bcm-data-exports:CreateExport." in export.found


def test_rights_that_may_not_be_simulated_are_not_checked(person: Operator) -> None:
    person.aws.no_right = {"SimulatePrincipalPolicy"}
    assert person.one("Rights in AWS").name == "check.refused"


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        (f"arn:aws:sts::{PAYER}:assumed-role/deploy/session", ROLE),
        (f"arn:aws:iam::{PAYER}:user/ada", f"arn:aws:iam::{PAYER}:user/ada"),
        (
            f"arn:aws-cn:sts::{PAYER}:assumed-role/AWSReservedSSO_Admin_1/ada@acme",
            f"arn:aws-cn:iam::{PAYER}:role/AWSReservedSSO_Admin_1",
        ),
    ],
)
def test_a_sessions_rights_are_its_roles(arn: str, principal: str) -> None:
    assert principal_of(arn) == principal


def test_an_export_that_up_will_make_is_no_problem(person: Operator) -> None:
    person.aws.exports = []
    found = person.one("AWS's export")
    assert (found.name, found.level) == ("aws-export.missing", Level.WARNING)


def test_an_export_to_adopt_that_is_not_there_is_a_problem(person: Operator) -> None:
    put_export(person)
    adopt = {"export": "theirs", "bucket": BUCKET, "bucket_region": "us-east-1"}
    person.config["aws_scopes"] = [{"id": PAYER, "role": ROLE, "adopt": adopt}]
    found = person.one("AWS's export")
    assert found.name == "aws-export.adopted-missing"
    assert "llm-cost-export" in found.allowed
    assert "aws_scopes[0].adopt.export" in found.remedy


def test_an_export_that_can_not_be_delivered_is_told_with_awss_reason(
    person: Operator, moto: str
) -> None:
    put_export(person, code="UNHEALTHY")
    put_bill(moto)
    found = person.examined("AWS's export")[0]
    assert found.name == "aws-export.unhealthy"
    assert "INSUFFICIENT_PERMISSION" in found.found


@pytest.mark.parametrize(
    ("made", "keys", "expected"),
    [
        (3.0, [], "awaited"),
        (25.0, [], "late"),
        (25.0, [MANIFEST.replace("llm-cost-export", "other")], "late"),
        (25.0, [MANIFEST.replace("-Manifest.json", "-00001.snappy.parquet")], "late"),
    ],
)
def test_a_first_bill_is_awaited_for_a_day(
    person: Operator, moto: str, made: float, keys: list[str], expected: str
) -> None:
    put_export(person, hours=made)
    put_bill(moto, *keys)
    export, bill = person.examined("AWS's export")
    assert export.name == "aws-export.ok"
    assert bill.name == f"aws-bill.{expected}"


@pytest.mark.parametrize(("days", "expected"), [(0, "ok"), (3, "stale")])
def test_a_bill_is_judged_by_its_newest_manifest(
    person: Operator, moto: str, days: int, expected: str
) -> None:
    put_export(person)
    put_bill(moto, MANIFEST)
    [stored] = client(moto, "s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    now = stored["LastModified"] + timedelta(days=days)
    assert person.examined("AWS's export", now)[1].name == f"aws-bill.{expected}"


def test_before_the_bucket_there_is_no_bill_to_look_for(person: Operator) -> None:
    put_export(person)
    assert person.examined("AWS's export")[1].name == "aws-bill.no-bucket"


def test_a_legacy_report_is_found_by_its_name(person: Operator, moto: str) -> None:
    put_bill(moto, "their-report/20261101-20261201/their-report-Manifest.json")
    adopt = {"report": "their-report", "bucket": BUCKET, "bucket_region": "us-east-1"}
    person.config["aws_scopes"] = [{"id": PAYER, "role": ROLE, "adopt": adopt}]
    assert person.one("AWS's export").name == "aws-export.adopted-missing"

    person.aws.reports = ["their-report"]
    [stored] = client(moto, "s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    found = person.examined("AWS's export", stored["LastModified"])
    assert names(found) == ["aws-export.report", "aws-bill.ok"]


@pytest.mark.parametrize(
    ("seen", "wanted", "expected"),
    [
        ({}, [], ["none"]),
        ({"team": "Inactive"}, [], ["none"]),
        ({"customer_id": "Inactive"}, [], ["possible"]),
        ({"customer_id": "Active"}, [], ["none"]),
        ({}, ["customer_id"], ["unseen"]),
        ({"customer_id": "Inactive"}, ["customer_id"], ["inactive"]),
        ({"customer_id": "Active"}, ["customer_id"], ["active"]),
        ({"customer": "Inactive", "team": "Active"}, ["team"], ["active", "possible"]),
    ],
)
def test_tags_are_judged_by_what_aws_has_seen(
    person: Operator, seen: dict[str, str], wanted: list[str], expected: list[str]
) -> None:
    person.aws.tags, person.config["aws_cost_allocation_tags"] = seen, wanted
    found = person.examined("Cost allocation tags")
    assert names(found) == [f"aws-tags.{state}" for state in expected]
    if "possible" in expected:
        assert f"aws_cost_allocation_tags[{len(wanted)}]" in found[-1].remedy


@pytest.mark.parametrize(("status", "expected"), [("Enabled", "bucket"), (None, "unversioned")])
def test_a_state_in_s3_is_judged_by_its_versions(
    person: Operator, moto: str, status: str | None, expected: str
) -> None:
    person.config["aws_scopes"] = [{"id": PAYER}]
    put_pulumi(person.programs, url=f"s3://{BUCKET}?region=us-east-1")
    s3 = client(moto, "s3")
    s3.create_bucket(Bucket=BUCKET)
    if status:
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": status})
    found = person.one("Pulumi's state")
    assert found.name == f"state.{expected}"
    assert expected == "bucket" or f"--bucket {BUCKET}" in found.remedy


def test_a_member_account_can_not_activate_tags(person: Operator) -> None:
    person.aws.is_payer = False
    assert person.one("Cost allocation tags").name == "aws-tags.not-payer"


def test_billing_that_is_closed_to_roles_is_not_checked(person: Operator) -> None:
    person.aws.no_right = {"ListExports"}
    assert person.one("AWS's export").name == "check.refused"
