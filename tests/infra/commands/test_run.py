"""``infra run``: what is sent to which job, and when following ends, against faked Google APIs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.commands import run as command
from infra.jobs.following import question
from tests.fakes.google_apis import CLIENT_SECRET, REFRESH_TOKEN, TOKEN, Dataset
from tests.infra.operator import PAYER, PROJECT, Operator, operator

JOBS = {"AWS": "aws-daily-etl", "Azure": "azure-daily-etl", "GCP": "gcp-daily-etl"}
BEGIN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass
class Functions:
    """The jobs' side: what they write to ledger and log, so many looks after a message came."""

    operator: Operator
    now: datetime = BEGIN
    after: int = 2
    """Pauses between a message and its end."""
    outcome: str = "loaded"
    step: str = "finished"
    status: str = "loaded"
    loads: int = 1
    pending: list[tuple[datetime, str, str]] = field(
        default_factory=list[tuple[datetime, str, str]]
    )
    ledger: list[tuple[str, Mapping[str, str | None]]] = field(
        default_factory=list[tuple[str, Mapping[str, str | None]]]
    )

    def take(self, topic: str, said: Mapping[str, object], number: str) -> None:
        del said
        self.pending.append((self.now + self.after * timedelta(seconds=5), topic, number))

    def clock(self) -> datetime:
        return self.now

    def pause(self, length: timedelta) -> None:
        self.now += length
        for due in [one for one in self.pending if one[0] <= self.now]:
            self.pending.remove(due)
            self.end(due[1], due[2])

    def end(self, topic: str, number: str) -> None:
        cloud = next((cloud for cloud, job in JOBS.items() if job == topic), None)
        for load in range(self.loads if cloud else 0):
            row = {
                "load_id": f"L{number}{load}",
                "cloud_provider": cloud,
                "scope": PAYER,
                "period": f"2026-{11 - load:02}",
                "status": self.status,
                "loaded_rows": "1234",
                "cost_usd": "99.95",
                "error": None if self.status == "loaded" else "it would shrink by 60 %",
            }
            self.ledger.append((self.now.isoformat(), row))
        payload: dict[str, object] = {
            "message_id": number,
            "job": topic,
            "step": self.step,
            "message": "that is why",
        }
        if self.step == "finished":
            payload["outcome"] = self.outcome if cloud else "no_data"
        self.write(payload)

    def write(self, payload: Mapping[str, object]) -> None:
        log = self.operator.google.log
        at = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        log.append({"timestamp": at, "insertId": f"line-{len(log)}", "jsonPayload": payload})

    def answer(self, sql: str, values: Mapping[str, str]) -> list[Mapping[str, str | None]]:
        if sql == question("clock"):
            assert values == {}
            return [{"now": f"{self.now:%Y-%m-%dT%H:%M:%SZ}", "loads": str(len(self.ledger))}]
        assert sql == question("since")
        since = datetime.fromisoformat(values["since"].replace("Z", "+00:00"))
        return [
            row
            for at, row in self.ledger
            if (row["cloud_provider"], "hub") == (values["cloud"], values["warehouse"])
            and datetime.fromisoformat(at) >= since
        ]


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Operator]:
    with operator(tmp_path) as someone:
        someone.google.datasets[f"{PROJECT}.multi_cloud_costs"] = Dataset("US")
        someone.google.topics = {*JOBS.values(), "hub-daily"}
        yield someone


@pytest.fixture
def jobs(person: Operator, monkeypatch: pytest.MonkeyPatch) -> Functions:
    functions = Functions(person)
    person.google.asked = functions.answer
    person.google.published = functions.take
    monkeypatch.setattr(command, "now", functions.clock)
    monkeypatch.setattr(command, "pause", functions.pause)
    return functions


def test_a_collect_is_sent_to_its_clouds_job_and_followed_to_the_loads(
    person: Operator, jobs: Functions
) -> None:
    jobs.loads = 2
    answer = person.call("run", "collect", "--cloud", "aws", "--period", "2026-10..2026-11")

    assert answer.exit_code == 0, answer.output
    said = {"run": "collect", "cloud": "aws", "period": ["2026-10..2026-11"]}
    assert person.google.messages == [("aws-daily-etl", said)]
    assert f"{PAYER} 2026-11 loaded, 1,234 rows, 99.95 USD" in answer.output
    assert f"{PAYER} 2026-10 loaded" in answer.output
    assert jobs.now - BEGIN == timedelta(seconds=10)


def test_a_day_is_sent_to_every_cloud_and_to_the_hub_once_they_have_ended(
    person: Operator, jobs: Functions
) -> None:
    answer = person.call("run", "daily")

    assert answer.exit_code == 0, answer.output
    sent = [topic for topic, _ in person.google.messages]
    assert sent == ["aws-daily-etl", "azure-daily-etl", "gcp-daily-etl", "hub-daily"]
    lines = answer.output.splitlines()
    hub_sent = lines.index("hub-daily: sent as message 9004")
    assert all(f"{job}: loaded: that is why" in lines[:hub_sent] for job in JOBS.values())
    assert jobs.pending == []


def test_what_was_loaded_before_the_message_is_not_taken_for_its_load(
    person: Operator, jobs: Functions
) -> None:
    jobs.end("aws-daily-etl", "1")
    jobs.now += timedelta(hours=1)
    jobs.loads, jobs.outcome = 0, "unchanged"
    answer = person.call("run", "collect", "--cloud", "aws")

    assert answer.exit_code == 0
    assert "1,234 rows" not in answer.output
    assert "unchanged: that is why" in answer.output


def test_a_cloud_without_a_bill_yet_says_what_is_awaited(person: Operator, jobs: Functions) -> None:
    jobs.loads, jobs.outcome = 0, "no_data"
    answer = person.call("run", "collect", "--cloud", "aws")

    assert answer.exit_code == 0
    assert "up to 24 hours" in answer.output


@pytest.mark.parametrize("step", ["failed", "refused"])
def test_a_command_that_fails_ends_with_its_reason_and_exit_code_1(
    person: Operator, jobs: Functions, step: str
) -> None:
    jobs.step, jobs.loads = step, 0
    answer = person.call("run", "collect", "--cloud", "azure")

    assert answer.exit_code == 1
    assert f"azure-daily-etl: {step}: that is why" in answer.output


def test_each_job_ends_by_its_own_message(person: Operator, jobs: Functions) -> None:
    for number, job in enumerate(JOBS.values(), start=9001):
        said = {"message_id": str(number), "job": job, "message": "as asked"}
        fails = job == "azure-daily-etl"
        end = {"step": "failed"} if fails else {"step": "finished", "outcome": "unchanged"}
        jobs.write({**said, **end})
    answer = person.call("run", "collect")

    assert answer.exit_code == 1
    assert "aws-daily-etl: unchanged: as asked" in answer.output
    assert "azure-daily-etl: failed: as asked" in answer.output
    assert "aws-daily-etl: failed" not in answer.output
    assert "azure-daily-etl: unchanged" not in answer.output


def test_what_a_job_does_meanwhile_is_told_once(person: Operator, jobs: Functions) -> None:
    jobs.after = 4
    for step, message in (
        ("found", "2 bills are looked at"),
        ("charged", "BigQuery: history: 10485760 bytes billed"),
        ("later-word", "half of it"),
    ):
        jobs.write({"message_id": "9001", "job": "aws-daily-etl", "step": step, "message": message})
    answer = person.call("run", "collect", "--cloud", "aws")

    assert answer.output.count("aws-daily-etl: found: 2 bills are looked at") == 1
    assert answer.output.count("aws-daily-etl: later-word: half of it") == 1
    assert "bytes billed" not in answer.output


def test_a_job_whose_time_was_up_is_followed_into_its_next_attempt(
    person: Operator, jobs: Functions
) -> None:
    jobs.after = 30
    said = {"message_id": "9001", "job": "aws-daily-etl", "message": "3 of 5 bills are done"}
    jobs.write({**said, "step": "failed", "status": 503})
    answer = person.call("run", "collect", "--cloud", "aws")

    assert answer.exit_code == 0
    assert "failed: 3 of 5 bills are done" in answer.output
    assert "loaded: that is why" in answer.output


def test_a_load_that_is_held_asks_for_a_decision(person: Operator, jobs: Functions) -> None:
    jobs.status, jobs.outcome = "held", "held"
    answer = person.call("run", "collect", "--cloud", "gcp")

    assert answer.exit_code == 1
    assert "2026-11 held" in answer.output
    assert "--cloud gcp --accept LOAD" in answer.output


def test_following_ends_at_the_deadline(person: Operator, jobs: Functions) -> None:
    jobs.after = 10_000
    answer = person.call("run", "collect", "--cloud", "aws", "--deadline", "3")

    assert answer.exit_code == 1
    assert "python -m infra status" in answer.output
    assert jobs.now - BEGIN == timedelta(minutes=3)


def test_nothing_is_followed_without_time(person: Operator, jobs: Functions) -> None:
    answer = person.call("run", "collect", "--cloud", "aws", "--deadline", "0")

    assert answer.exit_code == 0
    assert len(person.google.messages) == 1
    assert jobs.now == BEGIN


def test_without_the_log_the_ledger_is_followed_until_it_is_quiet(
    person: Operator, jobs: Functions
) -> None:
    person.google.refused = {"logging"}
    answer = person.call("run", "collect", "--cloud", "aws")

    assert answer.exit_code == 0
    assert "roles/logging.viewer" in answer.output
    assert "2026-11 loaded" in answer.output
    assert timedelta(seconds=90) <= jobs.now - BEGIN <= timedelta(minutes=3)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["collect", "--period", "2026-13"], "a month as 2026-01"),
        (["daily", "--period", "2026-11"], "'daily' has no option 'period'"),
        (["share", "--reclassify"], "'share' has no option 'reclassify'"),
        (["collect", "--accept", "L1", "--cloud", "aws"], "'by' and 'reason' are missing"),
        (["collect", "--accept", "L1", "--by", "me", "--reason", "ok"], "--cloud"),
    ],
)
def test_what_the_function_would_refuse_is_not_sent(
    person: Operator, jobs: Functions, words: list[str], says: str
) -> None:
    answer = person.call("run", *words)

    assert answer.exit_code == 1
    assert says in answer.stderr
    assert person.google.messages == []
    assert jobs.pending == []


def test_a_cloud_that_is_not_read_is_refused(person: Operator) -> None:
    person.config["clouds"] = ["gcp"]
    answer = person.call("run", "collect", "--cloud", "aws")

    assert answer.exit_code == 1
    assert "Allowed: gcp" in answer.stderr


def test_before_the_first_up_the_missing_dataset_is_told_and_nothing_sent(
    person: Operator, jobs: Functions
) -> None:
    person.google.datasets.clear()
    answer = person.call("run", "collect", "--cloud", "aws")

    assert answer.exit_code == 1
    assert "Not found: Dataset acme-costs.multi_cloud_costs" in answer.stderr
    assert "pulumi up" in answer.stderr
    assert jobs.pending == []


def test_a_topic_that_is_not_there_is_told(person: Operator, jobs: Functions) -> None:
    person.google.topics = {"hub-daily"}
    answer = person.call("run", "collect", "--cloud", "aws")

    assert answer.exit_code == 1
    assert "aws-daily-etl" in answer.stderr
    assert "pulumi up" in answer.stderr
    assert jobs.pending == []


def test_an_expired_login_is_told(person: Operator) -> None:
    person.google.expired = True
    answer = person.call("run", "collect", "--cloud", "aws")

    assert answer.exit_code == 1
    assert "invalid_grant" in answer.stderr


def test_no_secret_is_shown(person: Operator, jobs: Functions) -> None:
    del jobs
    answer = person.call("run", "collect", "--cloud", "aws")

    for secret in (TOKEN, REFRESH_TOKEN, CLIENT_SECRET):
        assert secret not in answer.output


def test_an_example_is_not_taken_for_a_project(person: Operator) -> None:
    del person.config["gcp_project"]
    answer = person.call("run", "daily")

    assert answer.exit_code == 1
    assert "gcp_project is not set" in answer.stderr
