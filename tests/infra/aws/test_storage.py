import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from infra.aws.storage import ExportBucket, bucket_policy, delivery_grant
from infra.recording import Recorded, Recording, record

ACCOUNT = "111122223333"
BUCKET = f"aws-cost-exports-{ACCOUNT}"
BOTH_RUNS = pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])


def program() -> None:
    provider = aws.Provider("aws", region="eu-central-1")
    ExportBucket(
        "bills",
        {"bucket": BUCKET, "account": ACCOUNT, "region": "eu-central-1"},
        pulumi.ResourceOptions(providers=[provider]),
    )


def recorded(preview: bool = False) -> Recording:
    return record(program, {}, preview=preview)


def parts(recording: Recording) -> list[Recorded]:
    return [resource for resource in recording.resources if resource.type.startswith("aws:s3")]


def only(recording: Recording, kind: str) -> Recorded:
    [found] = [part for part in parts(recording) if part.type.endswith(f":{kind}")]
    return found


@BOTH_RUNS
def test_the_bucket_and_its_guards_are_protected_outlive_the_stack_and_hang_on_the_component(
    preview: bool,
) -> None:
    recording = recorded(preview)
    [component] = recording.of_type("ai-cost-monitoring:aws:ExportBucket")
    assert len(parts(recording)) == 7
    for part in parts(recording):
        assert part.protect, part.name
        assert part.retain_on_delete, part.name
        assert part.parent == component.urn, part.name
        assert "pulumi:providers:aws::aws" in part.provider, part.name
    assert component.urn in recording.registered_outputs


def test_every_part_is_in_the_buckets_region() -> None:
    recording = recorded()
    assert only(recording, "Bucket").inputs == {"bucket": BUCKET, "region": "eu-central-1"}
    for part in parts(recording):
        assert part.inputs["bucket"] == BUCKET
        assert part.inputs["region"] == "eu-central-1"


def test_nothing_in_the_bucket_can_be_made_public() -> None:
    block = only(recorded(), "BucketPublicAccessBlock").inputs
    assert {name for name, value in block.items() if value is True} == {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    }
    ownership = only(recorded(), "BucketOwnershipControls").inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_what_is_written_is_encrypted_and_versioned() -> None:
    encryption = only(recorded(), "BucketServerSideEncryptionConfiguration").inputs
    assert encryption["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]
    versioning = only(recorded(), "BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}


def test_superseded_deliveries_go_and_old_bills_stay_where_they_cost_less() -> None:
    rules = only(recorded(), "BucketLifecycleConfiguration").inputs["rules"]
    assert all(rule["status"] == "Enabled" for rule in rules)
    assert rules[0]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert rules[1]["transitions"] == [{"days": 400, "storageClass": "GLACIER_IR"}]
    assert not any("expiration" in rule for rule in rules)


def test_the_policy_waits_for_the_public_access_block() -> None:
    recording = recorded()
    block = only(recording, "BucketPublicAccessBlock").urn
    assert block in only(recording, "BucketPolicy").dependencies


def test_only_exports_of_the_payer_account_are_let_in() -> None:
    # The statement of https://docs.aws.amazon.com/cur/latest/userguide/dataexports-s3-bucket.html
    arn = f"arn:aws:s3:::{BUCKET}"
    deliver, _ = bucket_policy(arn, ACCOUNT)["Statement"]
    assert deliver["Effect"] == "Allow"
    assert set(deliver["Principal"]["Service"]) == {
        "bcm-data-exports.amazonaws.com",
        "billingreports.amazonaws.com",
    }
    assert set(deliver["Action"]) == {"s3:PutObject", "s3:GetBucketPolicy"}
    assert set(deliver["Resource"]) == {arn, f"{arn}/*"}
    assert deliver["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert set(deliver["Condition"]["ArnLike"]["aws:SourceArn"]) == {
        "arn:aws:bcm-data-exports:us-east-1:111122223333:export/*",
        "arn:aws:cur:us-east-1:111122223333:definition/*",
    }


def test_the_bucket_refuses_everything_without_tls() -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
    arn = f"arn:aws:s3:::{BUCKET}"
    _, plain = bucket_policy(arn, ACCOUNT)["Statement"]
    assert plain["Effect"] == "Deny"
    assert plain["Principal"] == "*"
    assert plain["Action"] == "s3:*"
    assert set(plain["Resource"]) == {arn, f"{arn}/*"}
    assert plain["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_registered_policy_is_that_of_the_buckets_own_arn() -> None:
    policy: dict[str, Any] = json.loads(only(recorded(), "BucketPolicy").inputs["policy"])
    assert policy == bucket_policy("arn:aws:recorded:::bills-bucket", ACCOUNT)


def test_an_adopted_bucket_is_asked_to_grant_the_same() -> None:
    assert json.loads(delivery_grant("ours", ACCOUNT)) == bucket_policy(
        "arn:aws:s3:::ours", ACCOUNT
    )
