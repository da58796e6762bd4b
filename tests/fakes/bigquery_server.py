"""The part of BigQuery's API that a load uses, in front of ``bigquery_engine``.

A job id is taken once (409), a job of another location is not found, and what is not known here is
answered 501. Requests go wrong as a test plans them.
"""

import json
import re
import socket
import struct
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from handlers.warehouses.bigquery import tables
from handlers.warehouses.bigquery.jobs import Client
from tests.fakes.bigquery_engine import PROJECT, Engine, Job

LOCATION = "EU"
_RESET = struct.pack("ii", 1, 0)
_API = re.compile(r"(?:/upload)?/bigquery/v2/projects/(?P<project>[^/]+)/(?P<rest>.*)")


@dataclass
class Fault:
    """What the next ``times`` requests meet whose method and path have ``where`` in them.

    ``lost``: the request is carried out and its answer is lost on the way.
    """

    where: str
    status: int = 0
    reason: str = ""
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    reset: bool = False
    lost: bool = False


@dataclass
class FakeBigQuery:
    """The server: its engine, what goes wrong, what was asked."""

    engine: Engine
    url: str = ""
    faults: list[Fault] = field(default_factory=list[Fault])
    asked: list[str] = field(default_factory=list[str])

    def client(self) -> Client:
        """Google's own client of it."""
        options = ClientOptions(api_endpoint=self.url)
        return bigquery.Client(PROJECT, AnonymousCredentials(), client_options=options)

    def ids(self, what: str) -> list[str]:
        """The ids of the jobs that were started for ``what``, in order."""
        return [each for each in self.engine.jobs if each.startswith(f"{what}_")]

    def staged(self) -> list[str]:
        """The staged tables that are there."""
        return [name for name in self.engine.schemas if name.startswith("staging.")]


@contextmanager
def fake_bigquery() -> Generator[FakeBigQuery]:
    """The hub's tables, empty, behind a free port."""
    engine = Engine()
    for table in tables():
        engine.create("costs", table)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    fake = FakeBigQuery(engine, f"http://127.0.0.1:{server.server_port}")
    _Handler.served[server.server_port] = fake
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        engine.close()
        del _Handler.served[server.server_port]


Reply = tuple[int, Mapping[str, Any]]


class _Handler(BaseHTTPRequestHandler):
    served: dict[int, FakeBigQuery] = {}  # noqa: RUF012 - by port: the server makes a handler itself
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def answer(self) -> None:
        fake = self.served[int(self.connection.getsockname()[1])]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = f"{self.command} {urlsplit(self.path).path}"
        fake.asked.append(asked)
        fault = next((each for each in fake.faults if each.times and each.where in asked), None)
        if fault is not None:
            fault.times -= 1
            if fault.reset:
                self._reset()
                return
            if fault.status:
                self._send(*_error(fault.status, fault.reason, "As planned."), fault.headers)
                return
        status, content = _reply(fake, self.command, self.path, body, dict(self.headers.items()))
        if fault is not None and fault.lost:
            self._reset()
            return
        self._send(status, content, {})

    do_GET = do_POST = do_DELETE = answer  # noqa: N815

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close_connection = True
        self.connection.close()

    def _send(self, status: int, content: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on standard error."""


def _error(status: int, reason: str, message: str) -> Reply:
    errors = [{"reason": reason, "message": message, "domain": "global"}]
    return status, {"error": {"code": status, "message": message, "errors": errors}}


def _reply(
    fake: FakeBigQuery, method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> Reply:
    url = urlsplit(path)
    found = _API.fullmatch(url.path)
    if found is None or found["project"] != PROJECT:
        return _error(404, "notFound", f"Not found: {url.path}")
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    parts = found["rest"].split("/")
    match method, parts:
        case "GET", ["datasets", dataset, "tables", table]:
            return _table(fake, f"{dataset}.{table}")
        case "DELETE", ["datasets", dataset, "tables", table]:
            gone = fake.engine.drop(f"{dataset}.{table}")
            return (204, {}) if gone else _error(404, "notFound", f"Not found: Table {table}")
        case "POST", ["jobs"] if query.get("uploadType") == "multipart":
            return _upload(fake, body, headers.get("Content-Type", headers.get("content-type", "")))
        case "POST", ["jobs"]:
            return _insert(fake, json.loads(body))
        case "GET", ["jobs" | "queries" as what, job_id]:
            job = fake.engine.jobs.get(job_id)
            if job is None or query.get("location") != LOCATION:
                return _error(404, "notFound", f"Not found: Job {PROJECT}:{job_id}")
            return (200, _described(job)) if what == "jobs" else _results(job, query)
        case _:
            return _error(501, "notImplemented", f"{method} {url.path}")


def _table(fake: FakeBigQuery, name: str) -> Reply:
    fields = fake.engine.schemas.get(name)
    if fields is None:
        return _error(404, "notFound", f"Not found: Table {PROJECT}:{name}")
    dataset, _, table = name.partition(".")
    reference = {"projectId": PROJECT, "datasetId": dataset, "tableId": table}
    return 200, {"tableReference": reference, "schema": {"fields": fields}}


def _insert(fake: FakeBigQuery, content: Mapping[str, Any]) -> Reply:
    reference, query = content["jobReference"], content["configuration"].get("query")
    if reference.get("location") != LOCATION:
        return _error(404, "notFound", f"Not found: Dataset in {reference.get('location')}")
    if query is None or query.get("useLegacySql") is not False:
        return _error(501, "notImplemented", "only standard SQL")
    if "maximumBytesBilled" not in query:
        return _error(400, "invalid", "a query here says the most that it may cost")
    bound = {each["name"]: _value(each) for each in query.get("queryParameters", ())}
    job = Job(reference["jobId"], "query", query["query"])
    taken = fake.engine.query(job, query["query"], bound, int(query["maximumBytesBilled"]))
    return _started(job, taken)


def _started(job: Job, taken: Job | None) -> Reply:
    if taken is not None:
        return _error(409, "duplicate", f"Already Exists: Job {PROJECT}:{job.job_id}")
    job.done.wait(0.5)  # most are over by then, and nobody has to ask again
    return 200, _described(job)


def _value(parameter: Mapping[str, Any]) -> str | list[str] | None:
    value = parameter["parameterValue"]
    if parameter["parameterType"]["type"] == "ARRAY":
        return [str(each["value"]) for each in value.get("arrayValues", ())]
    found = value.get("value")
    return None if found is None else str(found)


def _upload(fake: FakeBigQuery, body: bytes, kind: str) -> Reply:
    boundary = re.findall(r"boundary=[\"']?([^\"';]+)", kind)[0].encode()
    _, first, second, _ = body.split(b"--" + boundary)
    content: dict[str, Any] = json.loads(first.split(b"\r\n\r\n", 1)[1])
    file = second.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
    job = Job(content["jobReference"]["jobId"], "load")
    return _started(job, fake.engine.load(job, content["configuration"]["load"], file))


def _described(job: Job) -> Mapping[str, Any]:
    done = job.done.is_set()
    status: dict[str, Any] = {"state": "DONE" if done else "RUNNING"}
    if done and job.error is not None:
        status["errorResult"] = {"reason": job.error.reason, "message": str(job.error)}
        status["errors"] = [status["errorResult"]]
    table = {"projectId": PROJECT, "datasetId": "_x", "tableId": job.job_id}
    configuration = (
        {"query": {"query": job.sql, "destinationTable": table}}
        if job.kind == "query"
        else {"load": {"destinationTable": table}}
    )
    return {
        "jobReference": {"projectId": PROJECT, "jobId": job.job_id, "location": LOCATION},
        "configuration": {"jobType": job.kind.upper(), **configuration},
        "status": status,
        "statistics": {
            "query": {"totalBytesBilled": str(job.bytes_billed), "statementType": "SCRIPT"},
            "load": {"outputRows": str(job.output_rows)},
        },
    }


def _results(job: Job, query: Mapping[str, str]) -> Reply:
    """A page of the rows of a job that has ended."""
    reference = {"projectId": PROJECT, "jobId": job.job_id, "location": LOCATION}
    if not job.done.is_set():
        return 200, {"jobReference": reference, "jobComplete": False}
    if job.error is not None:
        return _error(400, job.error.reason, str(job.error))
    start = int(query.get("pageToken") or 0)
    end = start + int(query.get("maxResults") or 1000)
    found: dict[str, Any] = {
        "jobReference": reference,
        "jobComplete": True,
        "totalRows": str(len(job.rows)),
        "schema": {"fields": [{"name": name, "type": kind} for name, kind in job.schema]},
        "rows": [{"f": [{"v": _cell(cell)} for cell in row]} for row in job.rows[start:end]],
    }
    if end < len(job.rows):
        found["pageToken"] = str(end)
    return 200, found


def _cell(cell: object) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, datetime):
        since = cell - datetime(1970, 1, 1, tzinfo=cell.tzinfo)
        return str((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
