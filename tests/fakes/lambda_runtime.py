"""Lambda's Runtime API for one function, which AWS's own runtime client takes its events from.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. The function's process is real; its
time ends it as Lambda would.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FUNCTION = "aws-daily-etl"
ARN = f"arn:aws:lambda:eu-central-1:123456789012:function:{FUNCTION}"

Answer = dict[str, Any]


class InvocationError(Exception):
    """The function raised; ``kind`` is the error's class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


@dataclass
class LambdaFunction:
    """``seconds`` is the function's timeout."""

    seconds: float
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    initial_error: Answer | None = None
    events: "queue.Queue[tuple[str, bytes]]" = field(default_factory=queue.Queue[tuple[str, bytes]])
    answers: dict[str, tuple[str, Answer]] = field(default_factory=dict[str, tuple[str, Answer]])
    answered: threading.Condition = field(default_factory=threading.Condition)

    def invoke(self, event: Mapping[str, object]) -> Answer:
        """What the function answers.

        Raises:
            InvocationError: it raised, or its time was up, or its process ended.
        """
        request = f"request-{len(self.answers) + self.events.qsize() + 1}"
        self.events.put((request, json.dumps(event).encode()))
        deadline = time.monotonic() + self.seconds
        with self.answered:
            while request not in self.answers:
                self.answered.wait(0.05)
                assert self.process is not None
                if self.process.poll() is not None:
                    raise InvocationError("Runtime.ExitError", self.lines())
                if time.monotonic() > deadline:
                    self.process.kill()
                    raise InvocationError("Sandbox.Timedout", f"{self.seconds} seconds")
        kind, answer = self.answers[request]
        if kind == "error":
            raise InvocationError(str(answer["errorType"]), str(answer["errorMessage"]))
        return answer

    def lines(self) -> str:
        """What the function wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def logged(self, step: str) -> list[Answer]:
        """The JSON lines of that step."""
        lines = [json.loads(line) for line in self.lines().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("step") == step]


@contextmanager
def lambda_function(
    handler: str, environ: Mapping[str, str], log: Path, seconds: float = 60
) -> Generator[LambdaFunction]:
    """The function in AWS's runtime client, ready for events."""
    function = LambdaFunction(seconds, log)

    class Handler(_Handler):
        serves = function

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    given = {
        "PATH": os.environ["PATH"],
        "NO_PROXY": "127.0.0.1",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "group",
        "AWS_LAMBDA_LOG_STREAM_NAME": "stream",
        "AWS_REGION": "eu-central-1",
        "_HANDLER": handler,
        **environ,
    }
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            env=given,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        function.process = process
        try:
            yield function
        finally:
            process.kill()
            process.wait()
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    serves: LambdaFunction
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        """The next event; waits until there is one."""
        request, body = self.serves.events.get()
        deadline = int((time.time() + self.serves.seconds) * 1000)
        # Without a content type the native client dies.
        self._send(
            200,
            body,
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": ARN,
                "Lambda-Runtime-Trace-Id": "Root=1-0-0",
            },
        )

    def do_POST(self) -> None:
        """An answer, or an error, of the function or of its start."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        *_, request, kind = self.path.split("/")
        with self.serves.answered:
            if request == "init":
                self.serves.initial_error = json.loads(body)
            else:
                self.serves.answers[request] = (kind, json.loads(body))
            self.serves.answered.notify_all()
        self._send(202, b"{}", {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing on standard error."""
