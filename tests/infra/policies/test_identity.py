import json
from collections.abc import Callable

import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pytest

from infra.policies.identity import NO_WILDCARD_ACTION, NO_WILDCARD_PRINCIPAL
from infra.policies.policy import ResourcePolicy
from infra.recording import record

SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111"
DEFINITIONS = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"


def found(policy: ResourcePolicy, program: Callable[[], object]) -> list[str]:
    recording = record(lambda: _ignore(program()), {})
    return [violation.found for violation in policy.check(recording.resources)]


def _ignore(_: object) -> None:
    pass


def role_policy(**statement: object) -> Callable[[], object]:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    return lambda: aws.iam.RolePolicy("reading", role="r", policy=json.dumps(document))


def role(**statement: object) -> Callable[[], object]:
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", **statement}}
    return lambda: aws.iam.Role("reader", assume_role_policy=json.dumps(document))


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:Get*", ["s3:GetObject", "ce:*"]])
def test_a_wildcard_in_an_action_of_aws_is_found(action: str | list[str]) -> None:
    program = role_policy(Action=action, Resource="arn:aws:s3:::bills")
    assert len(found(NO_WILDCARD_ACTION, program)) == 1


def test_named_actions_of_aws_are_let_pass() -> None:
    program = role_policy(Action=["s3:GetObject"], Resource="arn:aws:s3:::bills/*")
    assert found(NO_WILDCARD_ACTION, program) == []


def test_all_actions_but_some_are_found() -> None:
    program = role_policy(NotAction="iam:*", Resource="*")
    assert found(NO_WILDCARD_ACTION, program) == ["It allows all but some actions."]


def test_a_wildcard_in_what_is_denied_is_let_pass() -> None:
    program = role_policy(Effect="Deny", Action="s3:*", Resource="*", Principal="*")
    assert found(NO_WILDCARD_ACTION, program) == []
    assert found(NO_WILDCARD_PRINCIPAL, program) == []


def test_a_managed_policy_that_allows_everything_is_found() -> None:
    def program() -> None:
        aws.iam.RolePolicyAttachment(
            "all", role="r", policy_arn="arn:aws:iam::aws:policy/AdministratorAccess"
        )

    assert len(found(NO_WILDCARD_ACTION, program)) == 1


@pytest.mark.parametrize(
    ("granted", "breaches"),
    [("roles/owner", 1), ("roles/editor", 1), ("roles/viewer", 1), ("roles/bigquery.jobUser", 0)],
)
def test_a_basic_role_of_google_is_found(granted: str, breaches: int) -> None:
    def program() -> None:
        gcp.projects.IAMMember("grant", project="p", role=granted, member="user:a@example.com")

    assert len(found(NO_WILDCARD_ACTION, program)) == breaches


@pytest.mark.parametrize(
    ("definition", "breaches"),
    [
        # https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
        ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", 1),  # Owner
        ("b24988ac-6180-42a0-ab88-20f7382dd24c", 1),  # Contributor
        ("72fafb9e-0641-4937-9268-a91bfd8191a3", 0),  # Cost Management Reader
    ],
)
def test_an_owners_role_of_azure_is_found(definition: str, breaches: int) -> None:
    def program() -> None:
        azure.authorization.RoleAssignment(
            "grant",
            principal_id="p",
            scope=SUBSCRIPTION,
            role_definition_id=f"{DEFINITIONS}/{definition}",
        )

    assert len(found(NO_WILDCARD_ACTION, program)) == breaches


def test_a_wildcard_in_a_role_of_ones_own_in_azure_is_found() -> None:
    def program() -> None:
        azure.authorization.RoleDefinition(
            "reader",
            scope=SUBSCRIPTION,
            permissions=[{"actions": ["Microsoft.Storage/*"], "data_actions": ["a/read"]}],
        )

    assert found(NO_WILDCARD_ACTION, program) == ["It allows 'Microsoft.Storage/*'."]


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}])
def test_a_grant_of_aws_to_everyone_is_found(principal: object) -> None:
    program = role(Action="sts:AssumeRole", Principal=principal)
    assert found(NO_WILDCARD_PRINCIPAL, program) == ["It allows everyone."]


def test_a_grant_of_aws_to_all_but_some_is_found() -> None:
    program = role(Action="sts:AssumeRole", NotPrincipal={"AWS": "arn:aws:iam::1:root"})
    assert found(NO_WILDCARD_PRINCIPAL, program) == ["It allows everyone but some."]


@pytest.mark.parametrize(
    ("condition", "breaches"),
    [
        ({}, 1),
        ({"StringEquals": {"accounts.google.com:aud": "1"}}, 1),
        ({"StringLike": {"accounts.google.com:aud": "1", "accounts.google.com:sub": "*"}}, 1),
        ({"StringEquals": {"accounts.google.com:aud": "1", "accounts.google.com:sub": "1"}}, 0),
    ],
    ids=["unpinned", "audience only", "like", "pinned"],
)
def test_a_trust_in_web_identities_pins_subject_and_audience(
    condition: object, breaches: int
) -> None:
    program = role(
        Action="sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": "accounts.google.com"},
        Condition=condition,
    )
    assert len(found(NO_WILDCARD_PRINCIPAL, program)) == breaches


@pytest.mark.parametrize("member", ["allUsers", "allAuthenticatedUsers"])
def test_a_grant_of_google_to_everyone_is_found(member: str) -> None:
    def one() -> None:
        gcp.storage.BucketIAMMember("grant", bucket="b", role="roles/storage.viewer", member=member)

    def several() -> None:
        gcp.bigquery.DatasetIamBinding(
            "grant", dataset_id="d", role="r", members=["user:a@example.com", member]
        )

    assert found(NO_WILDCARD_PRINCIPAL, one) == [f"'member' is '{member}'."]
    assert found(NO_WILDCARD_PRINCIPAL, several) == [f"'members' is '{member}'."]


def test_a_dataset_of_google_that_everyone_reads_is_found() -> None:
    def program() -> None:
        gcp.bigquery.Dataset(
            "costs",
            dataset_id="costs",
            accesses=[{"role": "READER", "special_group": "allAuthenticatedUsers"}],
        )

    assert found(NO_WILDCARD_PRINCIPAL, program) == [
        "'accesses.specialGroup' is 'allAuthenticatedUsers'."
    ]


def test_a_provider_that_trusts_a_whole_cloud_is_found() -> None:
    def program(condition: str | None) -> None:
        gcp.iam.WorkloadIdentityPoolProvider(
            "aws",
            workload_identity_pool_id="pool",
            workload_identity_pool_provider_id="aws-lambda",
            aws={"account_id": "111122223333"},
            attribute_condition=condition,
        )

    assert found(NO_WILDCARD_PRINCIPAL, lambda: program("assertion.arn == 'a'")) == []
    assert found(NO_WILDCARD_PRINCIPAL, lambda: program(None)) == [
        "It trusts every identity of another cloud."
    ]


def test_a_grant_to_a_whole_pool_is_found() -> None:
    pool = "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p"

    def program(member: str) -> None:
        gcp.serviceaccount.IAMMember(
            "acts",
            service_account_id="projects/p/serviceAccounts/a@p.iam.gserviceaccount.com",
            role="roles/iam.workloadIdentityUser",
            member=member,
        )

    assert found(NO_WILDCARD_PRINCIPAL, lambda: program(f"{pool}/attribute.aws_role/r")) == []
    assert found(NO_WILDCARD_PRINCIPAL, lambda: program(f"{pool}/*")) == [
        f"It lets in a whole pool: '{pool}/*'."
    ]


@pytest.mark.parametrize(
    ("principal", "source", "said"),
    [
        ("events.amazonaws.com", "arn:aws:events:us-east-1:111122223333:rule/r", []),
        (
            "events.amazonaws.com",
            None,
            ["It lets events.amazonaws.com call the function for anybody."],
        ),
        ("*", None, ["It lets everyone call the function."]),
    ],
)
def test_whoever_may_call_a_lambda_is_named(
    principal: str, source: str | None, said: list[str]
) -> None:
    def program() -> None:
        aws.lambda_.Permission(
            "start",
            function="f",
            action="lambda:InvokeFunction",
            principal=principal,
            source_arn=source,
        )

    assert found(NO_WILDCARD_PRINCIPAL, program) == said
