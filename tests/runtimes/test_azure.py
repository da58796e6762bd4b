"""The Function App in Microsoft's worker library: what the host finds, and what it is told."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.errors import WarehouseError
from handlers.messages import LARGEST, Command
from handlers.runtimes.jobs import RUN_SECONDS, Outcome, Report, RunFailed, RunUnfinished
from handlers.runtimes.log import Log
from tests.handlers.native_environments import of_function_app

pytest.importorskip("azure_functions_runtime")

from handlers.runtimes.azure import Consumer
from tests.runtimes.azure_worker import Worker

pytestmark = pytest.mark.runtime

DAILY = '{"run": "daily"}'
Start = Callable[..., Worker]


@pytest.fixture
def start(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Starts the worker with the file that the bundle has as function_app.py."""
    shutil.copy(root / "handlers" / "runtimes" / "azure_main.py", tmp_path / "function_app.py")
    Worker.looked_for_in(monkeypatch, tmp_path)

    def started(**other: str) -> Worker:
        for name, value in {**of_function_app([]), **other}.items():
            monkeypatch.setenv(name, value)
        return Worker.started(tmp_path)

    return started


@dataclass(frozen=True)
class Does:
    """Jobs that do as told."""

    result: Report | Exception

    def run(self, command: Command, log: Log) -> Report:
        del command, log
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def taken(result: Report | Exception, message: bytes = DAILY.encode()) -> list[dict[str, object]]:
    """The log's lines of one message; what is raised is the host's to see."""
    lines: list[str] = []
    consumer = Consumer(Does(result), Log(lines.append, lambda: datetime.now(UTC)))
    if isinstance(result, Exception):
        with pytest.raises(type(result)):
            consumer.take(message, "2070443601311540", 3)
    else:
        consumer.take(message, "2070443601311540", 3)
    return [json.loads(line) for line in lines]


def test_the_host_finds_a_timer_at_four_and_a_queue_that_it_reads_by_identity(
    start: Start,
) -> None:
    worker = start()
    queue = {"queueName": "%COST_COMMANDS_QUEUE%", "connection": "COST_COMMANDS"}
    timer, sent = sorted(worker.bindings["daily"], key=lambda each: each["direction"])
    assert (timer["type"], timer["schedule"]) == ("timerTrigger", "0 0 4 * * *")
    assert {**sent, **queue, "type": "queue"} == sent
    (taken,) = worker.bindings["command"]
    assert {**taken, **queue, "type": "queueTrigger"} == taken
    environment = of_function_app()
    assert environment["COST_COMMANDS__credential"] == "managedidentity"
    assert "AccountKey" not in json.dumps(environment)


def test_the_timer_sends_the_daily_command_into_the_queue(start: Start) -> None:
    answer = start().timer("daily")
    assert (answer.error, answer.sent) == ("", {"commands": DAILY})


@pytest.mark.parametrize(
    ("message", "part"),
    [
        ('{"run": "drop"}', "'run' is 'drop'"),
        ('{"run": "alerts"}', "can't run 'alerts'"),
        ('{"run": "collect", "cloud": "aws"}', "is for Azure"),
        ("not json", "not JSON"),
        ('{"run": "daily", "period": "2026-01"}', "no option"),
        (json.dumps({"run": "daily", "x": "y" * LARGEST}), "bytes: allowed are"),
    ],
)
def test_a_poison_message_fails_each_attempt_so_that_it_reaches_the_poison_queue(
    start: Start, caplog: pytest.LogCaptureFixture, message: str, part: str
) -> None:
    answer = start().queue("command", message, attempt=5)
    assert part in answer.error
    (line,) = [record for record in caplog.records if record.name == "handlers"]
    said = json.loads(line.getMessage())
    assert (line.levelname, said["severity"], said["step"]) == ("ERROR", "ERROR", "refused")
    assert (said["job"], said["cloud"], said["attempt"]) == ("azure-native", "Azure", 5)


def test_a_job_without_scopes_says_so_and_succeeds(
    start: Start, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*_: object) -> dict[str, object]:
        return {}

    monkeypatch.setattr("handlers.runtimes.publishing.publish", told)
    caplog.set_level("INFO", logger="handlers")
    assert start().queue("command", DAILY).error == ""
    steps = [json.loads(r.getMessage()) for r in caplog.records if r.name == "handlers"]
    assert [each["step"] for each in steps] == ["started", "finished"]
    assert steps[-1]["outcome"] == "no_data"


def test_mistakes_in_the_environment_leave_the_host_without_a_function(start: Start) -> None:
    with pytest.raises(RuntimeError, match="COST_ARCHIVE is 'nowhere'"):
        start(COST_ARCHIVE="nowhere")


def test_each_step_is_one_line_with_the_message_and_the_attempt() -> None:
    lines = taken(Report(Outcome.LOADED, "3 bills", {"loaded": 3}))
    assert [line["step"] for line in lines] == ["started", "finished"]
    assert (lines[-1]["outcome"], lines[-1]["loaded"]) == ("loaded", 3)
    assert {(line["message_id"], line["attempt"], line["run"]) for line in lines} == {
        ("2070443601311540", 3, "daily")
    }


@pytest.mark.parametrize(
    ("error", "severity"),
    [
        (WarehouseError("locked"), "ERROR"),
        (RunFailed("1 failed", {"failed": 1}), "ERROR"),
        (RunUnfinished("the time was up", {"left": 2}), "WARNING"),
        (ZeroDivisionError("ours"), "CRITICAL"),
    ],
    ids=["warehouse", "part", "time", "defect"],
)
def test_what_fails_is_raised_so_that_the_host_gives_the_message_back(
    error: Exception, severity: str
) -> None:
    last = taken(error)[-1]
    assert (last["severity"], last["step"]) == (severity, "failed")


def test_a_run_ends_before_the_host_ends_it_and_a_message_comes_back_later(root: Path) -> None:
    host = json.loads((root / "handlers" / "runtimes" / "azure_host.json").read_text())
    hours, minutes, seconds = map(int, host["functionTimeout"].split(":"))
    assert hours * 3600 + minutes * 60 + seconds >= RUN_SECONDS + 60
    queues = host["extensions"]["queues"]
    assert (queues["batchSize"], queues["newBatchThreshold"]) == (1, 0)
    assert queues["maxDequeueCount"] == 5
    assert queues["messageEncoding"] == "none"
