"""What promotion works on: an engine, the collectors' jobs and the hub of one environment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from handlers.alerts.runner import Runner
from handlers.errors import CostError
from handlers.record import Cloud


class EngineFailed(CostError):
    """The engine could not do what it was asked: an update of somebody else, a lock, a login."""


class Engine(Protocol):
    """One stack: its own file, and the engine that works by it."""

    @property
    def stack(self) -> str:
        """Its name."""
        ...

    def keys(self) -> Mapping[str, object]:
        """What the stack's file says of phase, dual_run and migrated_customers."""
        ...

    def write(self, keys: Mapping[str, object]) -> None:
        """Put these keys into the stack's own file, and touch nothing else in it."""
        ...

    def preview(self) -> str:
        """What ``pulumi preview --json --show-sames`` prints, also where it failed."""
        ...

    def up(self) -> None:
        """Update the environment.

        Raises:
            EngineFailed: it did not end well; what was done stays, and it can be asked again.
        """
        ...

    def release(self, urns: Sequence[str]) -> None:
        """Take the protection off these resources, which stay in their cloud when they go.

        Raises:
            EngineFailed: the state can't be changed.
        """
        ...


class Collectors(Protocol):
    """The jobs that load bills: in the hub, and in each cloud."""

    def ask_hub(self, cloud: Cloud | None, message: Mapping[str, object]) -> None:
        """Send a message to the hub's job of ``cloud``, or to its own; it is taken, not done.

        Raises:
            CostError: it is not taken.
        """
        ...

    def ask_native(self, cloud: Cloud, message: Mapping[str, object]) -> object:
        """Send a message to the collector in ``cloud``; it is taken, not done.

        What it answers is nothing that a move needs.

        Raises:
            CostError: it is not taken.
        """
        ...


class Readers(Protocol):
    """Who reads what promotion would take out of service."""

    def of_union(self) -> Sequence[str]:
        """Who queried ``unified_costs`` in the last 30 days, from the job history.

        Raises:
            CostError: the job history can't be read.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment.

    ``clouds`` are those with two paths whose bills it reads. ``parity_days`` is how many days in a
    row the paths must agree before a customer moves. ``clock`` gives the time in UTC, ``pause``
    waits, ``say`` gets a line for a person. ``patience`` is how long one step may be waited for.
    """

    engine: Engine
    collectors: Collectors
    readers: Readers
    hub: Runner
    clouds: Sequence[Cloud]
    parity_days: int
    by: str
    clock: Callable[[], datetime]
    pause: Callable[[timedelta], None]
    say: Callable[[str], None]
    patience: timedelta = timedelta(hours=2)
