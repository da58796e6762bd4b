import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pytest

from infra.policies.protection import PROTECTED_DATA
from infra.recording import record


def breaches(*, protect: bool) -> set[str]:
    opts = pulumi.ResourceOptions(protect=protect)

    def program() -> None:
        aws.s3.Bucket("s3-bucket", opts=opts)
        azure.resources.ResourceGroup("group", opts=opts)
        azure.storage.BlobContainer(
            "container", account_name="a", resource_group_name="g", opts=opts
        )
        gcp.bigquery.Dataset("dataset", dataset_id="d", opts=opts)
        gcp.bigquery.Table("table", dataset_id="d", table_id="t", opts=opts)
        gcp.storage.Bucket("gcs-bucket", location="US", opts=opts)
        aws.iam.Role("role", assume_role_policy="{}", opts=opts)

    recording = record(program, {})
    return {found.urn.rpartition("::")[2] for found in PROTECTED_DATA.check(recording.resources)}


def test_what_holds_data_and_is_not_protected_is_found() -> None:
    assert breaches(protect=False) == {
        "s3-bucket",
        "group",
        "container",
        "dataset",
        "table",
        "gcs-bucket",
    }


def test_what_is_protected_is_let_pass() -> None:
    assert breaches(protect=True) == set()


@pytest.mark.parametrize("preview", [False, True], ids=["up", "preview"])
def test_what_can_be_made_again_needs_no_protection(preview: bool) -> None:
    def program() -> None:
        gcp.bigquery.Table(
            "view",
            dataset_id="d",
            table_id="v",
            view={"query": "SELECT 1", "use_legacy_sql": False},
        )
        gcp.bigquery.Dataset("staging", dataset_id="s", default_table_expiration_ms=86_400_000)
        gcp.bigquery.Table("empty", dataset_id="d", table_id="billing_export_stand_in")
        gcp.storage.Bucket("bundles", location="US", force_destroy=True)

    recording = record(program, {}, preview=preview)
    assert PROTECTED_DATA.check(recording.resources) == []
