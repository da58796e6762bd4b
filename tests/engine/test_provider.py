"""The test provider behaves as clouds do: what the other engine tests rest on."""

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_azure_native as azure
import pulumi_gcp as gcp
import pulumiverse_grafana as grafana
import pytest
from pulumi import ResourceOptions

from tests.engine.cloud import Fault
from tests.engine.conftest import NewStack
from tests.engine.resource_types import DATA, ResourceType, shelf
from tests.engine.sdk import input_names
from tests.engine.stack import Program, Stack

pytestmark = pytest.mark.engine

BUCKET = "gcp:storage/bucket:Bucket"
API = "gcp:projects/service:Service"
FILES = {
    "Pulumi.yaml": "name: small\nruntime: python\n",
    "Pulumi.phase1.yaml": 'config:\n  pulumi:disable-default-providers: ["*"]\n',
}
COLUMN = {"name": "cost", "type": "BIGNUMERIC"}


def google() -> ResourceOptions:
    provider = gcp.Provider("gcp", project="demo", region="europe-west1")
    return ResourceOptions(provider=provider)


def start(new_stack: NewStack, program: Program, *apis: str) -> Stack:
    stack = new_stack("small", program)
    for api in apis or ("storage", "bigquery"):
        stack.cloud.add(API, {"service": f"{api}.googleapis.com"})
    stack.init(FILES)
    return stack


@pytest.mark.parametrize("kind", shelf().types.values(), ids=lambda kind: kind.token)
def test_a_type_table_names_only_properties_that_the_sdk_knows(kind: ResourceType) -> None:
    inputs = input_names(kind.sdk.inputs)
    said = {*kind.immutable, *kind.patterns, *([kind.autoname] if kind.autoname else [])}
    assert {path.split(".")[0].partition(":")[0] for path in said} <= inputs
    answered = {*kind.computed, *kind.defaults, *kind.secret}
    assert {path.split(".")[0] for path in answered} <= kind.sdk.outputs()


def test_a_type_that_the_sdk_does_not_have_is_refused(new_stack: NewStack) -> None:
    def program() -> None:
        pulumi.CustomResource("gcp:storage/bucket:Buckett", "wrong", {}, google())

    preview = start(new_stack, program).failing("preview")

    assert "pulumi_gcp has no resource type gcp:storage/bucket:Buckett" in preview.text


def test_a_type_without_a_table_is_refused_and_says_where_to_add_it(new_stack: NewStack) -> None:
    def program() -> None:
        gcp.bigtable.Instance("strange", opts=google())

    preview = start(new_stack, program).failing("preview")

    assert f"{DATA.name} has no table for gcp:bigtable/instance:Instance: add one" in preview.text


def test_a_lookup_without_a_table_is_refused(new_stack: NewStack) -> None:
    def program() -> None:
        options = pulumi.InvokeOptions(provider=google().provider)
        gcp.compute.get_zones_output(region="europe-west1", opts=options)

    preview = start(new_stack, program).failing("preview")

    assert "the look-up gcp:compute/getZones:getZones" in preview.text


def test_inputs_of_another_type_missing_or_misspelt_fail_the_preview(new_stack: NewStack) -> None:
    inputs: dict[str, object] = {
        "versioning": {"enabled": "yes", "color": "red"},
        "labels": {"Team": "Not Allowed"},
    }

    def program() -> None:
        pulumi.CustomResource(BUCKET, "wrong", inputs, google())

    preview = start(new_stack, program).failing("preview")

    assert "'location' is required" in preview.text
    assert "expected true or false, got 'yes'" in preview.text
    assert "'color' is not an input; there are: enabled" in preview.text
    assert "'Not Allowed' does not match" in preview.text


def test_the_cloud_refuses_what_is_made_before_its_api_or_its_dataset(new_stack: NewStack) -> None:
    def program() -> None:
        opts = google()
        gcp.bigquery.Table("orphan", dataset_id="nowhere", table_id="orphan", opts=opts)

    early = start(new_stack, program, "storage")
    assert "bigquery.googleapis.com has not been used in this project" in early.failing("up").text

    orphan = start(new_stack, program, "bigquery")
    assert "projects/demo/datasets/nowhere does not exist" in orphan.failing("up").text


def test_a_name_that_is_taken_is_refused(new_stack: NewStack) -> None:
    def program() -> None:
        gcp.storage.Bucket("mine", name="everyones-bucket", location="EU", opts=google())

    stack = start(new_stack, program)
    stack.cloud.add(BUCKET, {"name": "everyones-bucket", "location": "US"})
    up = stack.failing("up")

    assert "Error 409" in up.text


@pytest.mark.parametrize(
    ("before", "after", "op"),
    [
        pytest.param("US", "EU", "replace", id="a bucket's location is for life"),
        pytest.param("US", "US", None, id="nothing changed"),
    ],
)
def test_a_change_of_what_a_cloud_can_not_change_is_a_replacement(
    new_stack: NewStack, before: str, after: str, op: str | None
) -> None:
    location = before

    def program() -> None:
        gcp.storage.Bucket("bucket", name="data-bucket", location=location, opts=google())

    stack = start(new_stack, program)
    stack.up()
    location = after

    assert stack.preview_json().of("replace") == ({"bucket"} if op else set())
    stack.up()
    [bucket] = stack.cloud.of_type(BUCKET)
    assert bucket.inputs["location"] == after


def test_a_table_takes_a_new_column_in_place_but_loses_one_only_by_replacement(
    new_stack: NewStack,
) -> None:
    columns = [COLUMN]

    def program() -> None:
        opts = google()
        dataset = gcp.bigquery.Dataset("costs", dataset_id="costs", opts=opts)
        gcp.bigquery.Table(
            "table",
            dataset_id=dataset.dataset_id,
            table_id="lines",
            schema=json.dumps(columns),
            opts=opts,
        )

    stack = start(new_stack, program)
    stack.up()
    columns = [COLUMN, {"name": "date", "type": "DATE"}]
    assert stack.up().counts() == {"update": 1}
    columns = [COLUMN]
    assert "replace" in stack.preview_json().counts()
    refused = stack.failing("up")
    assert "without setting deletionProtection=false" in refused.text


def test_the_nth_creation_fails_and_the_next_up_makes_only_what_is_missing(
    new_stack: NewStack,
) -> None:
    def program() -> None:
        opts = google()
        for number in range(5):
            gcp.storage.Bucket(f"bucket{number}", location="US", opts=opts)

    stack = start(new_stack, program)
    stack.cloud.fail_creation(Fault(nth=3, type=BUCKET))
    failed = stack.failing("up", "--parallel", "1")
    made = {thing.id for thing in stack.cloud.of_type(BUCKET)}
    assert "backendError" in failed.text
    assert len(made) == 2

    repaired = stack.up()
    assert repaired.counts() == {"create": 3}
    assert made < {thing.id for thing in stack.cloud.of_type(BUCKET)}


def test_refresh_sees_what_was_deleted_and_changed_behind_the_engine(new_stack: NewStack) -> None:
    def program() -> None:
        opts = google()
        for name in ("kept", "changed", "deleted"):
            gcp.storage.Bucket(name, name=f"{name}-1", location="US", opts=opts)

    stack = start(new_stack, program)
    stack.up()
    stack.refresh("--expect-no-changes")
    stack.cloud.remove(BUCKET, "deleted-1")
    stack.cloud.things[BUCKET, "changed-1"].inputs["storageClass"] = "ARCHIVE"

    stack.failing("refresh", "--expect-no-changes")
    stack.refresh()
    up = stack.up()
    assert up.of("create") == {"deleted"}
    assert up.of("update") == {"changed"}


def test_what_only_the_cloud_can_say_is_unknown_in_a_preview(new_stack: NewStack) -> None:
    seen: list[str] = []

    def program() -> None:
        account = gcp.serviceaccount.Account("account", account_id="collector", opts=google())
        account.unique_id.apply(seen.append)
        account.account_id.apply(seen.append)

    stack = start(new_stack, program, "iam")
    stack.preview()
    assert seen == ["collector"]
    seen.clear()
    stack.up()
    [unique_id] = set(seen) - {"collector"}
    assert unique_id.isdigit()
    assert len(unique_id) == 21


def test_secrets_stand_in_no_state_file_and_no_log(new_stack: NewStack) -> None:
    secret = "glsa-token-of-tests"

    def program() -> None:
        token = pulumi.Config().require_secret("token")
        provider = grafana.Provider("grafana", url="https://grafana.example.com", auth=token)
        grafana.oss.DataSource(
            "source",
            type="redshift",
            name="source",
            secure_json_data_encoded=pulumi.Output.json_dumps({"key": token}),
            opts=ResourceOptions(provider=provider),
        )
        account = gcp.serviceaccount.Account("account", account_id="collector", opts=google())
        key = gcp.serviceaccount.Key(
            "key", service_account_id=account.name, opts=ResourceOptions(parent=account)
        )
        pulumi.export("key", key.private_key)

    stack = start(new_stack, program, "iam")
    stack.set_secret("token", secret)
    said = [stack.up().text, stack.refresh().text, stack.preview_json("--diff").text]
    written = [path.read_text(errors="replace") for path in files(stack.folder)]
    for text in (*said, *written, repr(stack.cloud.calls)):
        assert secret not in text
        assert "private-key-" not in text
    assert '"ciphertext"' in stack.state_text()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("package", "says"),
    [
        ("gcp", "gcloud auth application-default login"),
        ("aws", "ExpiredToken"),
        ("azure-native", "AADSTS700082"),
        ("grafana", "401"),
    ],
)
def test_an_expired_login_is_told_in_its_clouds_words(
    new_stack: NewStack, package: str, says: str
) -> None:
    def program() -> None:
        gcp.storage.Bucket("gcp", location="US", opts=google())
        amazon = aws.Provider("aws", region="us-east-1")
        aws.s3.Bucket("aws", opts=ResourceOptions(provider=amazon))
        microsoft = azure.Provider("azure")
        azure.resources.ResourceGroup("azure", opts=ResourceOptions(provider=microsoft))
        provider = grafana.Provider("grafana", url="https://grafana.example.com", auth="token")
        grafana.oss.Folder("folder", title="Costs", opts=ResourceOptions(provider=provider))

    stack = start(new_stack, program)
    stack.cloud.expire_login(package)
    failed = stack.failing("up")
    assert says in failed.text
    stack.cloud.renew_login(package)
    stack.up()


def test_each_instance_of_a_provider_answers_for_its_own_account(new_stack: NewStack) -> None:
    def program() -> None:
        for account in ("111111111111", "222222222222"):
            provider = aws.Provider(
                f"aws-{account}",
                region="eu-west-1",
                assume_roles=[{"role_arn": f"arn:aws:iam::{account}:role/deploy"}],
                default_tags={"tags": {"managed-by": "tests"}},
            )
            made = aws.iam.Role(
                f"role-{account}",
                name="collector",
                assume_role_policy="{}",
                tags={"own": "1"},
                opts=ResourceOptions(provider=provider),
            )
            pulumi.export(account, {"arn": made.arn, "tags": made.tags_all})

    stack = start(new_stack, program)
    stack.up()
    outputs = json.loads(stack.run("stack", "output", "--json").text)
    for account in ("111111111111", "222222222222"):
        assert outputs[account]["arn"] == f"arn:aws:iam::{account}:role/collector"
        assert outputs[account]["tags"] == {"managed-by": "tests", "own": "1"}


def test_an_up_that_was_killed_names_what_it_was_making_and_goes_on_once_that_is_settled(
    new_stack: NewStack,
) -> None:
    def program() -> None:
        gcp.storage.Bucket("half-made", name="half-made-1", location="US", opts=google())

    stack = start(new_stack, program)
    stack.killed_up("half-made")
    assert "currently locked" in stack.failing("up").text
    stack.run("cancel", "--yes")
    interrupted = stack.failing("up")
    assert "half-made, interrupted while creating" in interrupted.text
    assert "Error 409" in interrupted.text

    stack.refresh("--clear-pending-creates")
    stack.cloud.remove(BUCKET, "half-made-1")
    assert stack.up().of("create") == {"half-made"}
    assert stack.up().counts() == {}
