"""What stands between Google's client and the BigQuery emulator: what the emulator lacks.

- It reads decimals in parquet as zero: parquet is handed on as newline-delimited JSON.
- It can't run the catalog's rules: the table of named SKUs is filled with the answers of
  GoogleSQL's own evaluator.
- A statement of a script that binds nothing fails where another one does: it binds something.
- It passes over ASSERT: what a script asserts is asked first, and one that does not hold makes the
  job fail with its text.
- It answers a repeated job id with 400: Google answers 409.
- It forgets later why a job failed: where what a script asserts can't be asked, as of a table that
  is not there, no job is made and the script is refused, which nobody tries again.
"""

import json
import re
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb

NAMED = re.compile(r"CREATE OR REPLACE TABLE (`[^`]+_named`) AS\n(.*)", re.DOTALL)
ASSERT = re.compile(r"^ASSERT (.*) AS '([^']*)';$", re.MULTILINE)
BINDS_NOTHING = re.compile(r"(INSERT INTO [^@;]+);")

NameSkus = Callable[[str, str], None]
"""Fills the table of that name, in backquotes, with the answers to that query."""


@contextmanager
def proxy_to(port: int, name_skus: NameSkus) -> Generator[str, None, None]:
    """The address of a proxy to the emulator on ``port``."""

    class Handler(_Handler):
        emulator = port
        names = staticmethod(name_skus)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Refused(Exception):
    """A script that is not handed on."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    emulator: int
    names: NameSkus

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in {"host", "content-length", "accept-encoding", "connection"}
        }
        try:
            body, headers = self._mended(body, headers)
        except _Refused as error:
            self._refuse(str(error))
            return
        connection = HTTPConnection("127.0.0.1", self.emulator, timeout=60)
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        content = response.read()
        status = response.status
        if status == 400 and b"already" in content and b"job" in content.lower():
            status = 409
        connection.close()
        self.send_response(status)
        for name, value in response.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, message: str) -> None:
        error = {"code": 404, "message": message, "errors": [{"reason": "notFound"}]}
        content = json.dumps({"error": error}).encode()
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def _mended(self, body: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        kind = headers.get("Content-Type", headers.get("content-type", ""))
        if self.path.startswith("/upload/") and kind.startswith("multipart/related"):
            return _as_ndjson(body, kind), headers
        if self.command == "POST" and body.startswith(b"{"):
            return self._named(body), headers
        return body, headers

    def _named(self, body: bytes) -> bytes:
        content: dict[str, Any] = json.loads(body)
        query = content.get("configuration", {}).get("query", content)
        text = str(query.get("query", ""))
        found = NAMED.search(text)
        if found is None:
            if not text.startswith("BEGIN TRANSACTION"):
                return body
            broken = self._broken(text, query.get("queryParameters", []))
            if broken is not None:
                query["query"] = f"SELECT ERROR('{broken}')"
                query.pop("queryParameters", None)
            else:
                query["query"] = BINDS_NOTHING.sub(r"\1 WHERE @warehouse IS NOT NULL;", text)
            return json.dumps(content).encode()
        type(self).names(found[1], found[2])
        query["query"] = "SELECT 1"
        query.pop("queryParameters", None)
        return json.dumps(content).encode()

    def _broken(self, text: str, parameters: list[dict[str, Any]]) -> str | None:
        """The text of the first assertion that does not hold.

        Raises:
            _Refused: one can't be asked.
        """
        for condition, said in ASSERT.findall(text):
            used = [each for each in parameters if f"@{each['name']}" in condition]
            asked = {
                "query": f"SELECT {condition} AS holds",
                "queryParameters": used,
                "parameterMode": "NAMED",
                "useLegacySql": False,
            }
            connection = HTTPConnection("127.0.0.1", self.emulator, timeout=60)
            path = re.sub(r"/(jobs|queries)\b.*", "/queries", self.path)
            connection.request(
                "POST", path, json.dumps(asked), {"Content-Type": "application/json"}
            )
            answer = json.loads(connection.getresponse().read())
            connection.close()
            if "rows" not in answer:
                raise _Refused(answer["error"]["message"])
            if answer["rows"][0]["f"][0]["v"] != "true":
                return str(said)
        return None

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of a request."""


def _as_ndjson(body: bytes, kind: str) -> bytes:
    boundary = re.findall(r'boundary="?([^";]+)', kind)[0].encode()
    _, first, second, _ = body.split(b"--" + boundary)
    job: dict[str, Any] = json.loads(first.split(b"\r\n\r\n", 1)[1])
    load = job["configuration"]["load"]
    if load.get("sourceFormat") != "PARQUET":
        return body
    load["sourceFormat"] = "NEWLINE_DELIMITED_JSON"
    load.pop("decimalTargetTypes", None)
    head, content = second.split(b"\r\n\r\n", 1)
    lines = _lines(content.removesuffix(b"\r\n"))
    parts = (b"\r\ncontent-type: application/json\r\n\r\n" + json.dumps(job).encode() + b"\r\n",
             head + b"\r\n\r\n" + lines + b"\r\n")  # fmt: skip
    return b"".join(b"--" + boundary + part for part in parts) + b"--" + boundary + b"--"


def _lines(content: bytes) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file, duckdb.connect() as connection:
        Path(file.name).write_bytes(content)
        rows = connection.execute(
            f"SELECT to_json(line)::VARCHAR FROM (SELECT COLUMNS(*)::VARCHAR FROM '{file.name}')"
            " AS line"
        ).fetchall()
    return "".join(f"{row[0]}\n" for row in rows).encode()
