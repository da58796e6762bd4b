"""The entry point in Azure: a Function App that takes commands from a storage queue.

The timer sends the daily command through the same queue, so that it is tried again like any other.
What fails is raised: the host gives the message back to the queue, and after the attempts of
``host.json`` it goes into the queue of that name with ``-poison``, where a person finds it
(https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger). So a
message that is wrong gets there, too, and each attempt is a line in the log that says why.
"""

import importlib
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from handlers.messages import Run, parse
from handlers.native import AzureSettings
from handlers.native_names import NativeName
from handlers.runtimes.clients import Scratch
from handlers.runtimes.jobs import (
    Jobs,
    RuntimeJobs,
)
from handlers.runtimes.log import Log, Severity
from handlers.runtimes.publishing import NativeClients, native_runners
from handlers.runtimes.raising import run_or_raise
from handlers.settings import RuntimeSettings

SCHEDULE = "0 0 4 * * *"
"""Seconds first: 04:00 every day, UTC as long as nobody sets WEBSITE_TIME_ZONE."""
CONNECTION = "COST_COMMANDS"
"""The prefix of the names that say where the queue is and who reads it."""
QUEUE = f"%{NativeName.COMMANDS_QUEUE}%"
"""The host puts the setting in its place."""

_LEVELS = {
    Severity.INFO.value: logging.INFO,
    Severity.WARNING.value: logging.WARNING,
    Severity.ERROR.value: logging.ERROR,
    Severity.CRITICAL.value: logging.CRITICAL,
}

ClientsOf = Callable[[AzureSettings, Scratch], NativeClients]


@dataclass(frozen=True)
class Consumer:
    """Takes a message from the queue to its end."""

    jobs: Jobs
    log: Log

    def take(self, data: bytes, message_id: str, attempt: int | None) -> None:
        """Run the command that ``data`` is; every step leaves one line in the log.

        Raises:
            CostError: it has to be tried again, or is wrong and no attempt will mend it.
        """
        log = self.log.bound(message_id=message_id[:80], attempt=attempt)
        run_or_raise(lambda: parse(data), self.jobs, log)


def function_app(clients_of: ClientsOf | None = None) -> func.FunctionApp:
    """The functions that the host finds, with this process's settings.

    A mistake in them ends the indexing: the host then has no function, and its log the list.

    Raises:
        SettingsError: names every mistake in the environment.
    """
    settings = AzureSettings.from_environment(os.environ)
    consumer = _consumer(settings, clients_of or _clients)
    app = func.FunctionApp()
    untyped: Any = app

    @untyped.function_name("daily")
    @untyped.timer_trigger(arg_name="timer", schedule=SCHEDULE, use_monitor=True)
    @untyped.queue_output(arg_name="commands", queue_name=QUEUE, connection=CONNECTION)
    def daily(timer: func.TimerRequest, commands: func.Out[str]) -> None:
        """Send the daily command; the host asks for it by name."""
        del timer
        commands.set(json.dumps({"run": Run.DAILY.value}))

    @untyped.function_name("command")
    @untyped.queue_trigger(arg_name="message", queue_name=QUEUE, connection=CONNECTION)
    def command(message: func.QueueMessage) -> None:
        """Run a command; the host asks for it by name."""
        consumer.take(message.get_body(), str(message.id or ""), message.dequeue_count)

    return app


def _consumer(settings: AzureSettings, clients_of: ClientsOf) -> Consumer:
    def clients(_: RuntimeSettings, scratch: Scratch) -> NativeClients:
        return clients_of(settings, scratch)

    runtime = settings.runtime
    jobs = RuntimeJobs(runtime, runners=native_runners(clients), clients=clients)
    log = Log(_write_line, _now, {"job": runtime.job, "cloud": runtime.cloud})
    return Consumer(jobs, log)


def _clients(settings: AzureSettings, scratch: Scratch) -> NativeClients:
    """The real ones. Imported when a command comes: a cold start only has to find the functions."""
    module = importlib.import_module("handlers.runtimes.azure_clients")
    return module.RuntimeClients(settings, scratch)


def _now() -> datetime:
    return datetime.now(UTC)


def _write_line(line: str) -> None:
    """To the host by ``logging``, which Application Insights keeps with its severity."""
    level = _LEVELS.get(str(json.loads(line)["severity"]), logging.ERROR)
    logging.getLogger("handlers").log(level, line)
