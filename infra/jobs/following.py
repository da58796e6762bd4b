"""Send a command to its jobs, and watch what comes of it.

A job's log says how each attempt at a message ended, and the ledger which bills it loaded. Where
the log may not be read, the ledger alone is followed: a command that loads nothing then can't be
seen to end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from importlib.resources import files
from typing import Protocol

from handlers.ledger import Status
from handlers.runtimes.jobs import Outcome
from handlers.runtimes.log import Step
from handlers.serving import Path
from infra.apis.hub import Hub, Row
from infra.apis.web import Refused
from infra.jobs.log import Line, lines
from infra.jobs.targets import Target

PAUSE = timedelta(seconds=5)
"""Between two looks. The log allows 60 a minute in a project, over all who look:
https://docs.cloud.google.com/logging/quotas."""
QUIET = timedelta(seconds=90)
"""Without the log: how long after a job's last row nothing more is expected of it."""

LOG_READERS: Mapping[Path, str] = {
    Path.HUB: "roles/logging.viewer",
    Path.NATIVE: "logs:FilterLogEvents in AWS, Monitoring Reader in Azure",
}
"""What a login needs to read the log of a job on each path."""

Say = Callable[[str], None]


class End(StrEnum):
    """How a message ended, the better ones first."""

    DONE = "done"
    NO_DATA = "no data"
    HELD = "held"
    FAILED = "failed"
    LATE = "not ended in time"


@dataclass
class Sent:
    """A message under way, and what is known of it so far."""

    target: Target
    message_id: str
    end: End | None = None
    seen: set[str] = field(default_factory=set[str])
    """Rows of the ledger that were told."""
    read: set[str] = field(default_factory=set[str])
    """Lines of the log that were told."""
    last_row: datetime | None = None
    has_log: bool = True
    """Whether its log may be read."""


class Natives(Protocol):
    """The collectors of the clouds' own warehouses."""

    def send(self, target: Target, message: Mapping[str, object]) -> str:
        """Send a message; the id by which the log names it."""
        ...

    def lines(self, target: Target, message_id: str, since: str) -> Sequence[Line]:
        """What the log says of a message since that time, newest first.

        Raises:
            Refused: the log may not be read.
        """
        ...


@dataclass(frozen=True)
class Follower:
    """Watches messages until each has ended or the deadline is there.

    ``clock`` gives the time in UTC, ``pause`` waits; ``say`` gets a line for each new thing.
    """

    hub: Hub
    natives: Natives
    clock: Callable[[], datetime]
    pause: Callable[[timedelta], None]
    say: Say

    def send(
        self, targets: Sequence[Target], message: Mapping[str, object], within: timedelta
    ) -> list[End]:
        """Send ``message`` to each job and follow all of them; how each ended, in their order.

        Without a time to follow ``within`` it is only sent, and nothing is known of any end.

        Raises:
            Refused: the ledger can't be read, or a message was not taken.
        """
        [now] = self.hub.ask(question("clock"), {})
        since = str(now["now"])
        sent: list[Sent] = []
        for target in targets:
            if target.path is Path.NATIVE:
                message_id = self.natives.send(target, message)
            else:
                message_id = self.hub.publish(target.job.name, message)
            self.say(f"{target.job.name}: sent as message {message_id}")
            sent.append(Sent(target, message_id))
        return self._follow(sent, since, self.clock() + within) if within else []

    def _follow(self, sent: Sequence[Sent], since: str, deadline: datetime) -> list[End]:
        while waiting := [one for one in sent if one.end is None]:
            self._read_logs([one for one in waiting if one.has_log], since)
            for one in waiting:
                self._read_ledger(one, since)
                if not one.has_log:
                    self._end_by_quiet(one)
            if all(one.end for one in sent):
                break
            if self.clock() >= deadline:
                self._give_up(waiting)
                break
            self.pause(PAUSE)
        return [one.end or End.LATE for one in sent]

    def _read_logs(self, waiting: Sequence[Sent], since: str) -> None:
        """Tell what each log says that is new; what has none is followed by the ledger alone."""
        of_hub = [one for one in waiting if one.target.path is Path.HUB]
        if of_hub:
            wanted = {"message_id": [one.message_id for one in of_hub]}
            project = self.hub.settings.project
            self._read(of_hub, lambda: lines(self.hub.login, project, wanted, since))
        for one in waiting:
            if one.target.path is Path.NATIVE:
                self._read([one], partial(self.natives.lines, one.target, one.message_id, since))

    def _read(self, waiting: Sequence[Sent], log: Callable[[], Sequence[Line]]) -> None:
        try:
            found = log()
        except Refused as error:
            if error.status != 403:
                raise
            names = ", ".join(one.target.job.name for one in waiting)
            self.say(
                f"The log of {names} can't be read ({LOG_READERS[waiting[0].target.path]} is"
                " missing): the ledger alone is followed."
            )
            for one in waiting:
                one.has_log = False
            return
        for one in waiting:
            for line in reversed(found):
                if line.message_id == one.message_id and line.key not in one.read:
                    one.read.add(line.key)
                    # What each question was billed is for whoever searches the log.
                    if line.step != Step.CHARGED:
                        said = f"{line.outcome or line.step}: {line.message}"
                        self.say(f"{one.target.job.name}: {said}")
                    one.end = _end(line) if line.is_end else one.end

    def _read_ledger(self, one: Sent, since: str) -> None:
        """Tell of each load that is new."""
        if one.target.cloud is None:
            return
        asked = {"cloud": one.target.cloud.value, "warehouse": one.target.warehouse, "since": since}
        rows = self.hub.ask(question("since"), asked)
        for row in rows:
            key = f"{row['load_id']} {row['status']}"
            if key not in one.seen:
                one.seen.add(key)
                one.last_row = self.clock()
                self.say(f"{one.target.job.name}: {told(row)}")
        if one.end is End.DONE and any(row["status"] == Status.HELD for row in rows):
            one.end = End.HELD

    def _end_by_quiet(self, one: Sent) -> None:
        if one.last_row is not None and self.clock() - one.last_row >= QUIET:
            statuses = {key.rpartition(" ")[2] for key in one.seen}
            ends = {Status.FAILED: End.FAILED, Status.HELD: End.HELD}
            one.end = next((end for status, end in ends.items() if status in statuses), End.DONE)

    def _give_up(self, waiting: Sequence[Sent]) -> None:
        for one in waiting:
            if one.end is None:
                one.end = End.LATE
                self.say(
                    f"{one.target.job.name}: nothing has ended yet. It goes on without us: "
                    "python -m infra status"
                )


def _end(line: Line) -> End:
    if line.step != Step.FINISHED:
        return End.FAILED
    return {Outcome.HELD: End.HELD, Outcome.NO_DATA: End.NO_DATA}.get(
        Outcome(line.outcome), End.DONE
    )


def told(row: Row) -> str:
    """A row of the ledger in one line."""
    text = f"{row['scope']} {row['period']} {row['status']}"
    if row["loaded_rows"] is not None:
        text += f", {int(row['loaded_rows']):,} rows, {row['cost_usd']} USD"
    return f"{text}: {row['error']}" if row["error"] else text


def question(name: str) -> str:
    """One of the questions beside this module."""
    return files("infra.jobs").joinpath(f"{name}.sql").read_text(encoding="utf-8")
