"""How an environment is removed: last copies, then everything but what is protected.

What holds data is protected, and stays where it is and in the state: ``pulumi up`` brings the rest
back around it. The last copies are for who deletes the data itself afterwards, by hand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.errors import CostError, UsageError


class NotConfirmed(UsageError):
    """Nobody said that this environment is to go; nothing was changed."""


class CopyFailed(CostError):
    """A last copy was not made; nothing was removed."""


class Engine(Protocol):
    """The stack's engine."""

    @property
    def stack(self) -> str:
        """The stack's name."""
        ...

    def protected(self) -> Sequence[str]:
        """The URNs of what the engine refuses to delete."""
        ...

    def destroy_unprotected(self) -> None:
        """Delete everything else.

        Raises:
            EngineFailed: it went wrong half way; the same call goes on.
        """
        ...


class LastCopy(Protocol):
    """A copy of a warehouse that its own cloud makes and keeps."""

    @property
    def told(self) -> str:
        """What will be copied to where, for a person."""
        ...

    def take(self) -> str:
        """Make it and wait for it; what it is called.

        Raises:
            CopyFailed: it was refused, or did not end in time.
        """
        ...


@dataclass(frozen=True)
class Asked:
    """How a person is asked for the stack's name, and whether there is one to ask."""

    environment: Mapping[str, str]
    prompt: Callable[[], str]
    said: str | None
    """What ``--yes`` said; None: nothing."""


def confirm(stack: str, asked: Asked) -> None:
    """Go on only if the stack's name was given, by ``--yes`` or typed.

    Raises:
        NotConfirmed: another name, or nobody to ask (CI).
    """
    name = asked.said
    if name is None:
        if asked.environment.get("CI", "").lower() in {"1", "true", "yes"}:
            raise NotConfirmed(f"In CI there is nobody to ask: add --yes {stack}.")
        name = asked.prompt()
    if name.strip() != stack:
        raise NotConfirmed(f"'{name.strip()}' is not '{stack}': nothing was changed.")


def remove(
    engine: Engine, copies: Sequence[LastCopy], asked: Asked, say: Callable[[str], None]
) -> None:
    """Tell what will happen, ask, take the last copies, and delete what is not protected.

    Raises:
        NotConfirmed: nothing was changed.
        CopyFailed: a copy was not made, so nothing was removed.
        EngineFailed: the removal stopped half way; the same command goes on.
    """
    kept = engine.protected()
    say(f"{engine.stack}: {len(kept)} protected resources stay, with their data:")
    for urn in sorted(kept):
        say(f"  {shown(urn)}")
    for copy in copies:
        say(f"Before: {copy.told}.")
    say("Everything else is deleted: collectors, schedules, alarms, dashboards, rights.")
    confirm(engine.stack, asked)
    for copy in copies:
        say(f"Made: {copy.take()}.")
    engine.destroy_unprotected()
    say(
        f"{engine.stack} is removed. What is listed above is still there and still paid for:"
        " 'pulumi up' brings the rest back, docs/runbooks/uninstall.md says how to delete data."
    )


def shown(urn: str) -> str:
    """Type token and name of a resource."""
    *_, types, name = urn.split("::")
    return f"{types.rpartition('$')[2]}  {name}"
