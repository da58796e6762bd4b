"""The workflows' own steps, run as make targets: Pulumi and GitHub are stood in for."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.fakes.json_server import Answer, Request, json_server
from tests.infra.guard.previews import dataset, document, step, topic

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

RUN_HERE = {
    "lock-check",
    "workflows",
    "ci-stacks",
    "ci-plan",
    "ci-preview",
    "ci-guard",
    "ci-comment",
    "ci-up",
    "ci-drift",
}
"""Targets of the workflows that the tests of this file run."""

HARMLESS = document(step("update", topic(), topic(name="x"), diffReasons=["name"]))
LOSS = document(step("delete", dataset(), None))


class Runner:
    """A runner in a folder of its own, with a ``pulumi`` that shows one preview."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = folder / "summary.md"
        self.output = folder / "output"
        self.calls = folder / "calls"
        self.previewed = folder / "previewed"
        program = folder / "bin" / "pulumi"
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\necho "$*" >>{self.calls}\ncase "$*" in\n'
            "  version*) echo v3.272.0 ;;\n  up*) exit 0 ;;\n"
            f"  *preview*) cat {self.previewed}; exit 1 ;;\n"
            "esac\n",
            encoding="utf-8",
        )
        program.chmod(0o755)

    def make(
        self, target: str, given: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        assert target in RUN_HERE
        return subprocess.run(
            ["make", "--no-print-directory", target, f"CI_FOLDER={self.folder / 'ci'}", "PHASES=1"],
            cwd=ROOT,
            env={
                **os.environ,
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "GITHUB_OUTPUT": str(self.output),
                "STACK": "prod",
                **(given or {}),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


class PullRequests:
    """GitHub's comments on one pull request."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = [{"id": 1, "body": "a person's"}]

    def answer(self, request: Request) -> Answer:
        assert request.bearer == "a-token"
        issues = "/repos/acme/costs/issues"
        if request.method == "GET" and request.path == f"{issues}/7/comments":
            return Answer(200, self.comments)
        if request.method == "POST" and request.path == f"{issues}/7/comments":
            self.comments.append({"id": len(self.comments) + 1, "body": request.body["body"]})
            return Answer(201, {"html_url": "https://github.example/7#2"})
        if request.method == "PATCH" and request.path == f"{issues}/comments/2":
            self.comments[1]["body"] = request.body["body"]
            return Answer(200, {"html_url": "https://github.example/7#2"})
        return Answer(404, {"message": "Not Found"})


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.engine
def test_actionlint_and_zizmor_find_nothing(runner: Runner) -> None:
    done = runner.make("workflows")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_locks_are_checked(runner: Runner) -> None:
    assert runner.make("lock-check").returncode == 0


def test_affected_stacks_are_the_steps_output(runner: Runner) -> None:
    assert runner.make("ci-stacks", {"BASE": "0" * 40}).stdout == "[]\n"
    assert runner.output.read_text("utf-8") == "stacks=[]\n"


def test_the_offline_plan_is_in_the_summary(runner: Runner) -> None:
    # One phase, for a plan takes its time; that of the other is another test's.
    assert "\nPHASES    := 1 2\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    done = runner.make("ci-plan")
    assert done.returncode == 0, done.stderr
    text = runner.summary.read_text("utf-8")
    assert text.startswith("## Phase 1\n```\nPhase 1, from the configuration of 'phase1'")
    assert "Total a month" in text


def test_a_preview_is_judged_commented_once_and_applied(runner: Runner) -> None:
    github = PullRequests()
    runner.previewed.write_text(HARMLESS, encoding="utf-8")
    assert runner.make("ci-preview").returncode == 0
    assert runner.make("ci-guard").returncode == 0
    with json_server(github.answer) as address:
        given = {
            "GITHUB_API_URL": address,
            "GITHUB_REPOSITORY": "acme/costs",
            "GITHUB_TOKEN": "a-token",
            "PULL_REQUEST": "7",
        }
        for _ in range(2):
            done = runner.make("ci-comment", given)
            assert done.returncode == 0, done.stderr
    assert len(github.comments) == 2, "a second push replaces the comment of the first"
    assert "1 to update" in github.comments[1]["body"]
    assert runner.summary.read_text("utf-8") == github.comments[1]["body"]
    assert runner.make("ci-up").returncode == 0
    assert "up --stack prod --non-interactive --yes --skip-preview" in runner.calls.read_text()


def test_lost_data_fails_the_step_and_has_its_comment(runner: Runner) -> None:
    runner.previewed.write_text(LOSS, encoding="utf-8")
    assert runner.make("ci-preview").returncode == 0
    done = runner.make("ci-guard")
    assert done.returncode != 0
    assert "warehouse-dataset" in done.stderr
    assert "**Refused" in (runner.folder / "ci" / "prod.md").read_text("utf-8")


def test_a_preview_that_shows_nothing_fails_its_step_and_leaves_none_of_before(
    runner: Runner,
) -> None:
    runner.previewed.write_text(HARMLESS, encoding="utf-8")
    assert runner.make("ci-preview").returncode == 0
    runner.previewed.write_text("", encoding="utf-8")
    assert runner.make("ci-preview").returncode != 0
    assert runner.make("ci-comment").returncode != 0


def test_drift_fails_the_step_and_is_in_summary_and_json(runner: Runner) -> None:
    runner.previewed.write_text(document(step("same", topic(), topic())), encoding="utf-8")
    done = runner.make("ci-drift")
    assert done.returncode == 0, done.stderr
    assert runner.summary.read_text("utf-8") == "prod: no drift.\n"
    found = json.loads((runner.folder / "ci" / "drift-prod.json").read_text("utf-8"))
    assert found == {"stack": "prod", "drifted": [], "pending": []}
    assert "--refresh" in runner.calls.read_text()
