import json
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from handlers.settings import AWS_AUDIENCE
from infra.aws.identity import CollectorRole, reading_policy
from infra.recording import Recording, record

COLLECTOR, HUB = "100000000000000000001", "100000000000000000002"
ARN = "arn:aws:s3:::aws-cost-exports-111122223333"


def program() -> None:
    provider = aws.Provider("aws", region="eu-central-1")
    # Unique ids are Google's answers, so they come as outputs.
    accounts = [pulumi.Output.from_input(account) for account in (COLLECTOR, HUB)]
    CollectorRole(
        "reader",
        {
            "bucket_arn": ARN,
            "prefix": "cost-reports",
            "service_accounts": accounts,
            "audience": AWS_AUDIENCE,
        },
        pulumi.ResourceOptions(providers=[provider]),
    )


def document(recording: Recording, kind: str, field: str) -> list[dict[str, Any]]:
    [resource] = recording.of_type(kind)
    return json.loads(resource.inputs[field])["Statement"]


def trust() -> dict[str, Any]:
    [statement] = document(record(program, {}), "aws:iam/role:Role", "assumeRolePolicy")
    return statement


def reading() -> list[dict[str, Any]]:
    return document(record(program, {}), "aws:iam/rolePolicy:RolePolicy", "policy")


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_role_and_policy_hang_on_the_component_and_name_its_provider(preview: bool) -> None:
    recording = record(program, {}, preview=preview)
    [component] = recording.of_type("ai-cost-monitoring:aws:CollectorRole")
    children = [one for one in recording.resources if one.type.startswith("aws:iam")]
    assert len(children) == 2
    for child in children:
        assert child.parent == component.urn
        assert "pulumi:providers:aws::aws" in child.provider
    assert component.urn in recording.registered_outputs


def test_only_googles_web_identities_can_take_the_role() -> None:
    assert trust()["Effect"] == "Allow"
    assert trust()["Principal"] == {"Federated": "accounts.google.com"}
    assert trust()["Action"] == "sts:AssumeRoleWithWebIdentity"


def test_the_trust_pins_the_account_twice_and_the_audience_exactly() -> None:
    # In a service account's token azp is there, so IAM's aud is azp and its oaud the audience:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    assert trust()["Condition"] == {
        "StringEquals": {
            "accounts.google.com:aud": [COLLECTOR, HUB],
            "accounts.google.com:oaud": "ai-cost-monitoring",
            "accounts.google.com:sub": [COLLECTOR, HUB],
        }
    }


def test_the_role_lends_credentials_for_an_hour() -> None:
    [role] = record(program, {}).of_type("aws:iam/role:Role")
    assert role.inputs["maxSessionDuration"] == 3600


def test_the_role_may_only_list_and_read_the_bills_and_ask_for_totals() -> None:
    assert {(one["Action"], one["Resource"]) for one in reading()} == {
        ("s3:ListBucket", ARN),
        ("s3:GetObject", f"{ARN}/cost-reports/*"),
        ("ce:GetCostAndUsage", "*"),
    }
    assert all(one["Effect"] == "Allow" for one in reading())


def test_listing_is_confined_to_the_folder_of_the_bills() -> None:
    [listing] = [one for one in reading() if one["Action"] == "s3:ListBucket"]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["cost-reports", "cost-reports/*"]}}


@pytest.mark.parametrize("prefix", ["cost-reports", "cost-reports/", "/cost-reports/"])
def test_slashes_around_the_folder_make_no_difference(prefix: str) -> None:
    assert reading_policy(ARN, prefix) == reading_policy(ARN, "cost-reports")


def test_bills_at_the_buckets_root_are_read_from_the_whole_bucket() -> None:
    statements: Sequence[dict[str, Any]] = reading_policy(ARN, "")["Statement"]
    resources = {one["Action"]: one["Resource"] for one in statements}
    assert resources["s3:GetObject"] == f"{ARN}/*"
    assert not any("Condition" in one for one in statements)
