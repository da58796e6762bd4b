"""The entry point in Google's functions-framework, in this process."""

import json
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import flask
import functions_framework
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from handlers.errors import WarehouseError
from handlers.messages import Command
from handlers.record import Cloud
from handlers.runtimes.google import Endpoint
from handlers.runtimes.jobs import Jobs, Outcome, Report, RunFailed, RunUnfinished
from handlers.runtimes.log import Log
from handlers.runtimes.push import LARGEST_ENVELOPE
from handlers.runtimes.tokens import CloudRun, GoogleCerts
from handlers.settings import RuntimeSettings, SettingsError
from tests.fakes.metadata import FakeGoogle, fake_google, signed
from tests.handlers.environments import ACCOUNT, AUDIENCE, of_job
from tests.runtimes.pushes import headers, push

DAILY = push({"run": "daily"})


@pytest.fixture(scope="module")
def google() -> Generator[FakeGoogle]:
    with fake_google(email=ACCOUNT) as google:
        yield google


def framework(root: Path) -> flask.Flask:
    """The application that functions-framework makes of the bundle's main.py."""
    create: Callable[[str, str], object] = vars(functions_framework)["create_app"]
    app = create("handle", str(root / "handlers" / "runtimes" / "google_main.py"))
    assert isinstance(app, flask.Flask)
    return app


@pytest.fixture
def client(root: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    for name, value in of_job(Cloud.AWS, []).items():
        monkeypatch.setenv(name, value)
    return framework(root).test_client()


@dataclass(frozen=True)
class Does:
    """Jobs that do as told, in place of commands whose code comes later."""

    result: Report | Exception

    def run(self, command: Command, log: Log) -> Report:
        del command, log
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@dataclass(frozen=True)
class Door:
    """The endpoint with its parts in the test's hand, and what it logged."""

    endpoint: Endpoint
    lines: list[str]

    def post(self, token: str, body: bytes = DAILY) -> flask.Response:
        app = flask.Flask("test")
        with app.test_request_context("/", method="POST", data=body, headers=headers(token)):
            return self.endpoint.answer(flask.request)

    def logged(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


def door(google: FakeGoogle, jobs: Jobs) -> Door:
    settings = RuntimeSettings.from_environment(of_job(Cloud.AWS))
    lines: list[str] = []
    log = Log(lines.append, lambda: datetime.now(UTC), {"job": settings.job})
    return Door(Endpoint(settings, GoogleCerts(google.certs_url), jobs, log), lines)


def post(client: FlaskClient, token: str, body: bytes = DAILY) -> TestResponse:
    return client.post("/", data=body, headers=headers(token))


def test_a_daily_push_is_answered_with_its_outcome_and_logged_step_by_step(
    client: FlaskClient, google: FakeGoogle, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = post(client, google.token_behind_cloud_run(AUDIENCE))
    assert answer.status_code == 200
    assert answer.get_json()["outcome"] == "no_data"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("step") for line in lines] == ["started", "finished"]
    for line in lines:
        assert (line["job"], line["cloud"]) == ("aws-daily-etl", "AWS")
        assert (line["message_id"], line["attempt"]) == ("2070443601311540", 1)
    assert lines[-1]["outcome"] == "no_data"


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (push({"run": "drop"}), "'run' is 'drop'"),
        (push({"run": "parity"}), "aws-daily-etl compares no paths"),
        (push({"run": "share"}), "shares nothing: the hub's own job does"),
        (push({"run": "collect", "cloud": "gcp"}), "is for AWS"),
        (push(b"\xff\xfe"), "not UTF-8"),
        (push(b""), "no data"),
        (b'{"message": {"data": "%%%"}}', "not base64"),
        (b'{"message": []}', "no 'message'"),
        (b'{"run": "daily"}', "no 'message'"),
        (b"[" * 9000, "not JSON"),
        (b" ", "not JSON"),
    ],
    ids=range(11),
)
def test_a_poison_message_is_answered_400_and_logged_so_that_it_reaches_the_dead_letter(
    client: FlaskClient,
    google: FakeGoogle,
    capsys: pytest.CaptureFixture[str],
    body: bytes,
    part: str,
) -> None:
    answer = post(client, google.token_behind_cloud_run(AUDIENCE), body)
    assert answer.status_code == 400
    assert part in answer.get_json()["error"]
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["severity"], last["step"]) == ("ERROR", "refused")
    assert part in last["message"]


def test_only_a_post_of_json_of_a_stated_size_is_a_push(
    client: FlaskClient, google: FakeGoogle
) -> None:
    sent = headers(google.token_behind_cloud_run(AUDIENCE))
    got = client.get("/", headers=sent)
    assert (got.status_code, got.headers["Allow"]) == (405, "POST")
    assert client.post("/", data=DAILY, headers={**sent, "Content-Type": "text/x"}).status_code == (
        415
    )
    assert post(client, "x", b" " * (LARGEST_ENVELOPE + 1)).status_code == 413


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"email": "mallory@other-project.iam.gserviceaccount.com"}, 403),
        ({"email_verified": False}, 403),
        ({"email": None}, 403),
        ({"aud": "https://another-service.a.run.app"}, 401),
        ({"aud": [AUDIENCE]}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"exp": int(time.time()) - 60}, 401),
        ({"exp": None}, 401),
        ({"iat": int(time.time()) + 600}, 401),
    ],
    ids=range(9),
)
@pytest.mark.parametrize("way", ["behind cloud run", "signed"])
def test_a_token_that_is_not_the_pushers_for_here_and_now_is_refused(
    google: FakeGoogle,
    client: FlaskClient,
    way: str,
    change: dict[str, object],
    status: int,
) -> None:
    if way == "signed":
        refusal = door(google, Does(WarehouseError("not reached"))).post(
            google.token(AUDIENCE, **change)
        )
        assert refusal.status_code == status
    else:
        token = google.token_behind_cloud_run(AUDIENCE, **change)
        assert post(client, token).status_code == status


@pytest.mark.parametrize(
    "token", ["", "abc", "a.b.c", "a..SIGNATURE_REMOVED_BY_GOOGLE", "x" * 9000, "\u00e9"]
)
def test_what_is_no_token_is_refused(client: FlaskClient, token: str) -> None:
    assert post(client, token).status_code == 401


def test_a_signed_token_is_checked_with_googles_certificates(google: FakeGoogle) -> None:
    done = Does(Report(Outcome.LOADED, "3 periods", {"loads": 3}))
    answer = door(google, done).post(google.token(AUDIENCE))
    assert answer.status_code == 200
    assert answer.get_json() == {"outcome": "loaded", "message": "3 periods", "loads": 3}


def test_a_token_signed_by_anybody_else_is_refused(google: FakeGoogle) -> None:
    with fake_google(email=ACCOUNT) as forger:
        forged = signed(forger.key, google.claims(AUDIENCE))
    mine = door(google, Does(WarehouseError("not reached")))
    assert mine.post(forged).status_code == 401
    assert forged not in "".join(mine.lines)


def test_a_removed_signature_is_not_believed_where_cloud_run_is_not_in_front(
    google: FakeGoogle,
) -> None:
    mine = door(google, Does(WarehouseError("not reached")))
    assert mine.post(google.token_behind_cloud_run(AUDIENCE)).status_code == 401


def test_behind_cloud_run_a_token_that_still_has_its_signature_is_checked(
    google: FakeGoogle,
) -> None:
    mine = door(google, Does(Report(Outcome.LOADED, "")))
    behind = CloudRun(lambda: datetime.now(UTC), GoogleCerts(google.certs_url))
    mine = Door(replace(mine.endpoint, verifier=behind), mine.lines)
    assert mine.post(google.token(AUDIENCE)).status_code == 200
    with fake_google(email=ACCOUNT) as forger:
        assert mine.post(signed(forger.key, google.claims(AUDIENCE))).status_code == 401


def test_when_the_certificates_cant_be_read_the_message_comes_again(google: FakeGoogle) -> None:
    mine = door(google, Does(WarehouseError("not reached")))
    unreachable = GoogleCerts("http://127.0.0.1:9/certs")
    mine = Door(replace(mine.endpoint, verifier=unreachable), mine.lines)
    assert mine.post(google.token(AUDIENCE)).status_code == 503


def test_a_command_that_fails_is_answered_500_so_that_it_is_tried_again(
    google: FakeGoogle,
) -> None:
    mine = door(google, Does(WarehouseError("The warehouse is locked.")))
    answer = mine.post(google.token(AUDIENCE))
    assert answer.status_code == 500
    assert [line.get("step") for line in mine.logged()] == ["started", "failed"]
    assert mine.logged()[-1]["message"] == "The warehouse is locked."


def test_a_run_that_failed_in_part_says_what_it_did(google: FakeGoogle) -> None:
    failed = RunFailed(
        "Of the bills are 2 loaded, 1 failed:\nAWS 1: bad", {"loaded": 2, "failed": 1}
    )
    mine = door(google, Does(failed))
    answer = mine.post(google.token(AUDIENCE))
    assert answer.status_code == 500
    assert answer.get_json() == {"error": str(failed), "loaded": 2, "failed": 1}
    last = mine.logged()[-1]
    assert (last["severity"], last["step"], last["loaded"]) == ("ERROR", "failed", 2)


def test_a_run_whose_time_was_up_comes_again_and_is_no_error(google: FakeGoogle) -> None:
    mine = door(google, Does(RunUnfinished("The time was up", {"loaded": 2, "left": 7})))
    answer = mine.post(google.token(AUDIENCE))
    assert (answer.status_code, answer.get_json()["left"]) == (503, 7)
    assert mine.logged()[-1]["severity"] == "WARNING"


def test_a_defect_is_logged_and_left_to_the_framework(google: FakeGoogle) -> None:
    mine = door(google, Does(ZeroDivisionError("ours")))
    with pytest.raises(ZeroDivisionError):
        mine.post(google.token(AUDIENCE))
    assert mine.logged()[-1]["severity"] == "CRITICAL"


def test_no_line_of_the_log_holds_the_token(google: FakeGoogle) -> None:
    for token in (google.token(AUDIENCE), google.token("https://elsewhere")):
        mine = door(google, Does(WarehouseError("x")))
        mine.post(token)
        assert mine.lines
        for part in token.split("."):
            assert part not in "".join(mine.lines)


def test_mistakes_in_the_environment_end_the_process_before_it_takes_a_request(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**of_job(Cloud.AWS), "COST_ARCHIVE": "nowhere"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="COST_ARCHIVE is 'nowhere'"):
        framework(root)
