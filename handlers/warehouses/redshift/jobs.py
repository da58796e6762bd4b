"""Statements of Redshift by its Data API: started once, found again by name, waited for.

A batch is one transaction, and goes on when the client that started it dies:
https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html. Its name lets the next client find
it, for 24 hours; after that the ledger says what became of it.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from botocore.exceptions import BotoCoreError, ClientError

from handlers.errors import WarehouseError
from handlers.warehouses.attempts import StillRunning, Undecided

Client: TypeAlias = Any
"""boto3's ``redshift-data``, which makes its methods as it is asked for them."""

Parameters = Mapping[str, str | None]
"""Values to bind by name. Statements read them by ``bound``."""

MOST_STATEMENTS = 40
LARGEST_STATEMENT = 100_000
"""Bytes, with what it binds."""

UNREACHABLE = (ClientError, BotoCoreError)
"""What boto3 raises when an answer does not come or is a refusal."""

_LONGEST_POLL = 5.0
_RUNNING = frozenset({"SUBMITTED", "PICKED", "STARTED"})
_FINISHED = "FINISHED"
_BUSY = frozenset({"ActiveStatementsExceededException", "ActiveSessionsExceededException",
                   "ThrottlingException", "TooManyRequestsException"})  # fmt: skip
"""Refusals that pass: https://docs.aws.amazon.com/redshift-data/latest/APIReference/CommonErrors.html"""
_FIRST_REFUSAL, _FIRST_FAILURE = 400, 500
_CONFLICTS = ("serializable isolation violation", "concurrent transaction",
              "could not serialize access", "deadlock detected")  # fmt: skip
"""Words of errors that another attempt may not meet:
https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation-serializable-isolation-troubleshooting.html"""


@dataclass(frozen=True)
class Batch:
    """Statements that run in order as one transaction, and what they bind.

    Each value is bound by every statement that names it, as ``:name``; see ``bound``.
    """

    statements: tuple[str, ...]
    parameters: Parameters


@dataclass(frozen=True)
class FinishedJob:
    """A batch that ended: what it was for, why it failed if it did, and at which statement."""

    statement_id: str
    what: str
    error: str = ""
    failed_at: int | None = None
    """The statement's place in the batch, from 0."""

    @property
    def may_succeed_later(self) -> bool:
        """Whether the same batch may succeed when it is tried again."""
        found = self.error.lower()
        return any(words in found for words in _CONFLICTS)


def ignore(_: FinishedJob) -> None:
    """Tell nobody of a job."""


def bound(name: str, kind: str) -> str:
    """A bound value in SQL, as of type ``kind``.

    The Data API takes no NULL and no empty text. So a text is bound with ``=`` before it and NULL
    as ``-``, whatever the value, and taken apart here.
    """
    return f"CAST(SUBSTRING(NULLIF(:{name}, '-') FROM 2) AS {kind})"


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """A workgroup's statements in one database.

    ``remaining`` gives the seconds that a call may still wait. ``finished`` is told of every batch
    that ended.
    """

    client: Client
    workgroup: str
    database: str
    remaining: Callable[[], float] = lambda: 600.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    finished: Callable[[FinishedJob], None] = ignore

    def rows(self, what: str, batch: Batch) -> list[dict[str, Any]]:
        """The rows that the one statement of ``batch`` gives; texts, numbers and None.

        Raises:
            WarehouseError: it failed, or its result is larger than the Data API gives back.
        """
        statement_id = self._start(what, batch, None)
        end = self._wait(what, statement_id)
        if end.error:
            raise WarehouseError(
                f"Redshift: {what} failed: {end.error} (statement {statement_id}). Nothing was"
                " changed."
            )
        return list(self._result(what, statement_id))

    def run(self, what: str, batch: Batch, name: str) -> FinishedJob:
        """Run ``batch`` as the transaction ``name``, or wait for the one that has that name.

        Raises:
            StillRunning: it has not ended in time.
            WarehouseError: Redshift can't be reached, or refused the batch.
        """
        return self._wait(what, self._start(what, batch, name))

    def end(self, what: str, name: str) -> FinishedJob | None:
        """How the transaction of that name ended, once it has; None when nobody has started it.

        Raises:
            StillRunning: it has not ended in time.
            WarehouseError: Redshift can't be reached.
        """
        statement_id = self._find(what, name)
        return None if statement_id is None else self._wait(what, statement_id)

    def left(self) -> float:
        """The moment of ``clock`` after which nothing is waited for."""
        return self.clock() + self.remaining()

    def _start(self, what: str, batch: Batch, name: str | None) -> str:
        """The id of the statement or transaction, started now if nobody has started ``name``."""
        refuse_large(what, batch)
        values: dict[str, Any] = {"Database": self.database, "WorkgroupName": self.workgroup}
        if batch.parameters:
            values["Parameters"] = [
                {"name": key, "value": _written(value)} for key, value in batch.parameters.items()
            ]
        until, pause = self.left(), 0.2
        while True:
            try:
                if name is None:
                    answer = self.client.execute_statement(Sql=batch.statements[0], **values)
                else:
                    answer = self.client.batch_execute_statement(
                        Sqls=list(batch.statements),
                        StatementName=name,
                        ClientToken=token_of(name),
                        **values,
                    )
            except UNREACHABLE as error:
                # Another client may have started it with staged rows of its own.
                found = self._find(what, name) if name and not _is_busy(error) else None
                if found is not None:
                    return found
                if not _is_busy(error) or self.clock() + pause >= until:
                    raise unreachable(what, error) from error
                self.sleep(pause)
                pause = min(pause * 2, _LONGEST_POLL)
            else:
                with _as_answered(what):
                    return str(answer["Id"])

    def _find(self, what: str, name: str) -> str | None:
        """The newest statement of exactly that name; the service looks for its beginning."""
        asked: dict[str, Any] = {
            "StatementName": name,
            "Status": "ALL",
            "RoleLevel": True,
            "Database": self.database,
            "WorkgroupName": self.workgroup,
        }
        found: list[Mapping[str, Any]] = []
        try:
            while True:
                answer = self.client.list_statements(**asked)
                with _as_answered(what):
                    found += [
                        each for each in answer["Statements"] if each.get("StatementName") == name
                    ]
                if not answer.get("NextToken"):
                    break
                asked["NextToken"] = answer["NextToken"]
        except UNREACHABLE as error:
            raise unreachable(what, error) from error
        with _as_answered(what):
            newest = max(found, key=lambda each: each["CreatedAt"], default=None)
            return None if newest is None else str(newest["Id"])

    def _wait(self, what: str, statement_id: str) -> FinishedJob:
        until, pause = self.left(), 0.05
        while True:
            try:
                said = self.client.describe_statement(Id=statement_id)
            except UNREACHABLE as error:
                if not _is_busy(error):
                    raise unreachable(what, error) from error
                said = {"Status": "STARTED"}
            with _as_answered(what):
                is_over = said["Status"] not in _RUNNING
            if is_over:
                break
            if self.clock() >= until:
                raise StillRunning(
                    f"Redshift: {what} has not ended yet (statement {statement_id}). It goes on by"
                    " itself: run the same command again, which finds it."
                )
            self.sleep(pause)
            pause = min(pause * 2, _LONGEST_POLL)
        with _as_answered(what):
            end = _ended(what, statement_id, said)
        self.finished(end)
        return end

    def _result(self, what: str, statement_id: str) -> Iterator[dict[str, Any]]:
        asked = {"Id": statement_id}
        while True:
            try:
                answer = self.client.get_statement_result(**asked)
            except UNREACHABLE as error:
                raise unreachable(what, error) from error
            with _as_answered(what):
                names = [str(column["name"]) for column in answer["ColumnMetadata"]]
                rows = [
                    dict(zip(names, map(_cell, record), strict=True))
                    for record in answer["Records"]
                ]
            yield from rows
            if not answer.get("NextToken"):
                return
            asked["NextToken"] = answer["NextToken"]


@contextlib.contextmanager
def _as_answered(what: str) -> Generator[None]:
    """An answer that is not of the Data API's form is an error for a reader, not a defect.

    Raises:
        Undecided: it can't be read.
    """
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Undecided(
            f"Redshift's answer can't be read: {what}: {type(error).__name__} {error}. Run the same"
            " command again."
        ) from error


def refuse_large(what: str, batch: Batch) -> None:
    """Refuse what the Data API would not take.

    Raises:
        WarehouseError: too many statements, or one that is too large.
    """
    if not 1 <= len(batch.statements) <= MOST_STATEMENTS:
        raise WarehouseError(
            f"Redshift: {what} has {len(batch.statements)} statements: one transaction takes"
            f" {MOST_STATEMENTS}. Nothing was changed: this is a defect, please report it."
        )
    for number, statement in enumerate(batch.statements, start=1):
        size = len(statement.encode()) + sum(
            len(_written(value).encode())
            for name, value in batch.parameters.items()
            if f":{name}," in statement
        )
        if size > LARGEST_STATEMENT:
            raise WarehouseError(
                f"Redshift: statement {number} of {what} has {size:,} bytes with its values:"
                f" allowed are {LARGEST_STATEMENT:,}. Nothing was changed: shorten the texts, or"
                " report it as a defect."
            )


def token_of(name: str) -> str:
    """The idempotency token of a transaction: the same for the same name."""
    return hashlib.sha256(name.encode()).hexdigest()


def unreachable(what: str, error: Exception) -> WarehouseError:
    """The error for a reader of a call that was refused, or not answered (``Undecided``)."""
    said = (str(error) or repr(error)).splitlines()[0]
    if _FIRST_REFUSAL <= _status(error) < _FIRST_FAILURE and not _is_busy(error):
        return WarehouseError(
            f"Redshift refused: {what}: {said}. Check the role's permissions, the workgroup and the"
            " database."
        )
    return Undecided(f"Redshift did not answer: {what}: {said}. Run the same command again.")


def _is_busy(error: Exception) -> bool:
    return isinstance(error, ClientError) and _code(error) in _BUSY


def _code(error: ClientError) -> str:
    response: Mapping[str, Any] = cast("Any", error).response
    return str(response.get("Error", {}).get("Code", ""))


def _status(error: Exception) -> int:
    if not isinstance(error, ClientError):
        return 0
    response: Mapping[str, Any] = cast("Any", error).response
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _ended(what: str, statement_id: str, said: Mapping[str, Any]) -> FinishedJob:
    if said["Status"] == _FINISHED:
        return FinishedJob(statement_id, what)
    parts: Sequence[Mapping[str, Any]] = said.get("SubStatements", ())
    failed = [place for place, part in enumerate(parts) if part.get("Status") == "FAILED"]
    error = str(said.get("Error") or f"it was {str(said['Status']).lower()}")
    return FinishedJob(statement_id, what, error, failed[0] if failed else None)


def _written(value: str | None) -> str:
    return "-" if value is None else f"={value}"


def _cell(field: Mapping[str, Any]) -> object:
    if field.get("isNull"):
        return None
    (value,) = (field[kind] for kind in field if kind != "isNull")
    return value
