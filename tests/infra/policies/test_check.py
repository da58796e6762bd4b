import pulumi
import pulumi_aws as aws
import pytest

from infra.aws.export import CostExport
from infra.aws.identity import CollectorRole
from infra.aws.storage import ExportBucket
from infra.policies import POLICIES, check
from infra.policies.policy import Level
from infra.recording import record

LABELS = {"managed-by": "ai-cost-monitoring"}


def respectful() -> None:
    provider = aws.Provider("aws", region="us-east-1", default_tags={"tags": LABELS})
    opts = pulumi.ResourceOptions(providers=[provider])
    bucket = ExportBucket(
        "bills", {"bucket": "bills", "account": "111122223333", "region": "us-east-1"}, opts
    )
    CostExport(
        "export",
        {
            "account": "111122223333",
            "bucket": bucket.bucket,
            "bucket_region": "us-east-1",
            "prefix": "cost-reports",
            "export_name": "llm-cost-export",
        },
        opts,
    )
    CollectorRole(
        "role",
        {"bucket_arn": bucket.arn, "service_accounts": ["1"], "audience": "ai-cost-monitoring"},
        opts,
    )


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_program_that_respects_every_policy_has_no_violation(preview: bool) -> None:
    assert check(record(respectful, {}, preview=preview).resources) == []


def test_a_bare_bucket_breaks_every_policy_that_is_about_it() -> None:
    graph = record(lambda: _ignore(aws.s3.Bucket("bills", bucket="bills")), {}).resources
    assert {violation.policy for violation in check(graph)} == {
        "no-public-storage",
        "encrypted",
        "tls-only",
        "protected-data",
        "labelled",
        "explicit-provider",
    }


def test_a_violation_says_where_what_and_what_to_do() -> None:
    graph = record(lambda: _ignore(aws.s3.Bucket("bills", bucket="bills")), {}).resources
    for violation in check(graph):
        assert violation.urn.endswith("::bills")
        assert violation.level is Level.MANDATORY
        assert violation.urn in str(violation)
        assert violation.found in str(violation)
        assert violation.remedy in str(violation)


def test_every_policy_has_its_own_name_and_says_why() -> None:
    assert len({policy.name for policy in POLICIES}) == len(POLICIES)
    assert all(policy.reason.endswith(".") for policy in POLICIES)


def _ignore(_: object) -> None:
    pass
