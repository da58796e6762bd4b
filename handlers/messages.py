"""A message is a command: ``{"run": "collect", "cloud": "aws", "period": "2026-01..2026-09"}``.

The words are those of the door (``python -m handlers``). A message comes over a network, so it is
read as hostile: a small size, flat values, no key twice, no key that the command does not take.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import NoReturn, cast

from handlers.errors import UsageError
from handlers.periods import MOST_PERIODS, parse_periods
from handlers.record import Cloud

LARGEST = 16 * 1024
"""Bytes of a message. The longest that says something has a few hundred."""

LONGEST_TEXT = 500
"""Characters of a name or reason that goes into the ledger."""


_TOO_DEEP = "The message is nested too deep: an option is a plain value or a list of such."


class MessageError(UsageError):
    """A message that no retry makes right: it says something that is not allowed."""


class Run(StrEnum):
    """What a message may ask for."""

    DAILY = "daily"
    COLLECT = "collect"
    MIGRATE = "migrate"
    PARITY = "parity"
    RECONCILE = "reconcile"
    VERIFY = "verify"
    ALERTS = "alerts"
    SHARE = "share"


@dataclass(frozen=True)
class Decision:
    """What a person says of a load that is held."""

    load_id: str
    accepted: bool
    by: str
    reason: str


@dataclass(frozen=True)
class Command:
    """A message, read and checked; what it does not say is at its default.

    ``periods`` are first days of months, in order, each once; empty means those that are due.
    """

    run: Run
    cloud: Cloud | None = None
    periods: tuple[date, ...] = ()
    reclassify: bool = False
    from_archive: bool = False
    quarantine: bool = False
    decision: Decision | None = None
    words: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """The checked texts of a decision before they are put together."""


def _cloud(command: Command, key: str, value: object) -> Command:
    clouds = {cloud.lower(): cloud for cloud in Cloud}
    if not isinstance(value, str) or value not in clouds:
        _refuse(key, value, "one of " + ", ".join(clouds))
    return replace(command, cloud=clouds[value])


def _periods(command: Command, key: str, value: object) -> Command:
    words = cast(list[object], value) if isinstance(value, list) else [value]
    if not words:
        raise MessageError(f"'{key}' is an empty list: leave it out for the months that are due.")
    periods: set[date] = set()
    for word in words:
        periods.update(_range(key, word))
    if len(periods) > MOST_PERIODS:
        raise MessageError(f"'{key}' names {len(periods)} months: allowed are {MOST_PERIODS}.")
    return replace(command, periods=tuple(sorted(periods)))


def _range(key: str, word: object) -> list[date]:
    """``2026-01`` as one month, ``2026-01..2026-09`` as nine."""
    allowed = "a month as 2026-01, or a range as 2026-01..2026-09"
    if not isinstance(word, str):
        _refuse(key, word, allowed)
    try:
        return parse_periods(word)
    except UsageError as error:
        raise MessageError(
            f"'{key}' is {_shown(word)}: allowed is {allowed}, whose first month is not after its"
            f" last. {error}"
        ) from None


def _flag(command: Command, key: str, value: object) -> Command:
    if not isinstance(value, bool):
        _refuse(key, value, "true or false")
    return replace(command, **{key: value})


def _word(command: Command, key: str, value: object) -> Command:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= LONGEST_TEXT:
        _refuse(key, value, f"a text of 1 to {LONGEST_TEXT} characters")
    if not value.isprintable():  # false too for half a character, which no table can store
        _refuse(key, value, "a text without line breaks and control characters")
    return replace(command, words={**command.words, key: value.strip()})


Option = Callable[[Command, str, object], Command]

_WHICH: Mapping[str, Option] = {"cloud": _cloud, "period": _periods}
OPTIONS: Mapping[Run, Mapping[str, Option]] = {
    Run.DAILY: {},
    Run.COLLECT: {
        **_WHICH,
        "reclassify": _flag,
        "from_archive": _flag,
        "quarantine": _flag,
        "accept": _word,
        "reject": _word,
        "by": _word,
        "reason": _word,
    },
    Run.MIGRATE: {},
    Run.PARITY: _WHICH,
    Run.RECONCILE: _WHICH,
    Run.VERIFY: _WHICH,
    Run.ALERTS: {},
    Run.SHARE: {"period": _periods},
}
"""The options of each command, by the names they have at the door."""


def parse(message: bytes | Mapping[str, object]) -> Command:
    """The command that ``message`` is: bytes as they came, or an object that was read already.

    Raises:
        MessageError: names what was found and what is allowed.
    """
    said = dict(message) if isinstance(message, Mapping) else _object(message)
    if "run" not in said:
        raise MessageError(f"The message has no 'run': allowed is one of {', '.join(Run)}.")
    word = said.pop("run")
    if not isinstance(word, str) or word not in list(Run):
        _refuse("run", word, "one of " + ", ".join(Run))
    run = Run(word)
    options = OPTIONS[run]
    command = Command(run)
    for key, value in said.items():
        if key not in options:
            allowed = ", ".join(options) or "none"
            raise MessageError(f"'{run}' has no option {_shown(key)}: allowed: {allowed}.")
        command = options[key](command, key, value)
    return _decided(command)


def _decided(command: Command) -> Command:
    """Put the parts of a decision together: the load, who says so, why."""
    words = command.words
    if not words:
        return command
    if ("accept" in words) == ("reject" in words):
        raise MessageError("'by' and 'reason' go with one of 'accept' or 'reject', and not both.")
    if "by" not in words or "reason" not in words:
        raise MessageError("A decision says who decides and why: 'by' and 'reason' are missing.")
    load_id = words.get("accept") or words["reject"]
    decision = Decision(load_id, "accept" in words, words["by"], words["reason"])
    return replace(command, decision=decision, words={})


def _object(message: bytes) -> dict[str, object]:
    if len(message) > LARGEST:
        raise MessageError(f"The message has {len(message)} bytes: allowed are {LARGEST}.")
    try:
        text = message.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MessageError(f"The message is not UTF-8 from byte {error.start} on.") from None
    try:
        said: object = json.loads(text, object_pairs_hook=_once, parse_constant=_not_json)
    except RecursionError:
        raise MessageError(_TOO_DEEP) from None
    except ValueError as error:
        raise MessageError(f"The message is not JSON: {str(error)[:120]}.") from None
    if not isinstance(said, dict):
        raise MessageError(f'The message is {_shown(said)}: allowed is an object {{"run": ...}}.')
    options = cast(dict[str, object], said)
    if any(_nested(value) for value in options.values()):
        raise MessageError(_TOO_DEEP)
    return options


def _nested(value: object) -> bool:
    """Whether it is more than a list of plain values."""
    inner = cast(list[object], value) if isinstance(value, list) else [value]
    return any(isinstance(one, (dict, list)) for one in inner)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a key that comes twice: readers disagree on which of the two counts."""
    once: dict[str, object] = {}
    for key, value in pairs:
        if key in once:
            raise MessageError(f"The message has {_shown(key)} twice: allowed is once.")
        once[key] = value
    return once


def _not_json(word: str) -> NoReturn:
    raise MessageError(f"The message holds {word}, which is not JSON.")


def _refuse(key: str, value: object, allowed: str) -> NoReturn:
    raise MessageError(f"'{key}' is {_shown(value)}: allowed is {allowed}.")


def _shown(value: object) -> str:
    """What was found, short and on one line, so that it can stand in a log."""
    if isinstance(value, (dict, list)):  # as deep as a sender likes: not written out
        return "an object" if isinstance(value, dict) else "a list"
    text = ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."
