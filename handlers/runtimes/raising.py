"""Runtimes that take an exception for "try it again": Lambda, and a Function App's queue.

Both set aside what has failed often enough, where a person finds it. So a message that is wrong
gets there, too, and each attempt is a line in the log that says why.
"""

from collections.abc import Callable, Mapping

from handlers.errors import CostError
from handlers.messages import Command, MessageError
from handlers.runtimes.jobs import (
    CommandRefused,
    Jobs,
    Report,
    RunFailed,
    RunUnfinished,
    run_logged,
)
from handlers.runtimes.log import Log, Severity, Step


def run_or_raise(read: Callable[[], Command], jobs: Jobs, log: Log) -> Report:
    """Run the command that ``read`` gives; every step leaves one line in ``log``.

    Raises:
        CostError: it has to be tried again, or is wrong and no attempt will mend it.
    """
    try:
        command = read()
        log = log.bound(run=command.run.value)
        return run_logged(jobs, command, log)
    except CostError as error:
        refused = isinstance(error, MessageError | CommandRefused)
        step = Step.REFUSED if refused else Step.FAILED
        severity = Severity.WARNING if isinstance(error, RunUnfinished) else Severity.ERROR
        details: Mapping[str, object] = error.details if isinstance(error, RunFailed) else {}
        log.line(severity, str(error), step=step, **details)
        raise
    except Exception as error:
        log.line(Severity.CRITICAL, f"A defect: {error!r}", step=Step.FAILED)
        raise  # the runtime writes the traceback
