import json
from collections.abc import Callable

import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pytest

from infra.policies.encryption import ENCRYPTED, TLS_ONLY
from infra.policies.policy import GraphPolicy
from infra.recording import record


def found(
    policy: GraphPolicy, program: Callable[[], object], *, preview: bool = False
) -> list[str]:
    recording = record(lambda: _ignore(program()), {}, preview=preview)
    return [violation.found for violation in policy.check(recording.resources)]


def _ignore(_: object) -> None:
    pass


def bucket_policy(effect: str, secure: str) -> str:
    return json.dumps(
        {
            "Statement": [
                {
                    "Effect": effect,
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": ["arn:aws:s3:::bills", "arn:aws:s3:::bills/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": secure}},
                }
            ]
        }
    )


def guarded_bucket(policy: str | None) -> None:
    bucket = aws.s3.Bucket("bills", bucket="bills")
    aws.s3.BucketServerSideEncryptionConfiguration(
        "bills-encryption",
        bucket=bucket.bucket,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    )
    if policy is not None:
        aws.s3.BucketPolicy("bills-policy", bucket=bucket.bucket, policy=policy)


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_bucket_that_says_how_it_encrypts_and_refuses_plain_requests_is_let_pass(
    preview: bool,
) -> None:
    def program() -> None:
        guarded_bucket(bucket_policy("Deny", "false"))

    assert found(ENCRYPTED, program, preview=preview) == []
    assert found(TLS_ONLY, program, preview=preview) == []


def test_a_bucket_that_says_nothing_of_encryption_is_found() -> None:
    assert found(ENCRYPTED, lambda: aws.s3.Bucket("bills")) == [
        "The bucket says nothing of encryption."
    ]


def test_one_buckets_encryption_does_not_cover_another() -> None:
    def program() -> None:
        guarded_bucket(None)
        aws.s3.Bucket("others", bucket="others")

    assert found(ENCRYPTED, program) == ["The bucket says nothing of encryption."]


def test_a_disk_that_is_not_encrypted_is_found() -> None:
    def program(encrypted: bool | None) -> None:
        aws.rds.Instance("warehouse", instance_class="db.t4g.micro", storage_encrypted=encrypted)

    assert found(ENCRYPTED, lambda: program(None)) == ["'storageEncrypted' is not set."]
    assert found(ENCRYPTED, lambda: program(False)) == ["'storageEncrypted' is False."]
    assert found(ENCRYPTED, lambda: program(True)) == []


@pytest.mark.parametrize(
    "policy",
    [None, bucket_policy("Allow", "false"), bucket_policy("Deny", "true")],
    ids=["no policy", "allowed", "the wrong way round"],
)
def test_a_bucket_that_answers_without_tls_is_found(policy: str | None) -> None:
    assert found(TLS_ONLY, lambda: guarded_bucket(policy)) == ["The bucket answers without TLS."]


def test_an_account_of_azure_refuses_old_tls_and_plain_http() -> None:
    def program(https: bool, version: azure.storage.MinimumTlsVersion) -> None:
        azure.storage.StorageAccount(
            "bills",
            resource_group_name="g",
            kind="StorageV2",
            sku={"name": "Standard_LRS"},
            enable_https_traffic_only=https,
            minimum_tls_version=version,
        )

    versions = azure.storage.MinimumTlsVersion
    assert found(TLS_ONLY, lambda: program(True, versions.TLS1_2)) == []
    assert found(TLS_ONLY, lambda: program(False, versions.TLS1_2)) == [
        "'enableHttpsTrafficOnly' is False."
    ]
    assert found(TLS_ONLY, lambda: program(True, versions.TLS1_0)) == [
        "'minimumTlsVersion' is 'TLS1_0'."
    ]


@pytest.mark.parametrize(("scheme", "breaches"), [("http", 1), ("https", 0)])
def test_an_address_without_tls_is_found(scheme: str, breaches: int) -> None:
    def program() -> None:
        gcp.pubsub.Subscription(
            "push", topic="t", push_config={"push_endpoint": f"{scheme}://hub.example.com"}
        )

    assert len(found(TLS_ONLY, program)) == breaches


@pytest.mark.parametrize(("encrypted", "breaches"), [(True, 0), (None, 1)])
def test_a_queue_of_aws_that_is_not_encrypted_is_found(
    encrypted: bool | None, breaches: int
) -> None:
    def program() -> None:
        aws.sqs.Queue("letters", sqs_managed_sse_enabled=encrypted)

    assert len(found(ENCRYPTED, program)) == breaches
