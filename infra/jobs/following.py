"""Send a command to its jobs, and watch what comes of it.

A job's log says how each attempt at a message ended, and the ledger which bills it loaded. Where
the log may not be read, the ledger alone is followed: a command that loads nothing then can't be
seen to end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from handlers.ledger import Status
from handlers.runtimes.jobs import Outcome
from handlers.runtimes.log import Step
from infra.apis.hub import Hub, Row
from infra.apis.web import Refused
from infra.jobs.log import Line, lines
from infra.jobs.targets import Target

PAUSE = timedelta(seconds=5)
"""Between two looks. The log allows 60 a minute in a project, over all who look:
https://docs.cloud.google.com/logging/quotas."""
QUIET = timedelta(seconds=90)
"""Without the log: how long after a job's last row nothing more is expected of it."""

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


@dataclass(frozen=True)
class Follower:
    """Watches messages until each has ended or the deadline is there.

    ``clock`` gives the time in UTC, ``pause`` waits; ``say`` gets a line for each new thing.
    """

    hub: Hub
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
            message_id = self.hub.publish(target.job.name, message)
            self.say(f"{target.job.name}: sent as message {message_id}")
            sent.append(Sent(target, message_id))
        return self._follow(sent, since, self.clock() + within) if within else []

    def _follow(self, sent: Sequence[Sent], since: str, deadline: datetime) -> list[End]:
        with_log = True
        while waiting := [one for one in sent if one.end is None]:
            with_log = with_log and self._read_log(waiting, since)
            for one in waiting:
                self._read_ledger(one, since)
                if not with_log:
                    self._end_by_quiet(one)
            if all(one.end for one in sent):
                break
            if self.clock() >= deadline:
                self._give_up(waiting)
                break
            self.pause(PAUSE)
        return [one.end or End.LATE for one in sent]

    def _read_log(self, waiting: Sequence[Sent], since: str) -> bool:
        """Whether the log may be read."""
        wanted = {"message_id": [one.message_id for one in waiting]}
        try:
            found = lines(self.hub.login, self.hub.settings.project, wanted, since)
        except Refused as error:
            if error.status != 403:
                raise
            self.say(
                "The jobs' log can't be read (roles/logging.viewer is missing): the ledger alone "
                "is followed."
            )
            return False
        for one in waiting:
            for line in reversed(found):
                if line.message_id == one.message_id and line.key not in one.read:
                    one.read.add(line.key)
                    self.say(f"{one.target.job.name}: {line.outcome or line.step}: {line.message}")
                    one.end = _end(line) if line.is_end else one.end
        return True

    def _read_ledger(self, one: Sent, since: str) -> None:
        """Tell of each load that is new."""
        if one.target.cloud is None:
            return
        rows = self.hub.ask(question("since"), {"cloud": one.target.cloud.value, "since": since})
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
    return Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
