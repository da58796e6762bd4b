"""A container task: one command, its exit code, attempts of its own; and what its image holds."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest

from handlers.errors import CostError
from handlers.messages import Command, Run
from handlers.native import SettingsError
from handlers.record import Cloud
from handlers.runtimes.jobs import CommandRefused, Outcome, Report, RuntimeJobs, RunUnfinished
from handlers.runtimes.log import Log
from handlers.runtimes.task import DAILY, DONE, FAILED, PAUSES, WRONG, Task, jobs_of, room_of
from handlers.scan.room import FUNCTION, Room
from handlers.settings import RuntimeSettings
from tests.handlers.environments import of_job
from tests.handlers.native_environments import of_function_app

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@dataclass
class Jobs:
    """Fails as planned, then does what it is asked."""

    failures: list[CostError] = field(default_factory=list[CostError])
    asked: list[Command] = field(default_factory=list[Command])

    def run(self, command: Command, log: Log) -> Report:
        del log
        self.asked.append(command)
        if self.failures:
            raise self.failures.pop(0)
        return Report(Outcome.LOADED, "all loaded")


def run(jobs: Jobs, message: str = DAILY) -> tuple[int, list[float], list[dict[str, object]]]:
    """The exit code, the pauses, the lines of the log."""
    pauses: list[float] = []
    lines: list[str] = []
    code = Task(jobs, Log(lines.append, lambda: NOW), pauses.append).run(message)
    return code, pauses, [json.loads(line) for line in lines]


def test_a_command_that_is_done_ends_the_task_with_success() -> None:
    jobs = Jobs()
    code, pauses, lines = run(jobs)
    assert (code, pauses) == (DONE, [])
    assert [command.run for command in jobs.asked] == [Run.DAILY]
    assert lines[-1]["step"] == "finished"


@pytest.mark.parametrize("failures", [1, 2])
def test_what_failed_is_tried_again_for_nobody_else_does(failures: int) -> None:
    jobs = Jobs([RunUnfinished("no time", {}), CostError("the cloud is away")][:failures])
    code, pauses, lines = run(jobs)
    assert (code, pauses) == (DONE, list(PAUSES[:failures]))
    assert [line["attempt"] for line in lines if line["step"] == "failed"] == [1, 2][:failures]


def test_a_task_gives_up_after_its_last_attempt() -> None:
    code, pauses, _ = run(Jobs([CostError("away")] * 3))
    assert (code, pauses) == (FAILED, list(PAUSES))


@pytest.mark.parametrize(
    ("message", "failures"),
    [('{"run": "dance"}', []), ("{", []), (DAILY, [CommandRefused("not mine")])],
)
def test_what_is_wrong_is_not_tried_again(message: str, failures: Sequence[CostError]) -> None:
    code, pauses, lines = run(Jobs(list(failures)), message)
    assert (code, pauses) == (WRONG, [])
    assert lines[-1]["step"] == "refused"


def test_the_environment_says_which_collector_it_is() -> None:
    own, _ = jobs_of(of_function_app())
    assert own.job == "azure-native"
    hubs, _ = jobs_of(of_job(Cloud.AWS))
    assert (hubs.cloud, hubs.job) == (Cloud.AWS, of_job(Cloud.AWS)["COST_JOB"])
    with pytest.raises(SettingsError, match="COST_REDSHIFT_ROLE"):
        jobs_of({"COST_REDSHIFT_WORKGROUP": "ai-cost"})


def test_a_task_reads_as_many_parts_at_once_as_it_is_told_or_has_cores() -> None:
    assert room_of({"COST_WORKERS": " 4 "}) == Room.of_workers(4)
    assert room_of({}) == Room.of_workers(min(os.cpu_count() or 1, 64))
    _, jobs = jobs_of(of_function_app() | {"COST_WORKERS": "3"})
    assert isinstance(jobs, RuntimeJobs)
    assert jobs.room == Room.of_workers(3)


@pytest.mark.parametrize("found", ["0", "-1", "65", "many", "1.5", "²"])
def test_a_number_of_workers_that_is_none_is_told_with_what_is_allowed(found: str) -> None:
    with pytest.raises(SettingsError, match=r"COST_WORKERS is '.+': allowed is a number from 1"):
        jobs_of(of_function_app() | {"COST_WORKERS": found})


def test_no_function_reads_more_at_once_than_its_memory_holds() -> None:
    hubs = RuntimeSettings.from_environment(of_job(Cloud.AWS))
    assert RuntimeJobs(hubs).room == FUNCTION
    assert (FUNCTION.memory_mb, FUNCTION.csv_parts, FUNCTION.typed_parts) == (200, 2, 1)


@pytest.fixture
def image(root: Path) -> str:
    return (root / "Dockerfile").read_text(encoding="utf-8")


def test_the_command_of_the_image_names_the_mistakes_of_its_environment(
    root: Path, image: str
) -> None:
    """Run as the container runs it, by the words that stand in the image."""
    words = json.loads(re.findall(r"^ENTRYPOINT (\[.*\])$", image, re.MULTILINE)[-1])
    assert words[0] == "python"
    ended = subprocess.run(
        [sys.executable, *words[1:], DAILY],
        cwd=root,
        env={"PATH": os.environ["PATH"], "COST_REDSHIFT_WORKGROUP": "ai-cost"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (WRONG, "")
    (line,) = ended.stdout.splitlines()
    said = json.loads(line)
    assert said["severity"] == "ERROR"
    assert "COST_REDSHIFT_ROLE is not set" in said["message"]


def test_the_image_is_nobodys_and_holds_the_locked_packages_and_the_collector_alone(
    root: Path, image: str
) -> None:
    assert re.findall(r"^USER (.+)$", image, re.MULTILINE) == ["65532:65532"]
    assert "--require-hashes" in image
    assert "--only-binary=:all:" in image
    copied = re.findall(r"^COPY (?:--from=\w+ )?(\S+)", image, re.MULTILINE)
    assert copied == ["locks/${LOCK}.txt", "/packages", "handlers"]
    assert not re.search(r"^ADD |SECRET|TOKEN|PASSWORD|KEY=", image, re.MULTILINE)
    ignored = (root / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in ignored if line.startswith("!")] == ["!handlers", "!locks"]
    assert ignored.index("*") < ignored.index("!handlers")
    assert find_spec("handlers.runtimes.task") is not None
