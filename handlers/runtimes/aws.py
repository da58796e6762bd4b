"""The entry point in AWS: a Lambda that takes commands, and word of a new export in S3.

What fails is raised: Lambda tries an event that came without a caller who waits twice more, and
then puts it into the dead letter, where a person finds it
(https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html). So a message that is wrong
gets there, too, and each attempt is a line in the log that says why.
"""

import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from handlers.messages import Command, MessageError, Run, parse
from handlers.native import AwsSettings
from handlers.runtimes.clients import Scratch
from handlers.runtimes.jobs import CommandRefused, RuntimeJobs
from handlers.runtimes.log import Log
from handlers.runtimes.publishing import NativeClients, native_runners
from handlers.runtimes.raising import run_or_raise
from handlers.scopes import AwsScope
from handlers.settings import RuntimeSettings
from handlers.sources.manifests import text_at

_MANIFEST = re.compile(r"manifest\.json$", re.IGNORECASE)
_MONTH = re.compile(r"BILLING_PERIOD=(\d{4}-\d{2})/|/(\d{4})(\d{2})01-\d{8}/", re.ASCII)
"""Where a manifest's key says its month, in CUR 2.0 and in the report of before:
https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html"""

Event = Mapping[str, object]
Answer = dict[str, object]
ClientsOf = Callable[[AwsSettings, Scratch], NativeClients]


class Context(Protocol):
    """What Lambda says of an invocation.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the function."""
        ...


Handler = Callable[[Event, Context], Answer]


@dataclass(frozen=True)
class Function:
    """Takes an event to its end."""

    settings: AwsSettings
    clients: ClientsOf
    log: Log

    def answer(self, event: Event, context: Context) -> Answer:
        """Run the command that ``event`` is; every step leaves one line in the log.

        Raises:
            CostError: it has to be tried again, or is wrong and no attempt will mend it.
        """
        log = self.log.bound(request_id=context.aws_request_id)
        report = run_or_raise(
            lambda: command_of(event, self.settings.runtime), self._jobs(context), log
        )
        return {"outcome": report.outcome.value, "message": report.message, **report.details}

    def _jobs(self, context: Context) -> RuntimeJobs:
        def clients(_: RuntimeSettings, scratch: Scratch) -> NativeClients:
            return self.clients(self.settings, scratch)

        return RuntimeJobs(
            self.settings.runtime,
            runners=native_runners(clients),
            clients=clients,
            seconds=context.get_remaining_time_in_millis() / 1000,
        )


def command_of(event: Event, settings: RuntimeSettings) -> Command:
    """The command that ``event`` is: as it is sent, or what a new manifest in S3 asks for.

    Raises:
        MessageError: it is neither.
        CommandRefused: the manifest is in a bucket of no scope.
    """
    if event.get("source") != "aws.s3":
        return parse(event)
    said = dict(event)
    bucket = text_at(said, "detail", "bucket", "name")
    key = text_at(said, "detail", "object", "key")
    if not _MANIFEST.search(key):
        raise MessageError(f"The event tells of s3://{bucket}/{key[:200]}, which is no manifest.")
    if not any(_holds(scope, bucket, key) for scope in settings.scopes):
        raise CommandRefused(
            f"The event tells of s3://{bucket}/{key[:200]}, which is in no scope of"
            f" {settings.job}: run 'pulumi up', which says what tells the function of exports."
        )
    month = _MONTH.search(key)
    asked: dict[str, object] = {"run": Run.COLLECT.value}
    if month:
        asked["period"] = month[1] or f"{month[2]}-{month[3]}"
    return parse(asked)


def _holds(scope: object, bucket: str, key: str) -> bool:
    return isinstance(scope, AwsScope) and scope.bucket == bucket and key.startswith(scope.prefix)


def entry_point() -> Handler:
    """The function that the runtime calls, with this process's settings.

    A mistake in them ends the process before it takes an event, with the list of mistakes in its
    log.

    Raises:
        SettingsError: names every mistake in the environment.
    """
    settings = AwsSettings.from_environment(os.environ)
    runtime = settings.runtime
    log = Log(_write_line, _now, {"job": runtime.job, "cloud": runtime.cloud})
    function = Function(settings, _clients, log)

    def handle(event: Event, context: Context) -> Answer:
        return function.answer(event, context)

    return handle


def _clients(settings: AwsSettings, scratch: Scratch) -> NativeClients:
    """The real ones. Imported when an event comes: a cold start only has to open the door."""
    return importlib.import_module("handlers.runtimes.aws_clients").RuntimeClients(
        settings, scratch
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _write_line(line: str) -> None:
    """One write, so that lines of two threads do not mix."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
