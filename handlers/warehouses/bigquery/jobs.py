"""Jobs of BigQuery: started once under an id of their own, found again by it, waited for.

A job goes on when the client that started it dies, so an id that says what the job does lets the
next client find it: https://docs.cloud.google.com/bigquery/docs/running-jobs. An id is taken for
good, whether the job did its work or failed.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import uuid4

from google.api_core.exceptions import Conflict, GoogleAPICallError, NotFound, RetryError
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from requests.exceptions import RequestException

from handlers.errors import WarehouseError
from handlers.warehouses.attempts import StillRunning, Undecided

Client: TypeAlias = Any
Job: TypeAlias = Any
"""Google's own, whose types do not say all that is asked of them."""

Parameters = Mapping[str, str | Sequence[str] | None]
"""Values to bind by name: a STRING or an ARRAY of STRING. Statements cast them."""

UNREACHABLE = (GoogleAPICallError, RetryError, GoogleAuthError, RequestException)
"""What Google's client raises when an answer does not come or is a refusal."""

_CALL_SECONDS = 60.0
_LONGEST_POLL = 5.0
_DONE = "DONE"
_FIRST_REFUSAL, _FIRST_FAILURE = 400, 500
_CONFLICTS = ("aborted due to concurrent update", "could not serialize access")
_PASSING = frozenset(
    {"backendError", "internalError", "jobBackendError", "jobInternalError", "rateLimitExceeded",
     "jobRateLimitExceeded"}
)  # fmt: skip
"""Reasons that another attempt may not meet:
https://docs.cloud.google.com/bigquery/docs/error-messages"""


@dataclass(frozen=True)
class FinishedJob:
    """A job that ended: what it was for, what it cost, why it failed if it did."""

    job_id: str
    what: str
    bytes_billed: int
    reason: str = ""
    error: str = ""

    @property
    def may_succeed_later(self) -> bool:
        """Whether the same job may succeed when it is tried again."""
        found = self.error.lower()
        return self.reason in _PASSING or any(words in found for words in _CONFLICTS)


def ignore(_: FinishedJob) -> None:
    """Tell nobody of a job."""


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """A project's jobs in one location.

    ``max_bytes_billed`` is the most that one job may be billed for; more is refused before it
    starts. ``remaining`` gives the seconds that a call may still wait. ``finished`` is told of
    every job that ended.
    """

    client: Client
    location: str
    max_bytes_billed: int
    remaining: Callable[[], float] = lambda: 600.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    finished: Callable[[FinishedJob], None] = ignore

    def rows(self, what: str, sql: str, parameters: Parameters) -> list[dict[str, Any]]:
        """The rows that one query gives.

        Raises:
            WarehouseError: it failed.
        """
        return [row for page in self.pages(what, sql, parameters) for row in page]

    def pages(
        self, what: str, sql: str, parameters: Parameters, size: int | None = None
    ) -> Iterator[list[dict[str, Any]]]:
        """The same in pages of at most ``size`` rows, each fetched when it is asked for.

        Raises:
            WarehouseError: it failed.
        """
        job_id = f"{what}_{uuid4().hex}"
        end = self.run(what, sql, parameters, job_id)
        if end.error:
            raise WarehouseError(f"BigQuery: {what} failed: {end.error} (job {job_id}).")
        try:
            answer = self._found(job_id).result(page_size=size, retry=self.retry(), job_retry=None)
            for page in answer.pages:
                yield [dict(row.items()) for row in page]
        except UNREACHABLE as error:
            raise unreachable(what, error) from error

    def run(self, what: str, sql: str, parameters: Parameters, job_id: str) -> FinishedJob:
        """Run ``sql`` as the job ``job_id``, or wait for the one that has that id.

        Raises:
            StillRunning: it has not ended in time.
            WarehouseError: BigQuery can't be reached, or refused the job.
        """
        return self.wait(what, self.start(what, sql, parameters, job_id))

    def start(self, what: str, sql: str, parameters: Parameters, job_id: str) -> Job:
        """The job ``job_id``, started now if nobody has started it."""
        config = bigquery.QueryJobConfig(
            query_parameters=[_bound(name, value) for name, value in parameters.items()],
            maximum_bytes_billed=self.max_bytes_billed,
            use_legacy_sql=False,
        )
        try:
            return self.client.query(
                sql,
                job_id=job_id,
                job_config=config,
                location=self.location,
                retry=self.retry(),
                job_retry=None,
            )
        except Conflict:
            return self._found(job_id)
        except UNREACHABLE as error:
            raise unreachable(what, error) from error

    def find(self, job_id: str) -> Job | None:
        """The job of that id; None when nobody has started it."""
        try:
            return self._found(job_id)
        except NotFound:
            return None
        except UNREACHABLE as error:
            raise unreachable("looking for a job", error) from error

    def end(self, what: str, job_id: str) -> FinishedJob | None:
        """How the job of that id ended, once it has; None when nobody has started it.

        Raises:
            StillRunning: it has not ended in time.
            WarehouseError: BigQuery can't be reached.
        """
        job = self.find(job_id)
        return None if job is None else self.wait(what, job)

    def wait(self, what: str, job: Job) -> FinishedJob:
        """Wait until ``job`` has ended, however it ended.

        Raises:
            StillRunning: it has not ended in time.
            WarehouseError: BigQuery can't be reached.
        """
        until, pause = self.left(), 0.05
        while job.state != _DONE:
            if self.clock() >= until:
                raise StillRunning(
                    f"BigQuery: {what} has not ended yet (job {job.job_id}). It goes on by itself:"
                    " run the same command again, which finds it."
                )
            self.sleep(pause)
            pause = min(pause * 2, _LONGEST_POLL)
            try:
                job = self._found(job.job_id)
            except UNREACHABLE as error:
                raise unreachable(what, error) from error
        end = ended(what, job)
        self.finished(end)
        return end

    def left(self) -> float:
        """The moment of ``clock`` after which nothing is waited for."""
        return self.clock() + self.remaining()

    def _found(self, job_id: str) -> Job:
        return self.client.get_job(job_id, location=self.location, retry=self.retry())

    def retry(self) -> Retry:
        """Google's rule for what to try again, which is safe for a job that has an id."""
        return bigquery.DEFAULT_RETRY.with_timeout(max(0.0, min(_CALL_SECONDS, self.remaining())))


def ended(what: str, job: Job) -> FinishedJob:
    """What became of a job that has ended."""
    error: Mapping[str, Any] = job.error_result or {}
    billed = getattr(job, "total_bytes_billed", None)  # a load job has none: loading is free
    return FinishedJob(
        job_id=str(job.job_id),
        what=what,
        bytes_billed=int(billed or 0),
        reason=str(error.get("reason", "")),
        error=str(error.get("message", "")) or ("no reason given" if error else ""),
    )


def unreachable(what: str, error: Exception) -> WarehouseError:
    """The error for a reader of a call that was refused, or not answered (``Undecided``)."""
    said = (str(error) or repr(error)).splitlines()[0]
    code = int(getattr(error, "code", None) or 0)
    if _FIRST_REFUSAL <= code < _FIRST_FAILURE:
        return WarehouseError(
            f"BigQuery refused: {what}: {said}. Check the job's role, the datasets and their"
            " location."
        )
    return Undecided(f"BigQuery did not answer: {what}: {said}. Run the same command again.")


def _bound(
    name: str, value: str | Sequence[str] | None
) -> bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter:
    if value is None or isinstance(value, str):
        return bigquery.ScalarQueryParameter(name, "STRING", value)
    return bigquery.ArrayQueryParameter(name, "STRING", list(value))
