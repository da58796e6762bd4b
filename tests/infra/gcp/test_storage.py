import pytest

from infra.recording import Recording
from tests.infra.gcp.hub import one

BUCKET = "gcp:storage/bucket:Bucket"
KINDS = ("bundles", "archive", "site")


def test_there_are_three_buckets_with_the_names_that_were_asked_for(either: Recording) -> None:
    assert {bucket.inputs["name"] for bucket in either.of_type(BUCKET)} == {
        "demo-costs-bundles",
        "demo-costs-archive",
        "demo-costs-site",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_no_bucket_can_be_made_public(either: Recording, kind: str) -> None:
    inputs = one(either, BUCKET, f"storage-{kind}").inputs
    assert inputs["publicAccessPrevention"] == "enforced"
    assert inputs["uniformBucketLevelAccess"] is True


@pytest.mark.parametrize("kind", KINDS)
def test_no_bucket_goes_with_what_is_in_it(either: Recording, kind: str) -> None:
    bucket = one(either, BUCKET, f"storage-{kind}")
    assert bucket.protect
    assert not bucket.inputs.get("forceDestroy")
    assert bucket.inputs["softDeletePolicy"]["retentionDurationSeconds"] == 30 * 24 * 3600


@pytest.mark.parametrize(("kind", "kept"), [("archive", True), ("site", True), ("bundles", False)])
def test_what_no_cloud_has_again_outlives_the_stack(
    either: Recording, kind: str, kept: bool
) -> None:
    assert one(either, BUCKET, f"storage-{kind}").retain_on_delete is kept


@pytest.mark.parametrize("kind", ["bundles", "site"])
def test_what_is_overwritten_keeps_its_older_versions(either: Recording, kind: str) -> None:
    assert one(either, BUCKET, f"storage-{kind}").inputs["versioning"] == {"enabled": True}


def test_an_archived_file_is_kept_for_seven_years_by_a_policy_that_can_be_lifted(
    either: Recording,
) -> None:
    policy = one(either, BUCKET, "storage-archive").inputs["retentionPolicy"]
    assert policy["retentionPeriod"] == "220903200"  # 7 x 365.25 x 24 x 60 x 60
    assert policy["isLocked"] is False


def test_nothing_in_archive_or_site_is_ever_deleted_by_age(either: Recording) -> None:
    for kind in ("archive", "site"):
        assert "lifecycleRules" not in one(either, BUCKET, f"storage-{kind}").inputs
