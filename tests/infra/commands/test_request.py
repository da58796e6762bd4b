import json
import re
import shlex
from pathlib import Path

import pytest

from tests.infra.commands.conftest import RunInfra

pytestmark = pytest.mark.slow

PAYERS = ("111122223333", "444455556666")
SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-00000000000a"
BILLING = "/providers/Microsoft.Billing/billingAccounts/1234567"


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    file = tmp_path / "Pulumi.prod.yaml"
    config = {
        "ai-cost-monitoring:phase": 1,
        "ai-cost-monitoring:gcp_project": "acme-costs",
        "ai-cost-monitoring:bigquery_location": "EU",
        "ai-cost-monitoring:gcp_scopes": [
            {
                "id": "01E214-63C8A3-9E57E3",
                "table": "acme-billing.billing.gcp_billing_export_v1_01E214_63C8A3_9E57E3",
            },
            {"id": "02E214-63C8A3-9E57E3"},
        ],
        "ai-cost-monitoring:aws_scopes": [
            {"id": PAYERS[0], "role": f"arn:aws:iam::{PAYERS[0]}:role/platform/deploy"},
            {"id": PAYERS[1]},
        ],
        "ai-cost-monitoring:azure_scopes": [{"id": SUBSCRIPTION}, {"id": BILLING}],
        "ai-cost-monitoring:grafana_token": {"secure": "v1:abc"},
    }
    # JSON is YAML.
    file.write_text(json.dumps({"config": config}), encoding="utf-8")
    return file


def test_a_request_names_the_settings_own_projects_accounts_and_scopes(
    run_infra: RunInfra, stack: Path
) -> None:
    answer = run_infra("request", "--stack", stack)

    assert answer.returncode == 0, answer.stderr
    for own in ("acme-costs", *PAYERS, SUBSCRIPTION, BILLING, "--role-name deploy "):
        assert own in answer.stdout
    assert "bq --location=EU mk" in answer.stdout
    assert "${" not in answer.stdout


def test_an_export_that_is_configured_is_not_asked_for_again(
    run_infra: RunInfra, stack: Path
) -> None:
    answer = run_infra("request", "--stack", stack, "--cloud", "gcp")

    assert "billing account 02E214-63C8A3-9E57E3" in answer.stdout
    assert "01E214" not in answer.stdout
    # The number in the remedy is the scope's own place in the list.
    assert "gcp_scopes[1].table" in answer.stdout


def test_only_the_clouds_asked_for_are_printed(run_infra: RunInfra, stack: Path) -> None:
    answer = run_infra("request", "--stack", stack, "--cloud", "aws")

    heads = re.findall(r"^(Google Cloud|AWS|Azure): ", answer.stdout, flags=re.MULTILINE)
    assert set(heads) == {"AWS"}


def test_the_policy_for_aws_is_a_document_that_reaches_only_the_exports_bucket(
    run_infra: RunInfra, stack: Path
) -> None:
    answer = run_infra("request", "--stack", stack, "--cloud", "aws")

    start = answer.stdout.index("aws iam put-role-policy")
    words = shlex.split(answer.stdout[start : answer.stdout.index("  See", start)])
    policy = json.loads(words[words.index("--policy-document") + 1])
    buckets = [one["Resource"] for one in policy["Statement"] if one["Action"] == "s3:*"]
    bucket = f"arn:aws:s3:::aws-cost-exports-{PAYERS[0]}"
    assert buckets == [[bucket, f"{bucket}/*"]]


def test_rights_for_tasks_are_asked_for_where_there_are_tasks(
    run_infra: RunInfra, stack: Path
) -> None:
    assert "Fargate" not in run_infra("request", "--stack", stack).stdout
    file = json.loads(stack.read_text(encoding="utf-8"))
    image = f"{PAYERS[0]}.dkr.ecr.us-east-1.amazonaws.com/ai-cost@sha256:{'ab' * 32}"
    hub = f"us-docker.pkg.dev/acme-costs/collectors/ai-cost@sha256:{'ab' * 32}"
    own = {
        "phase": 2,
        "dual_run": True,
        "aws_account": PAYERS[0],
        "aws_native_runtime": "container",
        "aws_native_image": image,
        "gcp_runtime": "container",
        "gcp_image": hub,
    }
    file["config"] |= {f"ai-cost-monitoring:{key}": value for key, value in own.items()}
    stack.write_text(json.dumps(file), encoding="utf-8")

    answer = run_infra("request", "--stack", stack)

    assert answer.returncode == 0, answer.stderr
    start = answer.stdout.index("ai-cost-monitoring-task ")
    words = shlex.split(answer.stdout[start : answer.stdout.index("  See", start)])
    policy = json.loads(words[words.index("--policy-document") + 1])
    roles, network = policy["Statement"]
    assert roles["Resource"] == f"arn:aws:iam::{PAYERS[0]}:role/aws-native-etl-task-*"
    assert {"ecs:*TaskDefinition*", "ec2:*InternetGateway*"} <= set(network["Action"])
    assert f"tasks of {hub}" in answer.stdout


def test_reading_an_adopted_exports_container_is_asked_of_its_owner(
    run_infra: RunInfra, stack: Path
) -> None:
    role = "Storage Blob Data Reader"
    assert role not in run_infra("request", "--stack", stack, "--cloud", "azure").stdout
    file = json.loads(stack.read_text(encoding="utf-8"))
    adopt = {"export": "daily", "storage_account": "theirs", "container": "bills"}
    file["config"]["ai-cost-monitoring:azure_scopes"][0]["adopt"] = adopt
    stack.write_text(json.dumps(file), encoding="utf-8")

    answer = run_infra("request", "--stack", stack, "--cloud", "azure")

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count(f'--role "{role}"') == 1
    assert "an owner of the storage account theirs" in answer.stdout
    assert "az storage account show --name theirs" in answer.stdout
    assert "/blobServices/default/containers/bills" in answer.stdout


def test_what_stands_in_for_a_missing_setting_is_said(run_infra: RunInfra, stack: Path) -> None:
    answer = run_infra("request", "--stack", stack)

    first = answer.stdout.splitlines()[0]
    assert "azure_subscription" in first
    assert "gcp_project" not in first


def test_a_wrong_setting_is_told_without_a_traceback(run_infra: RunInfra, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("config:\n  ai-cost-monitoring:gcp_project: acme\n", encoding="utf-8")

    answer = run_infra("request", "--stack", file)

    assert answer.returncode == 1
    assert "gcp_project: is 'acme'" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("content", ["", "config: 1\n", "a: [\n", None])
def test_a_file_that_is_no_stacks_file_is_told_by_name(
    run_infra: RunInfra, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    if content is not None:
        file.write_text(content, encoding="utf-8")

    answer = run_infra("request", "--stack", file)

    assert answer.returncode == 1
    assert "Pulumi.prod.yaml" in answer.stderr
    assert "Traceback" not in answer.stderr
