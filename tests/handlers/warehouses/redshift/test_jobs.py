"""Statements are waited for with growing pauses, up to a deadline, and named by their errors."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from handlers.errors import WarehouseError
from handlers.warehouses.attempts import StillRunning, Undecided
from handlers.warehouses.redshift.jobs import Batch, FinishedJob, Jobs, token_of

ONE = Batch(("SELECT 1",), {})


def refusal(code: str, status: int = 400) -> ClientError:
    said: Any = {
        "Error": {"Code": code, "Message": "said"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(said, "Operation")


@dataclass
class Service:
    """Describes a statement as ``states`` says, the last from then on; time passes in sleeps."""

    states: list[dict[str, Any]] = field(default_factory=lambda: [{"Status": "FINISHED"}])
    starts: Callable[[], object] = lambda: None
    now: float = 0.0
    pauses: list[float] = field(default_factory=list[float])
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    listed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def jobs(self, seconds: float = 60.0) -> Jobs:
        def sleep(pause: float) -> None:
            self.pauses.append(pause)
            self.now += pause

        return Jobs(
            client=self,
            workgroup="w",
            database="d",
            remaining=lambda: seconds,
            clock=lambda: self.now,
            sleep=sleep,
        )

    def batch_execute_statement(self, **asked: object) -> dict[str, str]:
        self.asked.append(asked)
        self.starts()
        return {"Id": "mine"}

    def describe_statement(self, **_: object) -> dict[str, Any]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def list_statements(self, **_: object) -> dict[str, Any]:
        return {"Statements": self.listed}


def test_pauses_grow_to_five_seconds_and_end_at_the_deadline() -> None:
    service = Service([{"Status": "SUBMITTED"}])
    with pytest.raises(StillRunning, match=r"load has not ended yet \(statement mine\)"):
        service.jobs(seconds=30).run("load", ONE, "n")
    assert service.pauses[:8] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0]
    assert 30 <= sum(service.pauses) <= 35


def test_a_batch_has_its_name_and_a_token_that_is_the_same_for_the_same_name() -> None:
    service = Service()
    assert service.jobs().run("load", ONE, "n").error == ""
    (asked,) = service.asked
    assert (asked["StatementName"], asked["ClientToken"]) == ("n", token_of("n"))
    assert len(token_of("n")) == 64
    assert token_of("n") != token_of("m")


@pytest.mark.parametrize("value", ["", "-", "=", "x", None])
def test_every_value_has_a_form_that_is_not_empty_and_no_two_share_it(value: str | None) -> None:
    service = Service()
    service.jobs().run("load", Batch(("SELECT :a,",), {"a": value}), "n")
    ((bound,),) = [asked["Parameters"] for asked in service.asked]
    assert bound == {"name": "a", "value": "-" if value is None else f"={value}"}


def test_a_service_that_is_busy_is_asked_again_until_the_deadline() -> None:
    def busy() -> None:
        raise refusal("ActiveStatementsExceededException")

    service = Service(starts=busy)
    with pytest.raises(Undecided, match="did not answer: load"):
        service.jobs(seconds=20).run("load", ONE, "n")
    assert len(service.asked) > 5
    assert sum(service.pauses) < 20


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (refusal("AccessDeniedException"), WarehouseError, "refused: load"),
        (refusal("InternalServerException", 500), Undecided, "did not answer: load"),
        (EndpointConnectionError(endpoint_url="x"), Undecided, "did not answer: load"),
    ],
)
def test_a_refusal_is_told_from_an_answer_that_does_not_come(
    error: Exception, kind: type[WarehouseError], said: str
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(kind, match=said) as raised:
        Service(starts=fail).jobs().run("load", ONE, "n")
    assert type(raised.value) is kind


def test_a_start_that_is_refused_finds_what_somebody_else_started_under_the_name() -> None:
    def used() -> None:
        raise refusal("ValidationException")

    service = Service(
        starts=used,
        listed=[
            {"Id": "older", "StatementName": "n", "CreatedAt": 1},
            {"Id": "theirs", "StatementName": "n", "CreatedAt": 2},
            {"Id": "other", "StatementName": "n_1", "CreatedAt": 3},
        ],
    )
    assert service.jobs().run("load", ONE, "n").statement_id == "theirs"


def test_an_error_says_which_statement_failed() -> None:
    failed = {
        "Status": "FAILED",
        "Error": "ERROR: x",
        "SubStatements": [{"Status": "FINISHED"}, {"Status": "FAILED"}, {"Status": "ABORTED"}],
    }
    end = Service([failed]).jobs().run("load", ONE, "n")
    assert end == FinishedJob("mine", "load", "ERROR: x", 1)
    aborted = Service([{"Status": "ABORTED"}]).jobs().run("load", ONE, "n")
    assert aborted.error == "it was aborted"


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        ("ERROR:1023 DETAIL: Serializable isolation violation on table in Redshift", True),
        ("ERROR: could not complete because of conflict with concurrent transaction", True),
        ("ERROR: deadlock detected", True),
        ("ERROR: Value too long for character type: 1023", False),
        ("ERROR: Divide by zero", False),
    ],
)
def test_only_conflicts_may_pass_by_themselves(error: str, passing: bool) -> None:
    assert FinishedJob("mine", "load", error).may_succeed_later is passing


STRANGE: list[tuple[str, dict[str, Any]]] = [
    ("describe_statement", {"Status": {}}),
    ("describe_statement", {}),
    ("get_statement_result", {"ColumnMetadata": [{"name": "a"}], "Records": [[]]}),
    ("get_statement_result", {"ColumnMetadata": 1, "Records": []}),
]


@pytest.mark.parametrize(("method", "answer"), STRANGE)
def test_an_answer_of_another_form_is_an_error_that_says_so(
    method: str, answer: dict[str, Any]
) -> None:
    class Strange(Service):
        def execute_statement(self, **_: object) -> dict[str, str]:
            return {"Id": "1"}

    strange = Strange()
    setattr(strange, method, lambda **_: answer)  # pyright: ignore[reportUnknownLambdaType]
    with pytest.raises(Undecided, match="answer can't be read: asking"):
        strange.jobs().rows("asking", Batch(("SELECT 1",), {}))
