"""Who the workflows of GitHub are: whose tokens each cloud trusts, and what they may do."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pytest

from infra.aws.pipeline import Pipeline as AwsPipeline
from infra.azure.pipeline import READER
from infra.azure.pipeline import Pipeline as AzurePipeline
from infra.cost import read_prices
from infra.gcp.pipeline import Pipeline as GcpPipeline
from infra.labels import tag_azure
from infra.policies import POLICIES, check
from infra.policies.labels import as_registered
from infra.recording import Recorded, Recording, record

PREVIEW = "repo:acme@1/costs@2:environment:prod-preview"
DEPLOY = "repo:acme@1/costs@2:environment:prod"
KEY = "projects/demo-costs/locations/us-central1/keyRings/ai/cryptoKeys/state"
LABELS = {"managed-by": "ai-cost-monitoring"}
READING = ("viewer", "Viewer", "securityReviewer", "reader", "Decrypter")
PROJECT_GRANT = "gcp:projects/iAMMember:IAMMember"


def program() -> None:
    tag_azure(LABELS)
    google = gcp.Provider("gcp", project="demo-costs", default_labels=LABELS)
    amazon = aws.Provider(
        "aws", region="us-east-1", default_tags=aws.ProviderDefaultTagsArgs(tags=LABELS)
    )
    microsoft = azure.Provider("azure", subscription_id="0000", tenant_id="0001")
    GcpPipeline(
        "pipeline",
        {
            "project": "demo-costs",
            "preview_subject": PREVIEW,
            "deploy_subject": DEPLOY,
            "state_bucket": "demo-costs-pulumi-state",
            "state_key": KEY,
            "bundles": "demo-costs-bundles",
        },
        pulumi.ResourceOptions(providers=[google]),
    )
    AwsPipeline(
        "aws-pipeline",
        {"account": "111122223333", "preview_subject": PREVIEW, "deploy_subject": DEPLOY},
        pulumi.ResourceOptions(providers=[amazon]),
    )
    AzurePipeline(
        "azure-pipeline",
        {
            "subscription": "0000",
            "resource_group": "ai-cost-monitoring",
            "location": "eastus2",
            "preview_subject": PREVIEW,
            "deploy_subject": DEPLOY,
        },
        pulumi.ResourceOptions(providers=[microsoft]),
    )


@pytest.fixture(scope="module", params=[False, True], ids=["up", "preview"])
def recording(request: pytest.FixtureRequest) -> Recording:
    return record(program, {}, preview=request.param)


@pytest.fixture(scope="module")
def made() -> Recording:
    return record(program, {})


def named(recording: Recording, name: str) -> Recorded:
    [found] = [one for one in recording.resources if one.name == name]
    return found


def roles_of(recording: Recording, account: str) -> Iterator[str]:
    """What an account of Google's is granted, anywhere but on itself."""
    for one in recording.resources:
        if str(one.inputs.get("member", "")).startswith(f"serviceAccount:{account}@"):
            yield str(one.inputs["role"])


def statements(document: object) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", json.loads(str(document))["Statement"])


def test_no_policy_is_breached_and_nothing_is_without_a_price(recording: Recording) -> None:
    assert check(as_registered(recording.resources, LABELS), POLICIES) == []
    prices = read_prices()
    assert [one.type for one in recording.resources if not prices.is_known(one)] == []


def test_each_component_registers_its_outputs_and_its_children_are_its_own(
    recording: Recording,
) -> None:
    components = [one for one in recording.resources if not one.custom]
    assert len(components) == 3
    for component in components:
        assert component.urn in recording.registered_outputs
    for child in recording.resources:
        if child.custom and not child.is_provider:
            assert child.parent in {component.urn for component in components}


def test_google_trusts_the_two_subjects_and_lets_only_main_deploy(made: Recording) -> None:
    provider = named(made, "pipeline-provider").inputs
    assert provider["oidc"] == {"issuerUri": "https://token.actions.githubusercontent.com"}
    assert provider["attributeMapping"] == {"google.subject": "assertion.sub"}
    assert provider["attributeCondition"] == (
        f"assertion.sub == '{PREVIEW}'"
        f" || (assertion.sub == '{DEPLOY}' && assertion.ref == 'refs/heads/main')"
    )
    for what, subject in (("preview", PREVIEW), ("deploy", DEPLOY)):
        acts = named(made, f"pipeline-{what}-acts").inputs
        assert acts["role"] == "roles/iam.workloadIdentityUser"
        assert str(acts["member"]).endswith(f"/ai-cost-ci/subject/{subject}") or str(
            acts["member"]
        ).endswith(f"/subject/{subject}")


def test_googles_account_of_previews_can_only_read(made: Recording) -> None:
    roles = set(roles_of(made, "ai-cost-ci-preview"))
    others = {role for role in roles if not role.endswith(READING)}
    assert others == {"roles/serviceusage.serviceUsageConsumer"}
    assert "roles/bigquery.dataViewer" not in roles, "it reads no costs"
    assert "roles/cloudkms.cryptoKeyEncrypterDecrypter" not in roles


def test_googles_account_of_deploys_gets_the_state_and_no_role_on_the_project(
    made: Recording,
) -> None:
    assert set(roles_of(made, "ai-cost-ci-deploy")) == {
        "roles/storage.objectAdmin",
        "roles/cloudkms.cryptoKeyEncrypterDecrypter",
    }
    assert named(made, "pipeline-deploy-state").inputs["bucket"] == "demo-costs-pulumi-state"


@pytest.mark.parametrize(("what", "subject"), [("preview", PREVIEW), ("deploy", DEPLOY)])
def test_aws_takes_a_token_of_one_subject_for_its_own_audience(
    made: Recording, what: str, subject: str
) -> None:
    [statement] = statements(named(made, f"aws-pipeline-{what}").inputs["assumeRolePolicy"])
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": subject,
        }
    }


def test_the_role_of_previews_in_aws_can_only_read(made: Recording) -> None:
    attached = named(made, "aws-pipeline-preview-audit").inputs["policyArn"]
    assert attached == "arn:aws:iam::aws:policy/SecurityAudit"
    reading = statements(named(made, "aws-pipeline-preview-reading").inputs["policy"])
    actions = [action for one in reading for action in one["Action"]]
    verbs = ("Get", "List", "Describe")
    assert [one for one in actions if not one.partition(":")[2].startswith(verbs)] == []
    [objects] = [one for one in reading if "s3:GetObject" in one["Action"]]
    assert objects["Resource"] == "arn:aws:s3:::ai-cost-bundles-*/*", "no bill is among it"


def test_the_role_of_deploys_in_aws_cannot_change_who_ci_is(made: Recording) -> None:
    [denied] = statements(named(made, "aws-pipeline-deploy-not-itself").inputs["policy"])
    assert denied["Effect"] == "Deny"
    assert {"iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"} <= set(denied["Action"])
    assert denied["Resource"] == [
        "arn:aws:iam::111122223333:role/ai-cost-ci-preview",
        "arn:aws:iam::111122223333:role/ai-cost-ci-deploy",
    ]


def test_azure_trusts_one_subject_for_each_identity_and_grants_reading_alone(
    made: Recording,
) -> None:
    for what, subject in (("preview", PREVIEW), ("deploy", DEPLOY)):
        trust: Mapping[str, Any] = named(made, f"azure-pipeline-{what}-github").inputs
        assert trust["issuer"] == "https://token.actions.githubusercontent.com"
        assert trust["subject"] == subject
        assert trust["audiences"] == ["api://AzureADTokenExchange"]
    [grant] = made.of_type("azure-native:authorization:RoleAssignment")
    assert str(grant.inputs["roleDefinitionId"]).endswith(READER)
