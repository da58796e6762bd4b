"""Redshift's Data API over a PostgreSQL that really runs the statements, and rolls back.

A batch is one transaction in a session of its own, and goes on whatever becomes of the client that
started it. COPY and UNLOAD reach S3 (moto). What the service refuses is refused, and things go
wrong as a test plans them. Statements see the snapshot that Redshift Serverless gives them, whose
default is snapshot isolation.
"""

import itertools
import json
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg

from tests.fakes import redshift_s3
from tests.fakes.redshift_sql import Copy, Refused, Unload, read

Answer = dict[str, Any]

_MOST_STATEMENTS, _LARGEST_STATEMENT, _LONGEST_TOKEN = 40, 100_000, 64
_RUNNING = ("SUBMITTED", "PICKED", "STARTED")


class ServiceError(Exception):
    """A refusal of the service's, by its name."""

    def __init__(self, kind: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = status


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests for ``operation``.

    With ``kind`` the request is refused by that name. ``lost`` does what is asked and cuts the
    connection instead of answering. ``before`` runs first.
    """

    operation: str
    times: int = 1
    kind: str = ""
    status: int = 400
    lost: bool = False
    before: Callable[[], object] | None = None


@dataclass
class Statement:
    """A statement or batch, from its start to its end."""

    id: str
    name: str
    sqls: Sequence[str]
    created: float
    is_batch: bool
    status: str = "STARTED"
    error: str = ""
    failed_at: int | None = None
    names: list[str] = field(default_factory=list[str])
    rows: list[tuple[Any, ...]] | None = None

    def described(self) -> Answer:
        """As DescribeStatement gives it."""
        answer: Answer = {
            "Id": self.id,
            "Status": self.status,
            "CreatedAt": self.created,
            "HasResultSet": self.rows is not None,
            "QueryString": self.sqls[0],
        }
        if self.error:
            answer["Error"] = self.error
        if self.is_batch:
            answer["SubStatements"] = [
                {"Id": f"{self.id}:{place + 1}", "QueryString": sql, "Status": self._part(place)}
                for place, sql in enumerate(self.sqls)
            ]
        return answer

    def _part(self, place: int) -> str:
        if self.failed_at is None or place < self.failed_at:
            return self.status if self.status in _RUNNING else "FINISHED"
        return "FAILED" if place == self.failed_at else "ABORTED"


@dataclass
class FakeRedshift:
    """``url`` is where boto3 finds it. ``before_statement`` runs before each of a batch's.

    ``page`` is how many rows one answer has, ``largest_result`` the bytes that a result may have.
    """

    address: str
    s3: redshift_s3.Client
    url: str = ""
    page: int = 1000
    largest_result: int = 500 * 1024 * 1024
    faults: list[Fault] = field(default_factory=list[Fault])
    before_statement: Callable[[int, str], object] = lambda _place, _sql: None
    clock: Callable[[], datetime] | None = None
    """The database's time (UTC), where it is not the machine's."""
    statements: dict[str, Statement] = field(default_factory=dict[str, Statement])
    asked: list[tuple[str, Answer]] = field(default_factory=list[tuple[str, Answer]])
    _tokens: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of PostgreSQL itself, past the Data API."""
        with psycopg.connect(self.address) as connection:
            return connection.execute(sql.encode()).fetchall()

    def wait(self) -> None:
        """Until everything that was started has ended."""
        with self._lock:
            started = list(self._threads)
        for thread in started:
            thread.join()

    def batches(self, beginning: str) -> list[Statement]:
        """The batches whose name begins so, oldest first."""
        return [each for each in self.statements.values() if each.name.startswith(beginning)]

    def answer(self, operation: str, asked: Answer) -> Answer:
        """What the service answers."""
        self.asked.append((operation, asked))
        match operation:
            case "ExecuteStatement":
                return self._start(asked, [asked["Sql"]], is_batch=False)
            case "BatchExecuteStatement":
                return self._start(asked, asked["Sqls"], is_batch=True)
            case "DescribeStatement":
                return self._statement(asked).described()
            case "ListStatements":
                return self._list(asked)
            case "GetStatementResult":
                return self._result(asked)
            case _:
                raise ServiceError("UnknownOperationException", operation)

    def next_fault(self, operation: str) -> Fault | None:
        """What is planned for this request."""
        for fault in self.faults:
            if fault.times and fault.operation == operation:
                fault.times -= 1
                return fault
        return None

    def _start(self, asked: Answer, sqls: Sequence[str], *, is_batch: bool) -> Answer:
        parameters = {each["name"]: each["value"] for each in asked.get("Parameters", ())}
        _check(asked, sqls, parameters)
        said = json.dumps(asked, sort_keys=True)
        with self._lock:
            token = asked.get("ClientToken", "")
            before = self._tokens.get(token)
            if before is not None and before[0] != said:
                raise ServiceError(
                    "ValidationException", "The client token was used with other parameters."
                )
            if before is not None:
                return {"Id": before[1]}
            made = Statement(
                id=f"{next(self._numbers):08x}-0000-4000-8000-000000000000",
                name=asked.get("StatementName", ""),
                sqls=sqls,
                created=time.time(),
                is_batch=is_batch,
            )
            self.statements[made.id] = made
            self._tokens[token] = (said, made.id)
            thread = threading.Thread(target=self._run, args=(made, parameters), daemon=True)
            thread.start()
            self._threads.append(thread)
        return {"Id": made.id, "CreatedAt": made.created}

    def _run(self, made: Statement, parameters: Mapping[str, str]) -> None:
        place = 0
        try:
            with psycopg.connect(self.address, options="-c TimeZone=UTC") as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                for place, sql in enumerate(made.sqls):
                    if made.is_batch:
                        self.before_statement(place, sql)
                    with connection.cursor() as cursor:
                        self._execute(cursor, sql, parameters)
                        self._keep_rows(made, cursor)
        except (psycopg.Error, Refused, redshift_s3.Unreadable) as error:
            made.failed_at = place
            made.error = f"ERROR: {str(error).splitlines()[0]}"
            made.rows = None
            made.status = "FAILED"
        else:
            made.status = "FINISHED"

    def _execute(
        self, cursor: "psycopg.Cursor[Any]", sql: str, parameters: Mapping[str, str]
    ) -> None:
        if self.clock is not None:
            sql = sql.replace("SYSDATE", f"TIMESTAMP '{self.clock():%Y-%m-%d %H:%M:%S.%f}'")
        match read(sql):
            case Copy() as copy:
                redshift_s3.copy(cursor, self.s3, copy)
            case Unload() as unload:
                redshift_s3.unload(cursor, self.s3, unload)
            case plain:
                named = {name: parameters[name] for name in parameters if f":{name}" in sql}
                cursor.execute(plain.sql.encode(), named or None)

    def _keep_rows(self, made: Statement, cursor: "psycopg.Cursor[Any]") -> None:
        if cursor.description is None:
            return
        made.names = [column.name for column in cursor.description]
        made.rows = cursor.fetchall()
        if len(json.dumps(made.rows, default=str)) > self.largest_result:
            raise Refused("Query result size exceeds the limit of the Data API")

    def _statement(self, asked: Answer) -> Statement:
        found = self.statements.get(asked["Id"])
        if found is None:
            raise ServiceError("ResourceNotFoundException", "Query does not exist.")
        return found

    def _list(self, asked: Answer) -> Answer:
        beginning = asked.get("StatementName", "")
        found = [
            {"Id": each.id, "StatementName": each.name, "Status": each.status,
             "CreatedAt": each.created, "IsBatchStatement": each.is_batch}
            for each in self.statements.values()
            if each.name and each.name.startswith(beginning)
        ]  # fmt: skip
        first = int(asked.get("NextToken", "0"))
        answer: Answer = {"Statements": found[first : first + 2]}
        if first + 2 < len(found):
            answer["NextToken"] = str(first + 2)
        return answer

    def _result(self, asked: Answer) -> Answer:
        made = self._statement(asked)
        if made.rows is None:
            raise ServiceError("ResourceNotFoundException", "Query does not have result.")
        first = int(asked.get("NextToken", "0"))
        answer: Answer = {
            "ColumnMetadata": [{"name": name, "label": name} for name in made.names],
            "Records": [
                [_cell(value) for value in row] for row in made.rows[first : first + self.page]
            ],
            "TotalNumRows": len(made.rows),
        }
        if first + self.page < len(made.rows):
            answer["NextToken"] = str(first + self.page)
        return answer


def _check(asked: Answer, sqls: Sequence[str], parameters: Mapping[str, str]) -> None:
    """What the service looks at before it takes a statement."""
    problem = ""
    if not asked.get("WorkgroupName") or not asked.get("Database"):
        problem = "WorkgroupName and Database are required."
    elif not 1 <= len(sqls) <= _MOST_STATEMENTS:
        problem = f"Member must have length less than or equal to {_MOST_STATEMENTS}"
    elif any(value == "" for value in parameters.values()):
        problem = "Parameter value must have length greater than or equal to 1"
    elif len(asked.get("ClientToken", "")) > _LONGEST_TOKEN:
        problem = "The client token is too long."
    for sql in sqls:
        size = len(sql.encode()) + sum(
            len(value.encode()) for name, value in parameters.items() if f":{name}" in sql
        )
        if size > _LARGEST_STATEMENT:
            problem = "Cannot process query string larger than 100kB"
    for name in parameters:
        if not any(f":{name}" in sql for sql in sqls):
            problem = f"Parameter {name} is not referenced."
    if problem:
        raise ServiceError("ValidationException", problem)


def _cell(value: object) -> Answer:
    match value:
        case None:
            return {"isNull": True}
        case bool():
            return {"booleanValue": value}
        case int():
            return {"longValue": value}
        case float():
            return {"doubleValue": value}
        case Decimal():
            return {"stringValue": format(value, "f")}
        case datetime():
            return {"stringValue": value.isoformat(" ")}
        case date():
            return {"stringValue": value.isoformat()}
        case _:
            return {"stringValue": str(value)}


@contextmanager
def fake_redshift(address: str, s3: redshift_s3.Client) -> Generator[FakeRedshift]:
    """The Data API on a free port, over the PostgreSQL at ``address``; its database is emptied."""
    fake = FakeRedshift(address, s3)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS llm_costs CASCADE")
        # The catalog's view of columns is PostgreSQL's own under another name.
        connection.execute(
            "CREATE OR REPLACE VIEW public.svv_columns AS SELECT * FROM information_schema.columns"
        )

    class Handler(_Handler):
        redshift = fake

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.wait()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    redshift: FakeRedshift
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = str(self.headers["X-Amz-Target"]).partition(".")[2]
        fault = self.redshift.next_fault(operation)
        if fault is not None and fault.before is not None:
            fault.before()
        try:
            if fault is not None and fault.kind:
                raise ServiceError(fault.kind, "As planned.", fault.status)
            answer, status = self.redshift.answer(operation, asked), 200
        except ServiceError as error:
            answer, status = {"__type": error.kind, "message": str(error)}, error.status
        if fault is not None and fault.lost:
            self.close_connection = True
            return
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on standard error."""
