"""The evaluators of trust decide as AWS, Azure and Google say they do, and never guess."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.proof.security.aws_trust import (
    ASSUME,
    Caller,
    NotUnderstood,
    google_caller,
    may_take,
)
from tests.proof.security.federation import (
    GoogleGrant,
    accounts_of,
    azure_takes,
    fulfils,
    google_attributes,
)

pytestmark = pytest.mark.proof

TOKEN = {"iss": "https://accounts.google.com", "aud": "ours", "azp": "1", "sub": "1"}
AUD, OAUD, SUB = (f"accounts.google.com:{name}" for name in ("aud", "oaud", "sub"))


def policy(condition: Mapping[str, Any] | None, **changed: object) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Federated": "accounts.google.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        **changed,
    }
    if condition is not None:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        ({AUD: "1"}, True),
        ({AUD: "ours"}, False),
        ({OAUD: "ours"}, True),
        ({OAUD: "1"}, False),
        ({SUB: ["2", "1"]}, True),
        ({SUB: "2"}, False),
        ({SUB: "1", OAUD: "theirs"}, False),
        ({"accounts.google.com:amr": "1"}, False),
    ],
)
def test_a_token_with_azp_has_it_for_aud_and_its_audience_for_oaud(
    wanted: Mapping[str, Any], allowed: bool
) -> None:
    assert may_take(policy({"StringEquals": wanted}), google_caller(TOKEN)) is allowed


def test_a_token_without_azp_has_its_audience_for_aud() -> None:
    bearer = google_caller({name: value for name, value in TOKEN.items() if name != "azp"})
    assert may_take(policy({"StringEquals": {AUD: "ours", OAUD: "ours"}}), bearer)


@pytest.mark.parametrize("condition", [None, {}, {"StringLike": {SUB: "*"}}])
def test_a_policy_without_a_condition_that_binds_lets_every_google_account_in(
    condition: Mapping[str, Any] | None,
) -> None:
    assert may_take(policy(condition), google_caller({**TOKEN, "sub": "anyone"}))


def test_a_denial_wins_and_a_wildcard_principal_is_anyone() -> None:
    anyone = policy(None, Principal="*", Action="sts:*")
    assert may_take(anyone, Caller("AWS", "arn:aws:iam::1:role/x", ASSUME))
    denied = policy({"StringEquals": {SUB: "1"}}, Effect="Deny")
    both = {"Statement": [*anyone["Statement"], *denied["Statement"]]}
    assert not may_take(both, google_caller(TOKEN))


@pytest.mark.parametrize(
    "changed",
    [
        {"condition": {"ForAllValues:StringEquals": {SUB: "1"}}},
        {"condition": {"StringNotEquals": {SUB: "1"}}},
        {"condition": None, "NotAction": "sts:TagSession"},
        {"condition": None, "Effect": "Perhaps"},
    ],
)
def test_what_it_does_not_know_it_does_not_judge(changed: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        may_take(policy(**changed), google_caller(TOKEN))


@pytest.mark.parametrize("changed", ["iss", "sub", "aud"])
def test_azure_compares_issuer_subject_and_audience_as_they_stand(changed: str) -> None:
    credential = {"issuer": TOKEN["iss"], "subject": "1", "audiences": ["ours"]}
    assert azure_takes(credential, TOKEN)
    assert not azure_takes(credential, {**TOKEN, changed: f"{TOKEN[changed]}/"})
    missing = {name: value for name, value in TOKEN.items() if name != changed}
    assert not azure_takes(credential, missing)


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ("assertion.sub == '1'", True),
        ("assertion.sub == '1' && assertion.aud == 'ours'", True),
        ("assertion.sub == '1' && assertion.aud == 'theirs'", False),
        ("assertion.sub == '2' || assertion.sub == '1' && assertion.azp == '1'", True),
        ("(assertion.sub == '2' || assertion.sub == '1') && assertion.azp == '2'", False),
        ("assertion.iss.startsWith('https://')", True),
        ("assertion.tid == ''", False),
    ],
)
def test_a_condition_of_google_is_read_with_its_own_order_of_signs(
    condition: str, allowed: bool
) -> None:
    assert fulfils(condition, TOKEN) is allowed


@pytest.mark.parametrize(
    "condition",
    ["true", "!(assertion.sub == '1')", "assertion.sub != '1'", "assertion.sub == ", "'1' == '1'",
     "assertion.sub in ['1']", "assertion.sub.matches('.*')", "assertion.sub == '1' assertion.a"],
)  # fmt: skip
def test_a_condition_that_says_more_is_not_judged(condition: str) -> None:
    with pytest.raises(NotUnderstood):
        fulfils(condition, TOKEN)


def test_a_provider_without_a_list_of_audiences_takes_its_own_name_only() -> None:
    provider = {"oidc": {"issuerUri": "i"}, "attributeMapping": {"google.subject": "assertion.sub"}}
    bare = {"iss": "i", "sub": "1", "aud": "https://iam.googleapis.com/projects/1/p"}
    assert google_attributes(provider, "projects/1/p", bare) == {"google.subject": "1"}
    assert google_attributes(provider, "projects/1/p", {**bare, "aud": "sts"}) is None


def test_a_grant_to_the_whole_pool_is_a_grant_to_everyone_in_it() -> None:
    everyone = GoogleGrant("a", "principalSet://iam.googleapis.com/pool/*")
    one = GoogleGrant("b", "principal://iam.googleapis.com/pool/subject/1")
    other = GoogleGrant("c", "principal://iam.googleapis.com/other/subject/1")
    assert accounts_of([everyone, one, other], "pool", {"google.subject": "1"}) == ["a", "b"]
    assert accounts_of([everyone, one, other], "pool", {"google.subject": "2"}) == ["a"]
