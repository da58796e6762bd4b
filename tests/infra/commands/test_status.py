"""``infra status``: each job's last run and loads, its next run, what is awaited."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.jobs.following import question
from tests.fakes.google_apis import Dataset
from tests.infra.operator import PAYER, PROJECT, Operator, operator

LOADED = {
    "load_id": "L1",
    "warehouse": "hub",
    "cloud_provider": "AWS",
    "scope": PAYER,
    "period": "2026-11",
    "status": "loaded",
    "finished": "2026-11-24 03:02",
    "loaded_rows": "12345",
    "cost_usd": "1034.5",
    "data_through": "2026-11-22",
    "error": None,
}


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Operator]:
    with operator(tmp_path) as someone:
        someone.google.datasets[f"{PROJECT}.multi_cloud_costs"] = Dataset("US")
        yield someone


def ledger(person: Operator, *rows: Mapping[str, str | None]) -> None:
    def asked(sql: str, values: Mapping[str, str]) -> list[Mapping[str, str | None]]:
        assert (sql, values) == (question("last"), {})
        return list(rows)

    person.google.asked = asked


def parts(output: str) -> dict[str, list[str]]:
    """What is said of each job."""
    found: dict[str, list[str]] = {}
    job = ""
    for line in output.splitlines():
        if not line.startswith(" "):
            job = line.partition(" ")[0]
        found.setdefault(job, []).append(line.strip())
    return found


def test_before_any_load_each_job_says_what_it_waits_for(person: Operator) -> None:
    ledger(person)
    answer = person.call("status")

    assert answer.exit_code == 0, answer.output
    jobs = parts(answer.output)
    assert list(jobs) == ["aws-daily-etl", "azure-daily-etl", "gcp-daily-etl", "hub-daily"]
    assert "up to 24 hours" in "".join(jobs["aws-daily-etl"])
    assert "Run now" in "".join(jobs["azure-daily-etl"])
    assert "up to 48 hours" in "".join(jobs["gcp-daily-etl"])
    assert "awaited" not in "".join(jobs["hub-daily"])


def test_a_load_is_told_with_its_rows_cost_and_completeness(person: Operator) -> None:
    ledger(person, LOADED)
    mine = parts(person.call("status").output)["aws-daily-etl"]

    assert (
        f"last load  2026-11-24 03:02 UTC  loaded  {PAYER}  2026-11  12,345 rows  1034.5 USD"
        "  complete through 2026-11-22"
    ) in mine
    assert not any(line.startswith("awaited") for line in mine)


def test_a_held_load_comes_with_the_command_that_decides(person: Operator) -> None:
    held = {**LOADED, "load_id": "L2", "status": "held", "error": "it would shrink by 60 %"}
    ledger(person, LOADED, held)
    mine = "\n".join(parts(person.call("status").output)["aws-daily-etl"])

    assert "it would shrink by 60 %" in mine
    assert "--cloud aws --accept L2 --by WHO --reason WHY" in mine


def test_the_last_run_is_the_newest_end_in_the_log(person: Operator) -> None:
    ledger(person)
    now = datetime.now(UTC)
    for hours, step, outcome in (
        (3, "finished", "no_data"),
        (1, "failed", None),
        (2, "started", None),
    ):
        said = {"job": "aws-daily-etl", "step": step, "message": f"{hours} hours ago"}
        at = f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        payload = {**said, "outcome": outcome} if outcome else said
        person.google.log.append({"timestamp": at, "jsonPayload": payload})
    jobs = parts(person.call("status").output)

    assert jobs["aws-daily-etl"][1].endswith("UTC  failed: 1 hours ago")
    assert jobs["hub-daily"][1] == "last run   none in the last 7 days"


def test_without_the_log_the_rest_is_shown(person: Operator) -> None:
    ledger(person, LOADED)
    person.google.refused = {"logging"}
    answer = person.call("status")

    assert answer.exit_code == 0
    mine = parts(answer.output)["aws-daily-etl"]
    assert "roles/logging.viewer" in mine[1]
    assert any("12,345 rows" in line for line in mine)


def test_the_next_run_follows_from_the_configured_schedule(person: Operator) -> None:
    ledger(person)
    person.config["aws_schedule"] = "30 3 * * *"
    [line] = [
        line
        for line in parts(person.call("status").output)["aws-daily-etl"]
        if line.startswith("next run")
    ]
    found = datetime.fromisoformat(line[len("next run") :].strip().replace(" UTC", "+00:00"))
    ahead = found - datetime.now(UTC)
    assert (found.hour, found.minute) == (3, 30)
    assert timedelta(minutes=-1) < ahead <= timedelta(days=1)


def test_a_cloud_that_is_not_read_has_no_job(person: Operator) -> None:
    person.config["clouds"] = ["gcp"]
    ledger(person)

    assert list(parts(person.call("status").output)) == ["gcp-daily-etl", "hub-daily"]
