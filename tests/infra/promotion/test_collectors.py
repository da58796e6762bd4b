"""Messages as each service takes them, against servers that refuse what the services refuse."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest
import requests

from handlers.errors import UsageError
from handlers.record import Cloud
from infra.apis.aws import Aws
from infra.apis.azure import AzureLogin
from infra.apis.hub import Hub
from infra.apis.web import Refused
from infra.promotion.collectors import CloudCollectors
from infra.settings import Settings
from infra.stack_file import read_stack
from tests.fakes.json_server import Answer, Request, json_server

MESSAGE = {"run": "collect", "from_archive": True, "period": ["2026-10"]}


@dataclass
class Taken:
    """What arrived at the Lambda service and at Azure's queues."""

    requests: list[Request] = field(default_factory=list[Request])
    published: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])
    status: dict[str, int] = field(default_factory=dict[str, int])

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        if "/functions/" in request.path:
            return Answer(self.status.get("lambda", 202), "")
        if request.headers.get("x-ms-version") is None or not request.bearer:
            return Answer(403, "<Error/>")
        return Answer(self.status.get("queue", 201), "<QueueMessagesList/>")

    def publish(self, topic: str, message: object) -> str:
        self.published.append((topic, message))
        return "1"


class _Azure:
    def storage_token(self) -> str:
        return "a-token"


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Taken, CloudCollectors]]:
    found = Taken()
    with json_server(found.answer) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
        yield (
            found,
            CloudCollectors(
                settings=_settings(),
                hub=cast("Hub", found),
                aws=Aws.find("eu-central-1"),
                azure=cast("AzureLogin", _Azure()),
                queues=address,
            ),
        )


def _settings() -> Settings:
    config = read_stack(_file())
    return Settings.read(config.stack, config.values, None)


def _file() -> Path:
    return Path(__file__).resolve().parents[3] / "Pulumi.phase2.yaml"


def test_the_lambda_is_invoked_without_waiting_for_it(
    taken: tuple[Taken, CloudCollectors],
) -> None:
    found, collectors = taken
    collectors.ask_native(Cloud.AWS, MESSAGE)
    (request,) = found.requests
    aws = collectors.settings.aws
    assert aws is not None
    assert request.path == f"/2015-03-31/functions/{aws.redshift.job.name}/invocations"
    assert request.headers["x-amz-invocation-type"] == "Event"


def test_azures_message_is_plain_json_as_the_app_reads_its_queue(
    taken: tuple[Taken, CloudCollectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, collectors = taken
    sent: list[str] = []
    real = requests.post

    def post(url: str, data: str, **more: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        sent.append(data)
        return real(url, data=data, **more)

    monkeypatch.setattr("requests.post", post)
    collectors.ask_native(Cloud.AZURE, MESSAGE)
    (request,) = found.requests
    host = json.loads((_file().parent / "handlers/runtimes/azure_host.json").read_text("utf-8"))
    assert request.path == "/commands/messages"
    assert request.bearer == "a-token"
    text = ET.fromstring(sent[0]).findtext("MessageText")
    assert text is not None
    assert host["extensions"]["queues"]["messageEncoding"] == "none"
    assert json.loads(text) == MESSAGE


def test_a_queue_that_refuses_is_told_with_the_role_that_is_missing(
    taken: tuple[Taken, CloudCollectors],
) -> None:
    found, collectors = taken
    found.status["queue"] = 403
    with pytest.raises(Refused, match="Storage Queue Data Message Sender"):
        collectors.ask_native(Cloud.AZURE, MESSAGE)


def test_the_hubs_jobs_get_theirs_by_their_topics(taken: tuple[Taken, CloudCollectors]) -> None:
    found, collectors = taken
    for cloud in (None, *Cloud):
        collectors.ask_hub(cloud, MESSAGE)
    assert [topic for topic, _ in found.published] == [
        "hub-daily",
        "aws-daily-etl",
        "azure-daily-etl",
        "gcp-daily-etl",
    ]


def test_a_cloud_without_a_collector_of_its_own_is_refused(
    taken: tuple[Taken, CloudCollectors],
) -> None:
    _, collectors = taken
    with pytest.raises(UsageError, match="GCP has no collector of its own"):
        collectors.ask_native(Cloud.GCP, MESSAGE)
    with pytest.raises(UsageError, match="AWS has no collector of its own"):
        replace(collectors, aws=None).ask_native(Cloud.AWS, MESSAGE)
