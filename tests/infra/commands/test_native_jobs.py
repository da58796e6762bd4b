"""``infra run`` and ``status`` in phase 2: the clouds' own collectors, by their own services."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from handlers.runtimes import azure
from infra.commands import run as command
from infra.commands import status as status_command
from infra.jobs.following import question
from infra.jobs.native import Natives
from infra.jobs.targets import AZURE_NATIVE_SCHEDULE
from tests.fakes.azure_manager import azure_manager
from tests.fakes.google_apis import Dataset
from tests.fakes.json_server import Answer, Request, json_server
from tests.infra.operator import ACCESS_KEY_SECRET, PAYER, PROJECT, SUBSCRIPTION, Operator, operator

LAMBDA, APP = "aws-native-etl", "azure-native-etl"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MESSAGE_ID = "5974b586-0df3-4e2d-ad0c-18e3892bfca2"


@dataclass
class Services:
    """Lambda, CloudWatch's log, the queue of commands and Application Insights."""

    taken: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])
    said: list[Mapping[str, object]] = field(default_factory=list[Mapping[str, object]])
    """What the collectors write, once a message has come."""
    asked: list[str] = field(default_factory=list[str])
    log_status: int = 200

    def aws(self, request: Request) -> Answer:
        if "/functions/" in request.path:
            self.taken.append(("lambda", dict(request.body)))
            return Answer(202, "", {"x-amzn-RequestId": "call-1"})
        if not request.headers.get("x-amz-target", "").endswith("FilterLogEvents"):
            return Answer(404, {"__type": "UnknownOperationException"})
        if self.log_status != 200:
            return Answer(400, {"__type": "AccessDeniedException", "message": "no"})
        self.asked.append(str(request.body["filterPattern"]))
        assert request.body["logGroupName"] == f"/aws/lambda/{LAMBDA}"
        at = int((NOW + timedelta(seconds=3)).timestamp() * 1000)
        lines = ["INIT_START Runtime Version: python:3.13", *map(json.dumps, self.said)]
        events = [
            {"eventId": str(number), "timestamp": at, "message": line}
            for number, line in enumerate(lines)
        ]
        # A page without events comes before the last one, as CloudWatch does.
        if "nextToken" not in request.body:
            return Answer(200, {"events": [], "nextToken": "2"})
        return Answer(200, {"events": events})

    def queue(self, request: Request) -> Answer:
        self.taken.append(("queue", request.path))
        return Answer(
            201,
            f"<QueueMessagesList><QueueMessage><MessageId>{MESSAGE_ID}</MessageId></QueueMessage>"
            "</QueueMessagesList>",
        )

    def insights(self, request: Request) -> Answer | None:
        if not request.path.endswith("/query"):
            return None
        assert f"/subscriptions/{SUBSCRIPTION}/" in request.path
        assert request.query == {"api-version": "2018-04-20"}
        self.asked.append(str(request.body["query"]))
        rows = [["2026-11-24T09:00:03Z", "1", json.dumps(line)] for line in self.said]
        return Answer(200, {"tables": [{"name": "PrimaryResult", "rows": rows}]})


def no_pause(length: timedelta) -> None:
    del length


def answers(person: Operator, *rows: Mapping[str, str | None]) -> None:
    def asked(sql: str, values: Mapping[str, str]) -> list[Mapping[str, str | None]]:
        del sql, values
        return list(rows)

    person.google.asked = asked


@pytest.fixture
def services(person: Operator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    found = Services()
    with ExitStack() as stack:
        aws = stack.enter_context(json_server(found.aws))
        queues = stack.enter_context(json_server(found.queue))
        person.address["azure"] = stack.enter_context(azure_manager(person.azure, found.insights))
        person.environment |= {
            "AWS_ENDPOINT_URL_LAMBDA": aws,
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": aws,
            "AWS_ACCESS_KEY_ID": "fakeaccess",
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY_SECRET,
        }
        for module in (command, status_command):
            monkeypatch.setattr(module, "Natives", partial(Natives, queues=queues))
        monkeypatch.setattr(command, "now", lambda: NOW)
        monkeypatch.setattr(command, "pause", no_pause)
        yield found


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Operator]:
    with operator(tmp_path) as someone:
        someone.google.datasets[f"{PROJECT}.multi_cloud_costs"] = Dataset("US")
        someone.google.topics = {"aws-daily-etl", "azure-daily-etl", "gcp-daily-etl", "hub-daily"}
        someone.config |= {"phase": 2, "dual_run": True}
        someone.google.asked = lambda sql, _: (
            [{"now": f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "loads": "0"}] if sql == question("clock") else []
        )
        yield someone


def test_the_lambda_is_sent_its_message_and_followed_in_its_own_log(
    person: Operator, services: Services
) -> None:
    services.said = [
        {"request_id": "another", "step": "failed", "message": "not this one"},
        {"request_id": "call-1", "step": "found", "message": "2 bills are looked at"},
        {"request_id": "call-1", "step": "finished", "outcome": "unchanged", "message": "all same"},
    ]
    answer = person.call("run", "collect", "--cloud", "aws", "--path", "native")

    assert answer.exit_code == 0, answer.output
    assert services.taken == [("lambda", {"run": "collect", "cloud": "aws"})]
    assert person.google.messages == []
    assert f"{LAMBDA}: sent as message call-1" in answer.output
    assert f"{LAMBDA}: found: 2 bills are looked at" in answer.output
    assert f"{LAMBDA}: unchanged: all same" in answer.output
    assert "not this one" not in answer.output
    assert services.asked[-1] == '{ $.request_id = "call-1" }'


def test_the_function_app_is_sent_its_message_and_followed_in_application_insights(
    person: Operator, services: Services
) -> None:
    services.said = [{"message_id": MESSAGE_ID, "step": "failed", "message": "no such server"}]
    answer = person.call("run", "collect", "--cloud", "azure", "--path", "native")

    assert answer.exit_code == 1
    assert services.taken == [("queue", "/commands/messages")]
    assert f"{APP}: failed: no such server" in answer.output
    assert f'has "{MESSAGE_ID}"' in services.asked[-1]


def test_migrate_goes_to_every_warehouse_of_its_own_and_to_the_hub(
    person: Operator, services: Services
) -> None:
    answer = person.call("run", "migrate", "--deadline", "0")

    assert answer.exit_code == 0, answer.output
    assert services.taken == [("lambda", {"run": "migrate"}), ("queue", "/commands/messages")]
    assert [topic for topic, _ in person.google.messages] == ["hub-daily"]


@pytest.mark.parametrize(
    ("config", "words", "hub", "native"),
    [
        ({}, ["daily"], ["aws-daily-etl", "azure-daily-etl", "gcp-daily-etl", "hub-daily"], 2),
        ({}, ["daily", "--path", "hub"], 4, 0),
        ({}, ["collect", "--cloud", "aws"], ["aws-daily-etl"], 1),
        (
            {"dual_run": False, "migrated_customers": ["*"]},
            ["daily"],
            ["gcp-daily-etl", "hub-daily"],
            2,
        ),
        ({"phase": 1, "dual_run": False}, ["collect", "--cloud", "aws"], ["aws-daily-etl"], 0),
    ],
)
def test_each_stage_has_its_own_jobs(
    person: Operator,
    services: Services,
    config: dict[str, object],
    words: list[str],
    hub: list[str] | int,
    native: int,
) -> None:
    person.config |= config
    answer = person.call("run", *words, "--deadline", "0")

    assert answer.exit_code == 0, answer.output
    sent = [topic for topic, _ in person.google.messages]
    assert (len(sent) if isinstance(hub, int) else sent) == hub
    assert len(services.taken) == native


@pytest.mark.parametrize(
    ("phase", "words", "says"),
    [
        (1, ["collect", "--cloud", "aws", "--path", "native"], "on the native path"),
        (2, ["alerts", "--path", "native"], "No job of this environment does 'alerts'"),
    ],
)
def test_a_path_that_is_not_there_is_refused(
    person: Operator, services: Services, phase: int, words: list[str], says: str
) -> None:
    person.config |= {"phase": phase, "dual_run": phase == 2}
    answer = person.call("run", *words)

    assert answer.exit_code == 1
    assert says in answer.stderr
    assert services.taken == []


def test_status_shows_the_clouds_own_collectors_beside_the_hubs_jobs(
    person: Operator, services: Services
) -> None:
    row = {
        "load_id": "L1",
        "warehouse": "redshift",
        "cloud_provider": "AWS",
        "scope": PAYER,
        "period": "2026-11",
        "status": "loaded",
        "finished": "2026-11-24 03:32",
        "loaded_rows": "77",
        "cost_usd": "12.5",
        "data_through": "2026-11-22",
        "error": None,
    }
    answers(person, row)
    services.said = [
        {"job": name, "step": "finished", "outcome": "loaded", "message": f"{name} did"}
        for name in (LAMBDA, APP)
    ]
    answer = person.call("status")

    assert answer.exit_code == 0, answer.output
    jobs = answer.output.split("\n")
    begin = jobs.index(f"{LAMBDA} (AWS, its own warehouse)")
    assert f"loaded: {LAMBDA} did" in jobs[begin + 1]
    assert "77 rows  12.5 USD" in jobs[begin + 2]
    assert "77 rows" not in "".join(jobs[:begin])
    begin = jobs.index(f"{APP} (Azure, its own warehouse)")
    assert f"loaded: {APP} did" in jobs[begin + 1]
    assert any(line.endswith("04:00 UTC") and "next run" in line for line in jobs[begin:])


def test_a_log_that_may_not_be_read_keeps_nothing_else_from_being_shown(
    person: Operator, services: Services
) -> None:
    answers(person)
    services.log_status = 403
    answer = person.call("status")

    assert answer.exit_code == 0, answer.output
    assert "logs:FilterLogEvents" in answer.output
    assert f"{APP} (Azure, its own warehouse)" in answer.output


def test_the_timers_schedule_is_the_one_that_status_shows() -> None:
    seconds, rest = azure.SCHEDULE.split(" ", 1)
    assert (seconds, rest) == ("0", AZURE_NATIVE_SCHEDULE)
