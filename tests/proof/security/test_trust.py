"""Whoever the rendered trust does not mean is refused: another account, audience or subject."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pytest

from infra.gcp.federation import AwsProvider
from infra.recording import Recorded, record
from tests.proof.conftest import Tried
from tests.proof.security.aws_trust import (
    ASSUME,
    WEB_IDENTITY,
    Caller,
    google_caller,
    may_take,
    oidc_caller,
)
from tests.proof.security.environment import (
    REPOSITORY,
    azure_id,
    google_id,
    named,
    phase2,
)
from tests.proof.security.federation import (
    accounts_of,
    azure_takes,
    google_attributes,
    grants_of,
)

pytestmark = [pytest.mark.proof, pytest.mark.timeout(180)]

GOOGLE = "https://accounts.google.com"
GITHUB = "https://token.actions.githubusercontent.com"
AWS_AUDIENCE, AZURE_AUDIENCE = "ai-cost-monitoring", "api://AzureADTokenExchange"
PAYER = "111122223333"
TENANT = "00000000-0000-0000-0000-000000000001"
ROLE, AZURE = "aws-111122223333-identity-role", "azure-identity-google"
POOL = "federation-pool"
SESSION = f"arn:aws:sts::{PAYER}:assumed-role/ai-cost-native-collector/aws-native-etl"
AUDIENCES = (
    AWS_AUDIENCE.upper(),
    f"{AWS_AUDIENCE} ",
    f"{AWS_AUDIENCE}*",
    "",
    "*",
    "sts.amazonaws.com",
    "https://aws-daily-etl.recorded.run.app",
    "32555940559.apps.googleusercontent.com",
)
"""Audiences that tokens of Google carry elsewhere: the push's, gcloud's, other systems' own."""


def trust(name: str) -> Mapping[str, Any]:
    return json.loads(str(named(name).inputs["assumeRolePolicy"]))


def google_token(account: str, audience: str, **changed: str) -> dict[str, str]:
    """As the metadata server gives it: azp and sub are the account's unique id."""
    unique = google_id(accounts()[account])
    return {"iss": GOOGLE, "aud": audience, "azp": unique, "sub": unique, **changed}


def accounts() -> Mapping[str, str]:
    """The names in the program of Google's accounts, by their names in Google."""
    made = phase2().of_type("gcp:serviceaccount/account:Account")
    return {str(one.inputs["accountId"]): one.name for one in made}


def taking(name: str, audience: str) -> set[str]:
    """Which of the platform's own Google accounts can take the role."""
    policy = trust(name)
    return {
        account
        for account in accounts()
        if may_take(policy, google_caller(google_token(account, audience)))
    }


def spoilt(token: Mapping[str, str], audiences: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """The same token with one thing that is another's, or is missing."""
    for audience in audiences:
        yield {**token, "aud": audience}
    for claim in ("sub", "azp"):
        others = [google_id("somebody"), "", "*", token["sub"][:-1], f"{token['sub']}0"]
        for other in others:
            yield {**token, claim: other}
    for claim in token:
        yield {name: value for name, value in token.items() if name != claim}
    yield {**token, "iss": "https://accounts.google.com.evil.example"}


def test_only_awss_collector_in_google_takes_awss_role() -> None:
    assert len(accounts()) > 8
    assert taking(ROLE, AWS_AUDIENCE) == {"aws-daily-etl"}


def test_a_google_token_that_is_anothers_in_anything_takes_no_role(tried: Tried) -> None:
    token = google_token("aws-daily-etl", AWS_AUDIENCE)
    policy = trust(ROLE)
    assert may_take(policy, google_caller(token))
    refused = list(spoilt(token, (*AUDIENCES, AZURE_AUDIENCE)))
    for other in refused:
        assert not may_take(policy, google_caller(other)), other
    tried("a Google token meant for something else, at AWS", len(refused))


@pytest.mark.parametrize("key", ["aud", "oaud", "sub"])
def test_each_condition_of_the_role_keeps_somebody_out(key: str) -> None:
    policy = trust(ROLE)
    token = google_token("aws-daily-etl", AWS_AUDIENCE)
    del policy["Statement"][0]["Condition"]["StringEquals"][f"accounts.google.com:{key}"]
    assert any(may_take(policy, google_caller(other)) for other in spoilt(token, AUDIENCES))


def test_googles_token_takes_none_of_the_other_roles() -> None:
    roles = [one.name for one in phase2().of_type("aws:iam/role:Role") if one.name != ROLE]
    assert len(roles) > 5
    for role in roles:
        assert taking(role, AWS_AUDIENCE) | taking(role, "sts.amazonaws.com") == set()


@pytest.mark.parametrize(
    "caller",
    [
        Caller("AWS", f"arn:aws:iam::{PAYER}:root", ASSUME),
        Caller("AWS", "arn:aws:iam::999999999999:role/ai-cost-native-collector", ASSUME),
        Caller("Service", "ec2.amazonaws.com", ASSUME),
        Caller("Federated", "cognito-identity.amazonaws.com", WEB_IDENTITY),
        Caller("Federated", f"arn:aws:iam::{PAYER}:saml-provider/x", "sts:AssumeRoleWithSAML"),
    ],
    ids=["root", "namesake", "ec2", "cognito", "saml"],
)
def test_no_role_is_taken_by_a_stranger_of_aws(caller: Caller) -> None:
    for role in phase2().of_type("aws:iam/role:Role"):
        assert not may_take(trust(role.name), caller), role.name


def test_the_schedules_role_is_taken_for_its_own_account_only() -> None:
    policy = trust("aws-collector-schedule-role")
    key = "aws:SourceAccount"
    own, other = (
        Caller("Service", "scheduler.amazonaws.com", ASSUME, {key: account})
        for account in (PAYER, "999999999999")
    )
    assert may_take(policy, own)
    assert not may_take(policy, other)
    assert not may_take(policy, Caller("Service", "scheduler.amazonaws.com", ASSUME))


def test_only_azures_collector_in_google_acts_as_azures_identity(tried: Tried) -> None:
    credential = named(AZURE).inputs
    acting = {
        account
        for account in accounts()
        if azure_takes(credential, google_token(account, AZURE_AUDIENCE))
    }
    assert acting == {"azure-daily-etl"}
    token = google_token("azure-daily-etl", AZURE_AUDIENCE)
    refused = [
        one for one in spoilt(token, (*AUDIENCES, AWS_AUDIENCE)) if differs_for_azure(one, token)
    ]
    for other in refused:
        assert not azure_takes(credential, other), other
    tried("a Google token meant for something else, at Azure", len(refused))


def differs_for_azure(other: Mapping[str, str], token: Mapping[str, str]) -> bool:
    """Azure does not look at ``azp``."""
    return any(other.get(claim) != token[claim] for claim in ("iss", "aud", "sub"))


def entra_token(identity: str, **changed: str) -> dict[str, str]:
    """A managed identity's token of version 2."""
    return {
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "aud": "fb60f99c-7a34-4190-8149-302f77469936",
        "sub": azure_id(identity),
        "tid": TENANT,
        **changed,
    }


def acts_as(provider: Recorded, pool: str, token: Mapping[str, str]) -> list[str]:
    """The hub's accounts that the token's bearer may act as."""
    name = f"projects/1/locations/global/workloadIdentityPools/x/providers/{provider.name}"
    attributes = google_attributes(provider.inputs, name, token)
    return (
        [] if attributes is None else accounts_of(grants_of(phase2().resources), pool, attributes)
    )


def test_azures_function_acts_as_its_publisher_in_the_hub_and_nobody_else_does(
    tried: Tried,
) -> None:
    provider = named("azure-federation-provider")
    own = entra_token("azure-native-identity-identity")
    assert acts_as(provider, POOL, own) == ["azure-publisher-account"]
    identities = phase2().of_type("azure-native:managedidentity:UserAssignedIdentity")
    others = [one.name for one in identities if one.name != "azure-native-identity-identity"]
    assert len(others) > 3
    refused = [
        *map(entra_token, others),
        {**own, "iss": "https://login.microsoftonline.com/common/v2.0"},
        {**own, "iss": f"https://sts.windows.net/{TENANT}/"},
        {**own, "tid": "00000000-0000-0000-0000-000000000009"},
        {**own, "sub": own["sub"].upper()},
        {**own, "sub": f"{own['sub']}' || assertion.sub == 'x"},
        {**own, "aud": "https://management.azure.com/"},
        {**own, "aud": "https://database.windows.net/"},
        *({key: value for key, value in own.items() if key != claim} for claim in own),
    ]
    for token in refused:
        assert acts_as(provider, POOL, token) == [], token
    tried("an Entra token meant for something else, at the hub", len(refused))


AWS_STRANGERS = (
    f"arn:aws:sts::{PAYER}:assumed-role/ai-cost-native-collector2/aws-native-etl",
    f"arn:aws:sts::{PAYER}:assumed-role/ai-cost-native-reader/aws-native-etl",
    f"arn:aws:sts::{PAYER}:assumed-role/admin/assumed-role/ai-cost-native-collector/aws-native-etl",
    f"arn:aws:sts::{PAYER}:federated-user/assumed-role/ai-cost-native-collector/aws-native-etl",
    "arn:aws:sts::999999999999:assumed-role/ai-cost-native-collector/aws-native-etl",
    f"arn:aws:iam::{PAYER}:user/ai-cost-native-collector",
    f"arn:aws:iam::{PAYER}:root",
    "",
)


@pytest.mark.parametrize("arn", [*AWS_STRANGERS, f"{SESSION}2", SESSION.replace("etl", "shell")])
def test_another_session_of_aws_acts_as_nobody_in_the_hub(arn: str) -> None:
    provider = named("aws-federation-provider")
    assert acts_as(provider, POOL, {"account": PAYER, "arn": arn}) == []


def test_awss_function_acts_as_its_publisher_and_from_its_own_account_only() -> None:
    provider = named("aws-federation-provider")
    own = {"account": PAYER, "arn": SESSION}
    assert acts_as(provider, POOL, own) == ["aws-publisher-account"]
    assert acts_as(provider, POOL, {**own, "account": "999999999999"}) == []
    assert acts_as(provider, POOL, {"arn": SESSION}) == []


def test_one_clouds_identity_does_not_pass_for_the_others() -> None:
    aws, azure = (named(f"{cloud}-federation-provider") for cloud in ("aws", "azure"))
    assert acts_as(azure, POOL, {"account": PAYER, "arn": SESSION}) == []
    assert acts_as(aws, POOL, entra_token("azure-native-identity-identity")) == []


@pytest.mark.parametrize("arn", AWS_STRANGERS)
def test_where_tasks_collect_no_other_role_is_let_in(arn: str) -> None:
    def program() -> None:
        AwsProvider(
            "tasks",
            {
                "project": "p",
                "pool_id": "pool",
                "pool_name": "pool",
                "account": PAYER,
                "role": "ai-cost-native-collector",
                "function": None,
            },
            pulumi.ResourceOptions(providers=[gcp.Provider("gcp", project="p")]),
        )

    [provider] = record(program, {}).of_type(
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
    )
    assert google_attributes(provider.inputs, "", {"account": PAYER, "arn": SESSION})
    assert google_attributes(provider.inputs, "", {"account": PAYER, "arn": arn}) is None


def github_token(environment: str, audience: str, **changed: str) -> dict[str, str]:
    subject = f"repo:{REPOSITORY}:environment:{environment}"
    token = {"iss": GITHUB, "aud": audience, "sub": subject, "ref": "refs/heads/main"}
    return {**token, **changed}


GITHUB_STRANGERS = (
    {"sub": f"repo:{REPOSITORY}:pull_request"},
    {"sub": f"repo:{REPOSITORY}:ref:refs/heads/main"},
    {"sub": f"repo:{REPOSITORY}:environment:prod2"},
    {"sub": f"repo:{REPOSITORY.upper()}:environment:prod"},
    {"sub": "repo:evil@9/costs@2:environment:prod"},
    {"aud": "https://github.com/acme"},
    {"iss": "https://token.actions.githubusercontent.com/evil"},
)


@pytest.mark.parametrize("changed", [{}, *GITHUB_STRANGERS], ids=str)
def test_a_workflow_deploys_only_from_its_own_environment(changed: Mapping[str, str]) -> None:
    mine = not changed
    arn = "arn:aws:recorded:::aws-111122223333-pipeline-github"
    to_aws = github_token("prod", "sts.amazonaws.com", **changed)
    policy = trust("aws-111122223333-pipeline-deploy")
    assert may_take(policy, oidc_caller(arn, to_aws)) is mine
    to_azure = github_token("prod", AZURE_AUDIENCE, **changed)
    assert azure_takes(named("azure-pipeline-deploy-github").inputs, to_azure) is mine
    provider = named("pipeline-provider")
    own_name = "projects/1/locations/global/workloadIdentityPools/x/providers/pipeline-provider"
    to_google = github_token("prod", f"https://iam.googleapis.com/{own_name}", **changed)
    expected = ["pipeline-deploy"] if mine else []
    assert acts_as(provider, "pipeline-pool", to_google) == expected


def test_a_preview_deploys_nothing_and_a_branch_does_not_deploy() -> None:
    arn = "arn:aws:recorded:::aws-111122223333-pipeline-github"
    preview = github_token("prod-preview", "sts.amazonaws.com")
    assert not may_take(trust("aws-111122223333-pipeline-deploy"), oidc_caller(arn, preview))
    assert may_take(trust("aws-111122223333-pipeline-preview"), oidc_caller(arn, preview))
    provider = named("pipeline-provider")
    own = "https://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/x/providers"
    branch = github_token("prod", f"{own}/pipeline-provider", ref="refs/heads/evil")
    assert acts_as(provider, "pipeline-pool", branch) == []
