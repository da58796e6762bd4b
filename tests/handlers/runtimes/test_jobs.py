import json
from datetime import UTC, datetime

import pytest

from handlers.messages import Run, parse
from handlers.record import Cloud
from handlers.runtimes.jobs import CommandRefused, Outcome, RuntimeJobs
from handlers.runtimes.log import Log, Severity
from handlers.settings import RuntimeSettings
from tests.handlers.environments import SCOPES, of_job

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


def test_scopes_that_nothing_can_read_yet_are_said_to_be_unread_and_warned_of() -> None:
    lines: list[str] = []
    report = jobs_of(Cloud.AWS).run(parse({"run": "daily"}), log_into(lines))
    assert report.outcome is Outcome.NO_DATA
    assert "Nothing was read of 1 AWS scopes" in report.message
    assert [json.loads(line)["severity"] for line in lines] == ["WARNING"]


@pytest.mark.parametrize("run", [run for run in Run if run not in (Run.DAILY, Run.COLLECT)])
def test_a_command_without_code_is_refused_not_taken_as_done(run: Run) -> None:
    with pytest.raises(CommandRefused, match=f"can't run '{run}': it runs daily, collect"):
        jobs_of(Cloud.GCP).run(parse({"run": run.value}), log_into([]))


@pytest.mark.parametrize(
    "message",
    [
        {"run": "collect", "from_archive": True},
        {"run": "collect", "accept": "aws-1", "by": "Ada", "reason": "yes"},
    ],
)
def test_an_option_that_nothing_carries_out_yet_is_refused(message: dict[str, object]) -> None:
    with pytest.raises(CommandRefused, match="nothing was changed"):
        jobs_of(Cloud.AWS, [SCOPES[Cloud.AWS]]).run(parse(message), log_into([]))


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
