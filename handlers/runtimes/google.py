"""The entry point on Google Cloud: an HTTP function that takes Pub/Sub's push.

Pub/Sub takes any answer that is not a success for "send it again", with growing pauses, and after
the subscription's number of attempts puts the message into the dead letter
(https://docs.cloud.google.com/pubsub/docs/push). So a message that is wrong is answered 400: it
reaches the dead letter, where a person finds it, and each attempt is a line in the log that says
why. 500 and 503 mean that a later attempt may do. 200 means done, and says with what outcome.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import flask

from handlers.errors import CostError
from handlers.messages import MessageError, parse
from handlers.runtimes.jobs import (
    CommandRefused,
    Jobs,
    RunFailed,
    RuntimeJobs,
    RunUnfinished,
    run_logged,
)
from handlers.runtimes.log import Log, Severity, Step
from handlers.runtimes.push import LARGEST_ENVELOPE, read_envelope
from handlers.runtimes.tokens import (
    CertificatesUnreachable,
    NotAllowed,
    TokenRefused,
    Verifier,
    check_sender,
    verifier_for,
)
from handlers.settings import RuntimeSettings

Clock = Callable[[], datetime]
Handler = Callable[[flask.Request], flask.Response]


class RequestRefused(CostError):
    """A request that is no push; ``status`` is what to answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Endpoint:
    """Takes a request from door to answer."""

    settings: RuntimeSettings
    verifier: Verifier
    jobs: Jobs
    log: Log

    def answer(self, request: flask.Request) -> flask.Response:
        """Answer one push; every step leaves one line in the log."""
        trace = request.headers.get("X-Cloud-Trace-Context", "")
        log = self.log.traced(self.settings.project, trace)
        try:
            _check_shape(request)
            check_sender(
                request.headers.get("Authorization", ""), self.settings.push, self.verifier
            )
            pushed = read_envelope(request.get_data())
            log = log.bound(message_id=pushed.message_id, attempt=pushed.attempt)
            command = parse(pushed.data)
            log = log.bound(run=command.run.value)
            report = run_logged(self.jobs, command, log)
        except CostError as error:
            status = _status(error)
            step = Step.FAILED if status >= 500 else Step.REFUSED
            severity = Severity.WARNING if isinstance(error, RunUnfinished) else Severity.ERROR
            details: dict[str, object] = {}
            if isinstance(error, RunFailed):
                details.update(error.details)
            log.line(severity, str(error), step=step, status=status, **details)
            return _response({"error": str(error), **details}, status)
        except Exception as error:
            log.line(Severity.CRITICAL, f"A defect: {error!r}", step=Step.FAILED, status=500)
            raise  # the framework answers 500 and writes the traceback, which error reports read
        answer = {"outcome": report.outcome.value, "message": report.message, **report.details}
        return _response(answer, 200)


def _check_shape(request: flask.Request) -> None:
    if request.method != "POST":
        raise RequestRefused(405, f"The request is a {request.method}: allowed is POST.")
    if request.mimetype != "application/json":
        raise RequestRefused(
            415, f"The body is '{request.mimetype[:80]}': allowed is application/json."
        )
    length = request.content_length
    if length is None or length > LARGEST_ENVELOPE:
        raise RequestRefused(
            413, f"The body has {length} bytes: allowed are {LARGEST_ENVELOPE}, stated ahead."
        )


def _status(error: CostError) -> int:
    match error:
        case RequestRefused():
            return error.status
        case TokenRefused():
            return 401
        case NotAllowed():
            return 403
        case MessageError() | CommandRefused():
            return 400
        case CertificatesUnreachable() | RunUnfinished():
            return 503
        case _:
            return 500


def _response(answer: dict[str, object], status: int) -> flask.Response:
    response = flask.jsonify(answer)
    response.status_code = status
    if status == 405:
        response.headers["Allow"] = "POST"
    return response


def entry_point() -> Handler:
    """The function that the runtime calls, with this process's settings.

    A mistake in them ends the process before it takes a request: the deployment then fails with
    the list of mistakes in its log, and the revision before goes on.

    Raises:
        SettingsError: names every mistake in the environment.
    """
    settings = RuntimeSettings.from_environment(os.environ)
    log = Log(_write_line, _now, {"job": settings.job, "cloud": settings.cloud})
    verifier = verifier_for(settings.push, _now)
    endpoint = Endpoint(settings, verifier, RuntimeJobs(settings), log)

    def handle(request: flask.Request) -> flask.Response:
        return endpoint.answer(request)

    return handle


def _now() -> datetime:
    return datetime.now(UTC)


def _write_line(line: str) -> None:
    """One write, so that lines of two threads do not mix."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
