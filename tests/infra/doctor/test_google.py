"""Google Cloud in each state: login, rights, keys."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.doctor.finding import Level
from infra.doctor.needs import needs
from tests.infra.operator import NOW, PROJECT, Operator, names

SIGN_IN = f"grafana-sign-in@{PROJECT}.iam.gserviceaccount.com"
EVERY = {permission for need in needs("google") for permission in need["permissions"]}


def key(days: int) -> dict[str, object]:
    made = NOW - timedelta(days=days)
    return {"name": "k", "validAfterTime": f"{made:%Y-%m-%dT%H:%M:%SZ}", "keyType": "USER_MANAGED"}


def test_a_login_is_told_with_its_owner(person: Operator) -> None:
    found = person.one("Login of Google")
    assert (found.name, found.found) == ("google-login.ok", "ada@example.com (a person's).")


def test_a_missing_login_is_a_problem(person: Operator) -> None:
    del person.environment["GOOGLE_APPLICATION_CREDENTIALS"]
    person.environment["NO_GCE_CHECK"] = "true"
    found = person.one("Login of Google")
    assert found.name == "google-login.missing"
    assert found.remedy == "gcloud auth application-default login"


def test_an_expired_login_is_told_from_a_missing_one(person: Operator) -> None:
    person.google.expired = True
    found = person.one("Login of Google")
    assert found.name == "google-login.expired"
    assert "invalid_grant" in found.found


def test_a_key_in_a_file_is_a_warning(
    person: Operator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    email = f"deployer@{PROJECT}.iam.gserviceaccount.com"
    content = {
        "type": "service_account",
        "client_email": email,
        "private_key": private.decode(),
        "private_key_id": "1",
        "token_uri": f"{person.address['iam']}/token",
        "project_id": PROJECT,
    }
    file = tmp_path / "key.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setitem(person.environment, "GOOGLE_APPLICATION_CREDENTIALS", str(file))

    found = person.one("Login of Google")
    assert found.name == "google-login.key"
    assert email in found.found
    assert "PRIVATE" not in str(found)


def test_all_rights_are_one_good_finding(person: Operator) -> None:
    found = person.one("Rights on the hub")
    assert found.name == "google-rights.ok"
    assert str(len(EVERY)) in found.found


def test_each_missing_right_is_told_with_the_role_that_holds_it(person: Operator) -> None:
    person.google.permissions = EVERY - {"pubsub.topics.create", "run.services.get"}
    found = person.examined("Rights on the hub")

    assert names(found) == ["google-rights.missing", "google-rights.missing"]
    assert "pubsub.topics.create" in found[0].found
    assert found[0].remedy == (
        f"gcloud projects add-iam-policy-binding {PROJECT} --condition=None "
        "--member=user:ada@example.com --role=roles/pubsub.admin"
    )
    assert "roles/run.admin" in found[1].remedy


def test_without_a_login_rights_are_not_checked(person: Operator) -> None:
    person.google.expired = True
    assert person.one("Rights on the hub").name == "check.no-login"


def test_a_persons_calls_are_counted_on_the_hubs_project(person: Operator) -> None:
    person.examined("Rights on the hub")
    [call] = [one for one in person.google.requests if "testIamPermissions" in one.path]
    assert call.headers["x-goog-user-project"] == PROJECT


def test_an_api_that_the_login_may_not_use_is_not_checked(person: Operator) -> None:
    person.google.refused = {"iam"}
    assert names(person.examined("Keys of the hub"))[0] == "check.refused"


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], "none"),
        ([90], "ok"),
        ([91], "old"),
        ([5, 200], "several"),
    ],
)
def test_the_age_of_grafanas_key_is_judged(
    person: Operator, days: list[int], expected: str
) -> None:
    person.google.accounts[SIGN_IN] = [key(age) for age in days]
    first = person.examined("Keys of the hub")[0]
    assert first.name == f"google-keys.{expected}"
    assert "grafana-sign-in" in first.about + first.found


def test_a_disabled_key_is_none(person: Operator) -> None:
    person.google.accounts[SIGN_IN] = [{**key(300), "disabled": True}]
    none, _ = person.examined("Keys of the hub")
    assert (none.name, none.found) == ("google-keys.none", "None of grafana-sign-in.")


def test_any_key_of_a_job_is_a_problem(person: Operator) -> None:
    account = f"aws-daily-etl@{PROJECT}.iam.gserviceaccount.com"
    person.google.accounts[account] = [key(1)]
    found = {one.about: one for one in person.examined("Keys of the hub")}

    assert found[f"Keys of {account}"].level is Level.PROBLEM
    assert f"--iam-account={account}" in found[f"Keys of {account}"].remedy


def test_accounts_that_are_not_there_yet_are_no_problem(person: Operator) -> None:
    found = person.one("Keys of the hub")
    assert found.name == "google-keys.not-made"
    assert "aws-daily-etl, azure-daily-etl, gcp-daily-etl, hub-daily" in found.found


def test_where_grafana_needs_no_key_none_is_looked_for(person: Operator) -> None:
    person.config["grafana_access"] = "metadata"
    assert "grafana-sign-in" not in person.one("Keys of the hub").found
