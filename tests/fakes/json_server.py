"""A server on this machine that speaks JSON, for the fakes of APIs."""

import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """A request as it came. ``form`` is a body that is no JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Fields
    form: Mapping[str, str]

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    status: int
    body: Fields | Sequence[Fields] | str
    """JSON, or a text as it is."""
    headers: Mapping[str, str] | None = None


Answers = Callable[[Request], Answer]


@contextmanager
def json_server(answers: Answers) -> Generator[str]:
    """A server on a free port that answers so; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    _Handler.served[server.server_port] = answers
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        del _Handler.served[server.server_port]


class _Handler(BaseHTTPRequestHandler):
    served: dict[int, Answers] = {}  # noqa: RUF012 - by port: the server makes a handler itself

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def do_PATCH(self) -> None:
        self._reply()

    def do_PUT(self) -> None:
        self._reply()

    def _reply(self) -> None:
        port = int(self.connection.getsockname()[1])
        answer = self.served[port](self._request())
        is_text = isinstance(answer.body, str)
        content = (
            answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        ).encode()
        self.send_response(answer.status)
        for name, value in (answer.headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/xml" if is_text else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _request(self) -> Request:
        url = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        # A payload of Lambda has no type.
        is_json = "json" in self.headers.get("Content-Type", "") or content.startswith("{")
        body: object = json.loads(content) if content and is_json else {}
        form = {} if is_json else parse_qs(content)
        return Request(
            method=self.command,
            path=unquote(url.path),
            query={name: values[0] for name, values in parse_qs(url.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=cast("Fields", body),
            form={name: values[0] for name, values in form.items()},
        )

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on standard error."""
