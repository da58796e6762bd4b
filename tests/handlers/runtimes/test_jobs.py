import json
from datetime import UTC, datetime

import pytest

from handlers.errors import WarehouseError
from handlers.messages import Command, Run, parse
from handlers.record import Cloud
from handlers.runtimes.jobs import (
    HUB_TASKS,
    RUN_SECONDS,
    RUNNERS,
    CommandRefused,
    Job,
    Outcome,
    Report,
    RunFailed,
    RuntimeJobs,
)
from handlers.runtimes.log import Log, Severity
from handlers.settings import RuntimeSettings
from infra.gcp.collector import TIMEOUT_SECONDS
from tests.handlers.environments import of_job

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def jobs_of(cloud: Cloud | None, scopes: list[dict[str, str]] | None = None) -> RuntimeJobs:
    return RuntimeJobs(RuntimeSettings.from_environment(of_job(cloud, scopes)))


def log_into(lines: list[str]) -> Log:
    return Log(lines.append, lambda: NOW)


@pytest.mark.parametrize("message", [{"run": "daily"}, {"run": "collect", "cloud": "aws"}])
def test_without_a_scope_there_is_no_data(message: dict[str, object]) -> None:
    report = jobs_of(Cloud.AWS, []).run(parse(message), log_into([]))
    assert report.outcome is Outcome.NO_DATA
    assert "No scope of AWS" in report.message


@pytest.mark.parametrize("run", [run for run in Run if run not in RUNNERS])
def test_a_command_without_code_is_refused_not_taken_as_done(run: Run) -> None:
    with pytest.raises(CommandRefused, match=f"can't run '{run}': it runs daily, collect"):
        jobs_of(Cloud.GCP).run(parse({"run": run.value}), log_into([]))


def test_a_message_for_another_clouds_job_is_refused() -> None:
    with pytest.raises(CommandRefused, match="aws-daily-etl is for AWS"):
        jobs_of(Cloud.AWS).run(parse({"run": "collect", "cloud": "gcp"}), log_into([]))


def test_the_hubs_job_collects_no_clouds_bills() -> None:
    with pytest.raises(CommandRefused, match="hub-daily collects no cloud's bills"):
        jobs_of(None).run(parse({"run": "collect", "cloud": "gcp"}), log_into([]))


def test_a_log_line_is_one_line_with_the_names_that_cloud_logging_reads() -> None:
    lines: list[str] = []
    log = log_into(lines).bound(job="aws-daily-etl", cloud=Cloud.AWS, load_id=None)
    log.traced("hub-project", "105445aa7843bc8bf206b12000100000/1;o=1").line(
        Severity.ERROR, "two\nlines", load_id="aws-1"
    )
    assert len(lines) == 1
    assert "\n" not in lines[0]
    assert json.loads(lines[0]) == {
        "severity": "ERROR",
        "message": "two\nlines",
        "time": "2026-11-24T03:00:00+00:00",
        "job": "aws-daily-etl",
        "cloud": "AWS",
        "load_id": "aws-1",
        "logging.googleapis.com/trace": (
            "projects/hub-project/traces/105445aa7843bc8bf206b12000100000"
        ),
    }


def refuse(_command: Command, _job: Job) -> Report:
    raise WarehouseError("the hub is away")


def test_of_the_hubs_daily_tasks_one_that_fails_keeps_no_other_from_being_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def done(_command: Command, job: Job) -> Report:
        return Report(Outcome.DONE, f"for {job.settings.job}")

    tasks = [("anomalies", refuse), ("alerts", done)]
    monkeypatch.setattr("handlers.runtimes.jobs.HUB_TASKS", tasks)
    with pytest.raises(RunFailed, match="anomalies: the hub is away") as caught:
        jobs_of(None).run(parse({"run": "daily"}), log_into([]))
    assert caught.value.details == {"done": ["alerts: for hub-daily"]}
    monkeypatch.setattr("handlers.runtimes.jobs.HUB_TASKS", tasks[1:])
    report = jobs_of(None).run(parse({"run": "daily"}), log_into([]))
    assert (report.outcome, report.message) == (Outcome.DONE, "alerts: for hub-daily")


def test_the_hubs_daily_work_asks_alerts_after_what_they_read_and_shares_last() -> None:
    names = [name for name, _ in HUB_TASKS]
    assert names == ["invoices", "parity", "anomalies", "alerts", "shares"]


@pytest.mark.parametrize(
    ("run", "said"), [("alerts", "evaluates no alerts"), ("parity", "compares no paths")]
)
def test_only_the_hubs_job_sees_all_clouds(run: str, said: str) -> None:
    with pytest.raises(CommandRefused, match=f"aws-daily-etl {said}: the hub's own job does"):
        jobs_of(Cloud.AWS).run(parse({"run": run}), log_into([]))


def test_a_run_may_take_as_long_as_the_function_is_given() -> None:
    assert RUN_SECONDS == TIMEOUT_SECONDS
