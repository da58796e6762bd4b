"""One JSON line per step, with the field names that Cloud Logging reads.

https://docs.cloud.google.com/logging/docs/structured-logging: ``severity``, ``message``, ``time``
and ``logging.googleapis.com/trace`` become the entry's own; every other field can be searched as
``jsonPayload.NAME`` (``job``, ``cloud``, ``step``, ``outcome``, ``load_id``).
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

TRACE = "logging.googleapis.com/trace"


class Severity(StrEnum):
    """How bad it is; an alert looks at ``ERROR`` and above."""

    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class Step(StrEnum):
    """What a line tells of; alerts search for these words."""

    STARTED = "started"
    FOUND = "found"
    """The bills that a run looks at are known."""
    LOADING = "loading"
    """The load of one bill starts."""
    BILL = "bill"
    """One bill is looked after; the line says what it ``became``."""
    CHARGED = "charged"
    """A warehouse did a job, or a cloud was asked something that costs: what it was, how much."""
    PUBLISHED = "published"
    """The hub is told, or could not be told, what a cloud's own warehouse committed."""
    FINISHED = "finished"
    """The command did what it can; the line has its ``outcome``."""
    REFUSED = "refused"
    """The message is wrong, and a retry won't help."""
    FAILED = "failed"
    """The command failed; Pub/Sub sends the message again."""


class Log:
    """Writes lines that all carry the same ``fields``.

    ``write`` gets one line, without its end; ``clock`` gives the time in UTC.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        clock: Callable[[], datetime],
        fields: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self._write = write
        self._clock = clock
        self._fields = fields

    def bound(self, **fields: object) -> "Log":
        """The same log, with more fields on every line."""
        return Log(self._write, self._clock, {**self._fields, **fields})

    def traced(self, project: str, header: str) -> "Log":
        """The same log, its lines joined to the request of the header X-Cloud-Trace-Context."""
        trace = header.partition("/")[0]
        if not trace.isalnum():
            return self
        return self.bound(**{TRACE: f"projects/{project}/traces/{trace}"})

    def line(self, severity: Severity, message: str, **fields: object) -> None:
        """Write one line; a field that is None is left out."""
        entry = {
            "severity": severity.value,
            "message": message,
            "time": self._clock().isoformat(),
            **{
                key: value for key, value in {**self._fields, **fields}.items() if value is not None
            },
        }
        self._write(json.dumps(entry, default=str))
