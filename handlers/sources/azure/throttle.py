"""How long Azure asks to wait, and a pipeline policy that does so within a run's time.

Cost Management limits an entity, a tenant, a client, a type of client and a budget of query
processing units, each with a header of its own; the longest of them counts:
https://learn.microsoft.com/azure/cost-management-billing/costs/manage-automation. azure-core's own
retries read ``Retry-After`` only, and know nothing of a deadline.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

from handlers.sources.azure.faults import AzureUnavailable, OutOfTime

MOST_ATTEMPTS = 8
"""Of one request. With the waits of ``FIRST_WAIT`` the last is made after about two minutes."""

FIRST_WAIT = 1.0
"""Seconds before the second attempt, where Azure does not say; doubled for each further one."""

LONGEST_WAIT = 60.0
"""Seconds, where Azure does not say."""

RESERVE = 15.0
"""Seconds of a run that no wait may use up: to say what happened, and end."""

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_UNAUTHORIZED = 401
_LIMITS = re.compile(r"x-ms-ratelimit-microsoft\.(costmanagement|consumption)-(\w+-)?retry-after")
_SECONDS = re.compile(r"\d{1,6}(\.\d{1,9})?", re.ASCII)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Patience:
    """How long this run may wait.

    ``remaining`` gives the seconds until it must have ended, ``sleep`` waits, ``clock`` tells the
    time in UTC.
    """

    remaining: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], datetime] = _now

    def wait(self, seconds: float, reason: str) -> None:
        """Wait so long.

        Raises:
            OutOfTime: the run would not have the time for it.
        """
        left = self.remaining() - RESERVE
        if seconds > left:
            raise OutOfTime(
                f"{reason}: the next attempt is due in {seconds:.0f} s, and this run has"
                f" {max(left, 0):.0f} s left. Nothing was changed; the next run goes on from here."
            )
        self.sleep(seconds)


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that an answer asks to wait, the longest of all; None when it says nothing."""
    waits = [
        wait
        for name, value in headers.items()
        if _LIMITS.fullmatch(name.lower()) or name.lower() == "retry-after"
        if (wait := _seconds(value.strip(), now)) is not None
    ]
    return max(waits, default=None)


def _seconds(value: str, now: datetime) -> float | None:
    """Seconds, or a date as RFC 9110 allows for Retry-After; None for anything else."""
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def usual_wait(attempt: int) -> float:
    """The seconds to wait after attempt number ``attempt``, from 1, when Azure does not say."""
    return min(FIRST_WAIT * 2.0 ** (attempt - 1), LONGEST_WAIT)


class PatientPolicy(HTTPPolicy[HttpRequest, HttpResponse]):
    """Repeats what failed for now, in place of azure-core's RetryPolicy.

    Only for requests that may be made twice: everything that is asked of Cost Management only
    reads, or makes a report that nobody misses. A token that was refused is asked for anew, once:
    the policy that carries it comes later in the pipeline and forgets it by itself.
    """

    def __init__(self, patience: Patience) -> None:
        super().__init__()
        self._patience = patience

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        """Send ``request`` until there is an answer that another attempt would not change.

        Raises:
            AzureUnavailable: there was none within the attempts.
            OutOfTime: the run has no time to wait for another.
        """
        failures = 0
        refused = False
        while True:
            outcome = self._attempt(request)
            if isinstance(outcome, _Failure):
                failures += 1
                self._wait(outcome, failures)
            elif outcome.http_response.status_code == _UNAUTHORIZED and not refused:
                refused = True
            else:
                return outcome

    def _attempt(
        self, request: PipelineRequest[HttpRequest]
    ) -> "PipelineResponse[HttpRequest, HttpResponse] | _Failure":
        try:
            response = self.next.send(request)
            answer = response.http_response
            # Here, and not by whoever asked, so that an answer that breaks off is asked for again.
            answer.read()
        except ClientAuthenticationError:
            raise
        except (ServiceRequestError, ServiceResponseError, HttpResponseError) as error:
            return _Failure(f"{_host(request)} did not answer ({_kind(error)})", None)
        if answer.status_code not in _PASSING:
            return response
        wait = asked_wait(answer.headers, self._patience.clock())
        return _Failure(f"{_host(request)} answered {answer.status_code}", wait)

    def _wait(self, failure: "_Failure", failures: int) -> None:
        if failures == MOST_ATTEMPTS:
            raise AzureUnavailable(
                f"{failure.reason}, {MOST_ATTEMPTS} times in a row. Nothing was changed; the next"
                " run tries again. https://azure.status.microsoft says whether Azure has trouble."
            )
        wait = usual_wait(failures) if failure.wait is None else failure.wait
        self._patience.wait(wait, failure.reason)


@dataclass(frozen=True)
class _Failure:
    """Why an attempt failed for now, and the seconds that Azure asks to wait, if it does."""

    reason: str
    wait: float | None


def _host(request: PipelineRequest[HttpRequest]) -> str:
    """The host alone: a path may hold a signature."""
    return request.http_request.url.partition("://")[2].partition("/")[0]


def _kind(error: AzureError) -> str:
    """What kind of error it is: its text may hold the address with its signature."""
    return type(error.inner_exception or error).__name__
