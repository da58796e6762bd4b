"""What a job wrote in its log about its messages (handlers/runtimes/log.py).

https://docs.cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from handlers.runtimes.log import Step
from infra.apis.google import GoogleLogin

ENDS = (Step.FINISHED, Step.REFUSED, Step.FAILED)
"""The steps that end an attempt at a message."""
GOES_ON = 503
"""What a job answers when its time was up: the next attempt goes on from there."""
MOST = 1000


@dataclass(frozen=True)
class Line:
    """A step of a job at a message. ``at`` is a time in UTC as text; ``key`` is the line's own.

    ``step`` may be one that only a later version of the job knows.
    """

    key: str
    message_id: str
    job: str
    step: str
    outcome: str
    message: str
    at: str
    status: int

    @property
    def is_end(self) -> bool:
        """Is nothing more to come of this message?"""
        return self.step in ENDS and self.status != GOES_ON


def lines(
    login: GoogleLogin, project: str, wanted: Mapping[str, Sequence[str]], since: str
) -> list[Line]:
    """The lines, newest first, whose fields hold one of the values ``wanted``.

    ``since`` is a time in UTC as text, as Google writes it.

    Raises:
        Refused: this login may not read the log.
    """
    terms = [
        f"jsonPayload.{name}=({' OR '.join(_quoted(value) for value in values)})"
        for name, values in wanted.items()
    ]
    answer = login.api("logging", project).post(
        "/v2/entries:list",
        {
            "resourceNames": [f"projects/{project}"],
            "filter": " AND ".join([*terms, f'timestamp>="{since}"']),
            "orderBy": "timestamp desc",
            "pageSize": MOST,
        },
    )
    entries = cast("list[dict[str, Any]]", answer.get("entries", []))
    return [_line(entry) for entry in entries]


def _line(entry: Mapping[str, Any]) -> Line:
    said = cast("dict[str, Any]", entry["jsonPayload"])
    return line_of(said, str(entry.get("insertId", "")), str(entry.get("timestamp", "")))


def line_of(said: Mapping[str, Any], key: str, at: str) -> Line:
    """A line as a job wrote it; ``key`` and ``at`` are the log's own."""
    return Line(
        key=key,
        message_id=str(said.get("message_id", said.get("request_id", ""))),
        job=str(said.get("job", "")),
        step=str(said.get("step", "")),
        outcome=str(said.get("outcome", "")),
        message=str(said.get("message", "")),
        at=at[:16].replace("T", " "),
        status=int(said.get("status", 0)),
    )


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
