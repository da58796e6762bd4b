"""What the workflows of GitHub promise, read from their files."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.conftest import ROOT
from tests.tools.test_workflow_steps import RUN_HERE
from tools.affected_stacks import affected, stacks

Json = dict[str, Any]

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RUN_BY_CI = {"setup", "lint", "types", "test-quick"}
"""Targets that .ci/run makes, directly or as parts of `make test`."""

SIGNED_IN = {"preview.yml", "deploy.yml", "drift.yml"}


def document(file: Path) -> Json:
    return cast(Json, yaml.safe_load(file.read_text(encoding="utf-8")))


def jobs(file: Path) -> Iterator[tuple[str, Json]]:
    yield from cast("dict[str, Json]", document(file)["jobs"]).items()


def steps() -> Iterator[tuple[str, str, Json]]:
    for file in WORKFLOWS:
        for name, job in jobs(file):
            for step in cast("list[Json]", job["steps"]):
                yield file.name, name, step


def test_there_are_the_four_workflows() -> None:
    assert {file.name for file in WORKFLOWS} == {"check.yml", *SIGNED_IN}


def test_each_shell_step_is_one_make_target_that_exists_and_runs_on_this_machine() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named: set[str] = set()
    for file, job, step in steps():
        if "run" in step:
            match = re.fullmatch(r"make ([a-z-]+)", step["run"])
            assert match, f"{file}, {job}: '{step['run']}' is not one make target"
            named.add(match[1])
    assert named <= targets
    assert named == RUN_BY_CI | RUN_HERE


def test_actions_are_pinned_by_commit_and_name_their_version() -> None:
    for file in WORKFLOWS:
        lines = [line for line in file.read_text("utf-8").splitlines() if "uses:" in line]
        assert lines
        for line in lines:
            assert re.search(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_an_action_has_one_version_in_all_workflows() -> None:
    used = {step["uses"] for _, _, step in steps() if "uses" in step}
    names = [each.partition("@")[0] for each in used]
    assert len(names) == len(set(names))


def test_nothing_is_permitted_but_what_a_job_names() -> None:
    granted: set[tuple[str, str, str]] = set()
    for file in WORKFLOWS:
        assert document(file)["permissions"] == {}
        for name, job in jobs(file):
            granted |= {(file.name, name, f"{k}: {v}") for k, v in job["permissions"].items()}
    writing = {each for each in granted if not each[2].endswith("read")}
    assert writing == {
        ("preview.yml", "preview", "id-token: write"),
        ("preview.yml", "preview", "pull-requests: write"),
        ("deploy.yml", "deploy", "id-token: write"),
        ("drift.yml", "drift", "id-token: write"),
    }
    assert {each[2] for each in granted - writing} == {"contents: read"}


def test_no_workflow_knows_a_secret_and_no_checkout_keeps_a_credential() -> None:
    for file in WORKFLOWS:
        text = file.read_text(encoding="utf-8")
        assert "secrets." not in text
        assert "pull_request_target" not in text
    for file, job, step in steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False, f"{file}, {job}"


def test_a_fork_gets_the_offline_plan_and_no_token_of_a_cloud() -> None:
    check = dict(jobs(ROOT / ".github/workflows/check.yml"))
    assert {"run": "make ci-plan"} in check["plan"]["steps"]
    preview = dict(jobs(ROOT / ".github/workflows/preview.yml"))
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert preview["stacks"]["if"] == own
    assert preview["preview"]["needs"] == "stacks"


def test_only_a_deploy_names_the_environment_that_asks_its_reviewers() -> None:
    where = {
        file.name: job["environment"]
        for file in WORKFLOWS
        for _, job in jobs(file)
        if "environment" in job
    }
    reading = {"name": "${{ matrix.stack }}-preview", "deployment": False}
    assert where == {
        "preview.yml": reading,
        "drift.yml": reading,
        "deploy.yml": "${{ matrix.stack }}",
    }


def test_an_update_is_never_cut_off_and_is_alone_in_its_environment() -> None:
    file = ROOT / ".github/workflows/deploy.yml"
    deploy = dict(jobs(file))["deploy"]
    assert deploy["concurrency"] == {
        "group": "deploy-${{ matrix.stack }}",
        "cancel-in-progress": False,
    }
    assert "concurrency" not in document(file)
    runs = [step["run"] for step in deploy["steps"] if "run" in step]
    assert runs.index("make ci-guard") < runs.index("make ci-up")
    updating = {name for name, _, step in steps() if step.get("run") == "make ci-up"}
    assert updating == {"deploy.yml"}


def test_a_refused_preview_is_commented_all_the_same() -> None:
    preview = dict(jobs(ROOT / ".github/workflows/preview.yml"))["preview"]
    [comment] = [step for step in preview["steps"] if step.get("run") == "make ci-comment"]
    assert comment["if"] == "${{ !cancelled() }}"


def test_the_workflows_install_the_pulumi_that_the_program_is_tested_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {
        step["with"]["pulumi-version"]
        for _, _, step in steps()
        if step.get("uses", "").startswith("pulumi/actions@")
    }
    assert {f"pulumi=={version}" for version in wanted} <= {
        each for each in project["dependency-groups"]["pulumi"] if isinstance(each, str)
    }
    assert len(wanted) == 1


def test_a_stack_is_a_file_that_says_which_project_it_is_in(tmp_path: Path) -> None:
    def put(name: str, *lines: str) -> None:
        text = "\n".join(["config:", *(f"  ai-cost-monitoring:{line}" for line in lines)])
        (tmp_path / f"Pulumi.{name}.yaml").write_text(text + "\n", encoding="utf-8")

    put("phase1", "phase: 1")
    put("prod", "phase: 2", "gcp_project: acme-costs")
    put("dev", 'gcp_project: "acme-dev"')
    put("empty", "gcp_project:")
    assert stacks(tmp_path) == ["dev", "prod"]
    assert stacks(ROOT) == []


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        (["handlers/load/facts.sql"], ["dev", "prod"]),
        (["Pulumi.yaml"], ["dev", "prod"]),
        (["requirements.txt", "docs/x.md"], ["dev", "prod"]),
        (["Pulumi.prod.yaml"], ["prod"]),
        (["Pulumi.other.yaml", "docs/platform.md", "tests/test_x.py"], []),
        ([], []),
    ],
)
def test_a_change_touches_the_stacks_that_are_made_from_it(
    changed: list[str], touched: list[str]
) -> None:
    assert affected(["dev", "prod"], changed) == touched
