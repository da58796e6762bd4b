"""What the Lambda makes of an event, of the time it has, and of what goes wrong."""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from handlers.errors import CostError, WarehouseError
from handlers.ledger import LedgerRow
from handlers.messages import MessageError
from handlers.native import AwsSettings, native_environment
from handlers.native_names import NativeName
from handlers.record import Cloud
from handlers.runtimes.aws import Function, command_of
from handlers.runtimes.clients import Scratch
from handlers.runtimes.jobs import CommandRefused, RunFailed
from handlers.runtimes.log import Log
from handlers.runtimes.publishing import NativeClients
from handlers.settings import Name
from tests.handlers.environments import SCOPES, SHARED
from tests.handlers.load.bills import AwsBill, Line, write_bill
from tests.handlers.runtimes.local import NOW, LocalClients

PROVIDER = "projects/1/locations/global/workloadIdentityPools/clouds/providers/aws-lambda"
BUCKET = "aws-cost-exports-210987654321"


def environment() -> dict[str, str]:
    """The Lambda's, as infra makes it."""
    shared = {name: value for name, value in SHARED.items() if "PUSH" not in name}
    return native_environment(
        Cloud.AWS,
        {
            **shared,
            Name.JOB: "aws-native-etl",
            Name.CLOUD: "AWS",
            Name.SCOPES: json.dumps([SCOPES[Cloud.AWS]]),
            Name.SHRINK_HOLD_SHARE: "0.2",
            NativeName.GOOGLE_AUDIENCE: f"//iam.googleapis.com/{PROVIDER}",
            NativeName.GOOGLE_ACCOUNT: "publisher@hub-project.iam.gserviceaccount.com",
            NativeName.HISTORY: "gs://hub-project-ai-cost-archive",
            NativeName.REDSHIFT_WORKGROUP: "ai-cost",
            NativeName.REDSHIFT_DATABASE: "costs",
            NativeName.REDSHIFT_STAGING: "s3://staging",
            NativeName.REDSHIFT_ROLE: "arn:aws:iam::210987654321:role/copier",
        },
    )


def settings() -> AwsSettings:
    return AwsSettings.from_environment(environment())


def created(key: str, bucket: str = BUCKET) -> dict[str, object]:
    detail = {"bucket": {"name": bucket}, "object": {"key": key}}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


@pytest.mark.parametrize(
    ("key", "periods"),
    [
        (
            "cost-reports/x/metadata/BILLING_PERIOD=2026-10/x-Manifest.json",
            (date(2026, 10, 1),),
        ),
        ("cost-reports/x/20260901-20261001/x-Manifest.json", (date(2026, 9, 1),)),
        ("cost-reports/x/manifest.json", ()),
    ],
)
def test_a_new_manifest_collects_its_month(key: str, periods: tuple[date, ...]) -> None:
    command = command_of(created(key), settings().runtime)
    assert (command.run, command.periods) == ("collect", periods)


@pytest.mark.parametrize(
    ("event", "kind", "said"),
    [
        (created("cost-reports/x/data/x.parquet"), MessageError, "no manifest"),
        (created("cost-reports/x-Manifest.json", "other"), CommandRefused, "in no scope"),
        (created("elsewhere/x-Manifest.json"), CommandRefused, "in no scope"),
        ({"source": "aws.s3"}, MessageError, "no manifest"),
        ({"source": "aws.s3", "detail": "x"}, MessageError, "no manifest"),
        ({"source": "aws.s3", "detail": {"bucket": "x", "object": 1}}, MessageError, "no manifest"),
        ({"source": "aws.ec2"}, MessageError, "no 'run'"),
        ({"run": "daily", "extra": 1}, MessageError, "no option 'extra'"),
    ],
)
def test_an_event_that_is_none_of_ours_is_refused(
    event: dict[str, object], kind: type[CostError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        command_of(event, settings().runtime)


@dataclass
class Invocation:
    """What Lambda says of an invocation that has so many seconds."""

    seconds: float
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@dataclass
class Outbox:
    """The laptop's warehouse, with an outbox of these rows."""

    inner: Any
    waiting: list[LedgerRow] = field(default_factory=list[LedgerRow])
    error: CostError | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def unpublished(self) -> list[LedgerRow]:
        if self.error is not None:
            raise self.error
        return self.waiting


@dataclass(frozen=True)
class NativeLocal(LocalClients):
    """The laptop's clients as a cloud's own; the hub is never asked."""

    error: CostError | None = None

    def warehouse(self) -> Any:  # noqa: ANN401 - a warehouse with an outbox beside it
        return Outbox(super().warehouse(), error=self.error)

    def hub(self) -> None:
        """Nobody asks it for more."""


@dataclass
class World:
    """A function over a folder of bills; ``lines`` is what it logged."""

    folder: Path
    error: CostError | None = None
    lines: list[str] = field(default_factory=list[str])

    def answer(self, event: dict[str, object], seconds: float = 900) -> dict[str, object]:
        log = Log(self.lines.append, lambda: NOW)
        return Function(settings(), self.clients, log).answer(event, Invocation(seconds))

    def clients(self, _settings: AwsSettings, _scratch: Scratch) -> NativeClients:
        return cast("NativeClients", cast("Any", NativeLocal(self.folder, error=self.error)))

    def logged(self, step: str) -> list[dict[str, object]]:
        return [line for line in map(json.loads, self.lines) if line.get("step") == step]


@pytest.fixture
def world(tmp_path: Path) -> World:
    bill = AwsBill("210987654321", date(2026, 11, 1), [Line(date(2026, 11, 2), "1.00")], NOW)
    write_bill(tmp_path / "bills", bill)
    return World(tmp_path)


def test_an_answer_says_the_outcome_and_the_log_has_a_line_for_each_step(world: World) -> None:
    answer = world.answer({"run": "collect", "period": "2026-11"})
    assert (answer["outcome"], answer["loaded"]) == ("loaded", 1)
    steps = [json.loads(line)["step"] for line in world.lines]
    assert steps == ["started", "found", "loading", "bill", "finished"]
    assert {json.loads(line)["request_id"] for line in world.lines} == {"request-1"}


def test_a_hub_that_is_away_makes_a_warning_and_no_failure(world: World) -> None:
    world.error = WarehouseError("the hub is away")
    answer = world.answer({"run": "collect", "period": "2026-11"})
    assert answer["outcome"] == "loaded"
    (warned,) = world.logged("published")
    assert warned["severity"] == "WARNING"
    assert "the hub is away" in str(warned["message"])


def test_a_bill_that_fails_is_raised_after_what_was_committed_is_published(world: World) -> None:
    next((world.folder / "bills").rglob("*.csv")).write_text("broken")
    world.error = WarehouseError("asked")
    with pytest.raises(RunFailed, match="1 failed"):
        world.answer({"run": "collect", "period": "2026-11"})
    assert len(world.logged("published")) == 1
    (failed,) = world.logged("failed")
    assert (failed["severity"], failed["failed"]) == ("ERROR", 1)


def test_with_too_little_time_nothing_is_started_and_the_event_comes_again(world: World) -> None:
    with pytest.raises(RunFailed, match="The time was up"):
        world.answer({"run": "collect", "period": "2026-11"}, seconds=70)
    (failed,) = world.logged("failed")
    assert failed["severity"] == "WARNING"
    assert world.logged("loading") == []


def test_a_command_that_is_the_hubs_is_refused(world: World) -> None:
    with pytest.raises(CommandRefused, match="can't run 'alerts'"):
        world.answer({"run": "alerts"})
    assert world.logged("refused")[0]["severity"] == "ERROR"
