from collections.abc import Callable

import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pytest

from infra.policies.storage import NO_PUBLIC_STORAGE
from infra.recording import record


def found(program: Callable[[], object], *, preview: bool = False) -> list[str]:
    recording = record(lambda: _ignore(program()), {}, preview=preview)
    return [violation.found for violation in NO_PUBLIC_STORAGE.check(recording.resources)]


def _ignore(_: object) -> None:
    pass


def closed_aws_bucket() -> None:
    bucket = aws.s3.Bucket("bills", bucket="bills")
    aws.s3.BucketPublicAccessBlock(
        "bills-private",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )


def half_closed_aws_bucket() -> None:
    bucket = aws.s3.Bucket("bills", bucket="bills")
    aws.s3.BucketPublicAccessBlock(
        "bills-private",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
    )


def azure_account(public: bool | None, keys: bool | None) -> None:
    azure.storage.StorageAccount(
        "bills",
        resource_group_name="g",
        kind="StorageV2",
        sku={"name": "Standard_LRS"},
        allow_blob_public_access=public,
        allow_shared_key_access=keys,
    )


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_a_bucket_of_aws_with_all_four_switches_on_is_private(preview: bool) -> None:
    assert found(closed_aws_bucket, preview=preview) == []


def test_a_bucket_of_aws_needs_a_public_access_block() -> None:
    assert found(lambda: aws.s3.Bucket("bills")) == ["The bucket has no public access block."]


def test_a_switch_that_is_off_is_found() -> None:
    assert found(half_closed_aws_bucket) == ["'restrictPublicBuckets' is not on."]


def test_a_public_acl_is_found() -> None:
    assert "'acl' is 'public-read'." in found(lambda: aws.s3.Bucket("bills", acl="public-read"))


def test_a_bucket_of_google_must_prevent_public_access() -> None:
    def program(prevention: str | None, uniform: bool | None) -> None:
        gcp.storage.Bucket(
            "bills",
            location="US",
            public_access_prevention=prevention,
            uniform_bucket_level_access=uniform,
        )

    assert found(lambda: program("enforced", True)) == []
    assert found(lambda: program("inherited", True)) == ["'publicAccessPrevention' is 'inherited'."]
    assert found(lambda: program("enforced", None)) == ["'uniformBucketLevelAccess' is not set."]


def test_an_account_of_azure_must_say_that_it_has_no_public_blobs_and_no_keys() -> None:
    assert found(lambda: azure_account(public=False, keys=False)) == []
    assert found(lambda: azure_account(public=True, keys=False)) == [
        "'allowBlobPublicAccess' is True."
    ]
    assert found(lambda: azure_account(public=False, keys=None)) == [
        "'allowSharedKeyAccess' is not set."
    ]


def test_a_public_container_is_found() -> None:
    def program(access: azure.storage.PublicAccess) -> None:
        azure.storage.BlobContainer(
            "bills", account_name="a", resource_group_name="g", public_access=access
        )

    assert found(lambda: program(azure.storage.PublicAccess.NONE)) == []
    assert found(lambda: program(azure.storage.PublicAccess.BLOB)) == ["'publicAccess' is 'Blob'."]


def test_an_account_may_have_its_key_on_only_where_it_says_that_it_holds_code() -> None:
    def program(holds: str | None) -> None:
        azure.storage.StorageAccount(
            "packages",
            resource_group_name="g",
            kind="StorageV2",
            sku={"name": "Standard_LRS"},
            allow_blob_public_access=False,
            allow_shared_key_access=True,
            tags={"holds": holds} if holds else None,
        )

    assert found(lambda: program("code")) == []
    assert found(lambda: program("data")) == ["'allowSharedKeyAccess' is True."]
    assert found(lambda: program(None)) == ["'allowSharedKeyAccess' is True."]
