"""Phase 1 on the real engine: the shipped program, Pulumi.yaml and Pulumi.phase1.yaml."""

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager

import pulumi_gcp as gcp
import pytest

from tests.engine.cloud import Fault
from tests.engine.conftest import NewStack
from tests.engine.phase1 import PAYER, TOKEN, files, new_environment
from tests.engine.stack import Outcome, Stack
from tests.engine.values import plain

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

PRIVATE_KEY = "a-key-of-the-test-cloud"
TABLE = "gcp:bigquery/table:Table"
BUCKET = "gcp:storage/bucket:Bucket"
AWS_BUCKET = "aws:s3/bucket:Bucket"
HOLDS_DATA = (TABLE, BUCKET, "gcp:bigquery/dataset:Dataset", AWS_BUCKET)
IMAGE = f"us-central1-docker.pkg.dev/demo-costs/collectors/ai-cost-collector@sha256:{'ab' * 32}"
CONTAINER = {"gcp_runtime": "container", "gcp_image": IMAGE}
DEFAULT_PROVIDER = re.compile(r"pulumi:providers:[\w-]+::default")


@pytest.fixture(scope="module")
def made(new_stack: NewStack) -> Stack:
    """An environment after its first ``up``. Tests that share it leave it as it is."""
    stack = new_environment(new_stack)
    stack.up()
    return stack


@pytest.fixture(scope="module")
def previewed(new_stack: NewStack) -> tuple[Stack, Outcome]:
    """An environment in empty clouds, and what its first preview says."""
    stack = new_environment(new_stack)
    return stack, stack.preview_json()


@pytest.fixture(scope="module")
def untouched(new_stack: NewStack) -> Stack:
    """An environment that nothing is done with but what is refused."""
    return new_environment(new_stack)


@contextmanager
def configured(stack: Stack, values: Mapping[str, object]) -> Generator[None]:
    """With other settings for a while."""
    before = stack.configuration.read_text(encoding="utf-8")
    stack.configure(values)
    try:
        yield
    finally:
        stack.configuration.write_text(before, encoding="utf-8")


def test_a_preview_in_empty_clouds_shows_only_creations_and_asks_no_cloud_for_any(
    previewed: tuple[Stack, Outcome],
) -> None:
    stack, preview = previewed
    assert set(preview.counts()) == {"create"}
    assert preview.document["changeSummary"]["create"] == len(preview.steps)
    assert not stack.cloud.things
    assert not stack.cloud.calls_of("create", "update", "delete")


def test_a_second_up_changes_nothing(made: Stack) -> None:
    assert made.up("--expect-no-changes").counts() == {}


def test_a_refresh_finds_the_clouds_as_the_program_described_them(made: Stack) -> None:
    made.refresh("--expect-no-changes")


def test_what_was_previewed_is_what_was_made(previewed: tuple[Stack, Outcome], made: Stack) -> None:
    _, preview = previewed
    assert {step.urn for step in preview.steps} == set(made.resources())


def test_no_resource_uses_a_default_provider(made: Stack) -> None:
    for urn, resource in made.resources().items():
        assert not DEFAULT_PROVIDER.search(urn)
        assert not DEFAULT_PROVIDER.search(resource.get("provider", ""))


def test_a_forgotten_provider_fails_instead_of_using_whoever_is_logged_in(
    new_stack: NewStack,
) -> None:
    stack = new_environment(new_stack)

    def forgetful() -> None:
        gcp.storage.Bucket("forgotten", location="US")

    stack.program = forgetful
    refused = stack.failing("preview")
    assert "Default provider for 'gcp' disabled" in refused.text


def test_everything_that_can_carry_a_label_says_who_made_it(made: Stack) -> None:
    unlabelled: list[str] = []
    for thing in made.cloud.things.values():
        for name in ("effectiveLabels", "tagsAll"):
            labels = plain(thing.outputs.get(name))
            if name in thing.type.sdk.outputs() and not (
                isinstance(labels, dict) and labels.get("managed-by") == "ai-cost-monitoring"
            ):
                unlabelled.append(f"{thing.type.token} {thing.id}")
    assert unlabelled == []


def test_the_token_stands_in_no_file_and_no_message_in_clear(made: Stack) -> None:
    said = made.preview_json("--diff").text + made.run("config").text
    for text in (said, *(path.read_text(errors="replace") for path in files(made.folder))):
        assert TOKEN not in text
    assert "secure: v1:" in made.configuration.read_text()


def test_the_key_of_grafana_stands_in_no_file_and_no_message_in_clear(made: Stack) -> None:
    # In base64 it looks different by how many bytes stand before it.
    hidden = [b64encode(b" " * n + PRIVATE_KEY.encode())[4:-4].decode() for n in range(3)]
    said = made.up().text + made.preview_json("--diff").text
    for text in (said, *(path.read_text(errors="replace") for path in files(made.folder))):
        assert not [spelling for spelling in (PRIVATE_KEY, *hidden) if spelling in text]


def test_the_hubs_jobs_become_tasks_and_nothing_that_is_there_is_replaced(made: Stack) -> None:
    with configured(made, CONTAINER):
        steps = Counter((step.op, step.type) for step in made.preview_json().steps)
    assert {
        kind: number for kind, number in steps.items() if kind[0] not in ("same", "create")
    } == {
        ("update", "gcp:cloudscheduler/job:Job"): 3,
        ("update", "gcp:monitoring/alertPolicy:AlertPolicy"): 2,
        ("update", "gcp:logging/metric:Metric"): 1,
    }
    assert steps["create", "gcp:cloudrunv2/job:Job"] == 3


def test_grafana_moves_into_the_project_and_the_jobs_into_tasks_and_back_while_the_data_stays(
    new_stack: NewStack,
) -> None:
    stack = new_environment(new_stack)
    stack.up()
    kept = {urn for urn, resource in stack.resources().items() if resource.get("protect")}

    own = {"grafana": "cloud-run", "grafana_viewers": ["group:finops@example.com"]}
    stack.configure({**own, **CONTAINER})
    moved = stack.up()
    assert kept <= set(stack.resources())
    assert not moved.of("replace", "delete-replaced") & kept
    types = Counter(resource["type"] for resource in stack.resources().values())
    assert types["gcp:cloudrunv2/service:Service"] == 1
    assert types["gcp:serviceaccount/key:Key"] == 0
    # A task for each cloud, and what builds Grafana's image.
    assert types["gcp:cloudrunv2/job:Job"] == 4
    assert not [name for name in types if name.startswith("grafana:")]

    stack.configure({"grafana": "external", "gcp_runtime": "function"})
    stack.up()
    assert kept <= set(stack.resources())
    types = Counter(resource["type"] for resource in stack.resources().values())
    assert types["gcp:cloudrunv2/service:Service"] == 0
    assert types["gcp:cloudrunv2/job:Job"] == 0
    assert types["grafana:oss/folder:Folder"] == 1


def test_destroy_is_refused_before_anything_is_deleted(made: Stack) -> None:
    before = set(made.cloud.things)
    refused = made.failing("destroy")
    assert "cannot be deleted" in refused.text
    assert "because it is protected" in refused.text
    assert set(made.cloud.things) == before


def test_what_holds_data_is_protected(made: Stack) -> None:
    for urn, resource in made.resources().items():
        empty = "staging" in urn or "stand-in" in urn or "view" in resource.get("inputs", {})
        if resource["type"] in HOLDS_DATA and not empty:
            assert resource.get("protect"), urn


def test_a_changed_schedule_changes_the_job_alone(made: Stack) -> None:
    with configured(made, {"aws_schedule": "30 3 * * *"}):
        changed = made.up()
    made.up()
    assert changed.counts() == {"update": 1}
    [step] = [step for step in changed.steps if step.op == "update"]
    assert step.type == "gcp:cloudscheduler/job:Job"


@pytest.mark.parametrize("nth", [1, 12, 40])
def test_an_up_that_fails_in_the_middle_is_finished_by_the_next(
    new_stack: NewStack, made: Stack, nth: int
) -> None:
    stack = new_environment(new_stack)
    stack.cloud.fail_creation(Fault(nth=nth, message="Error 503: backendError, try again"))
    assert "Error 503: backendError" in stack.failing("up").text
    half = set(stack.cloud.things)

    finished = stack.up()
    assert set(finished.counts()) <= {"create", "update"}
    assert half <= set(stack.cloud.things)
    # By type: some clouds give a thing an id that follows from when it was made.
    assert Counter(kind for kind, _ in stack.cloud.things) == Counter(
        kind for kind, _ in made.cloud.things
    )
    assert stack.up().counts() == {}


def test_a_bucket_deleted_behind_the_engine_is_seen_and_made_again(made: Stack) -> None:
    [site] = [thing for thing in made.cloud.of_type(BUCKET) if thing.id.endswith("-site")]
    made.cloud.remove(BUCKET, site.id)
    made.refresh()
    assert "create" in made.up().counts()
    assert site.id in {thing.id for thing in made.cloud.of_type(BUCKET)}
    assert made.up().counts() == {}


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("gcp_project", None, "gcp_project"),
        ("gcp_projet", "demo", "gcp_projet"),
        ("phase", "3", "phase"),
        ("gcp_region", "atlantis", "gcp_region"),
        ("aws_scopes", [{"id": "1234"}], "1234"),
        ("grafana_url", "http://grafana.example.com", "https"),
        ("notify", ["platform@example.com"], "mailto"),
    ],
)
def test_bad_configuration_is_told_before_anything_is_registered(
    untouched: Stack, key: str, value: object, says: str
) -> None:
    with configured(untouched, {key: value}):
        refused = untouched.failing("preview")
    assert says in refused.text
    assert "pulumi config" in refused.text
    assert "Traceback" not in refused.text
    assert {step.type for step in refused.steps} <= {"pulumi:pulumi:Stack"}
    assert not untouched.cloud.calls


def test_every_mistake_in_the_configuration_is_told_at_once(untouched: Stack) -> None:
    mistakes = {"gcp_region": "atlantis", "grafana_url": "http://grafana.example.com"}
    with configured(untouched, mistakes):
        refused = untouched.failing("preview")
    for key in mistakes:
        assert key in refused.text


def test_an_expired_login_of_one_cloud_leaves_the_others_updatable(new_stack: NewStack) -> None:
    stack = new_environment(new_stack)
    stack.cloud.expire_login("aws")
    stack.failing("up")
    options = ("--exclude", "**aws:**", "--exclude-dependents")
    stack.up(*options)
    assert stack.cloud.of_type("azure-native:storage:StorageAccount")
    assert len(stack.cloud.of_type(TABLE)) > 5
    assert not stack.cloud.of_type(AWS_BUCKET)

    stack.cloud.renew_login("aws")
    stack.up()
    assert stack.cloud.of_type(AWS_BUCKET)
    assert stack.up().counts() == {}


def test_a_renamed_stack_keeps_its_resources_and_secrets(new_stack: NewStack) -> None:
    stack = new_environment(new_stack)
    stack.up()
    stack.run("stack", "rename", "prod")
    stack.name = "prod"
    assert stack.configuration.exists()
    assert TOKEN in stack.run("config", "get", "grafana_token").text
    assert stack.preview_json().counts() == {}


def test_an_existing_bucket_is_adopted_and_not_made(new_stack: NewStack) -> None:
    adopted = [{"id": PAYER, "adopt": {"bucket": "their-exports", "bucket_region": "eu-west-1"}}]
    stack = new_environment(new_stack, aws_scopes=adopted)
    stack.cloud.add(AWS_BUCKET, {"bucket": "their-exports"}, {"account": PAYER})
    # Its owner lets AWS deliver into it; the program leaves their policy alone.
    stack.cloud.add(
        "aws:s3/bucketPolicy:BucketPolicy",
        {"bucket": "their-exports", "policy": "{}"},
        {"account": PAYER},
    )
    stack.up()
    assert [bucket.id for bucket in stack.cloud.of_type(AWS_BUCKET)] == ["their-exports"]
    assert stack.up().counts() == {}
