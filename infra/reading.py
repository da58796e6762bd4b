"""Read a stack's configuration: typed values, and every mistake at once.

A mistake says the key, what was found, what is allowed and the commands that mend it. Values are
texts, as the engine hands them over; lists and objects are JSON.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar, cast

T = TypeVar("T")
Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class Allowed:
    """Which texts a key may hold: a regular expression for the whole, and the same in words."""

    pattern: str
    words: str
    example: str

    def holds(self, text: str) -> bool:
        """Is the whole text allowed?"""
        return re.fullmatch(self.pattern, text) is not None


@dataclass(frozen=True)
class Mistake:
    """One key that can't be used."""

    key: str
    found: str
    allowed: str
    remedy: str
    """Commands, a line each."""

    def __str__(self) -> str:
        commands = self.remedy.replace("\n", "\n    ")
        return f"{self.key}: {self.found} Allowed: {self.allowed}.\n    {commands}"


class ConfigError(Exception):
    """The stack's configuration can't be used; nothing was registered."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        count = len(mistakes)
        head = f"{count} mistake{'s' if count > 1 else ''} in the stack's configuration:"
        super().__init__("\n".join([head, *(f"  {mistake}" for mistake in mistakes)]))
        self.mistakes = tuple(mistakes)


def setting(key: str, example: str) -> str:
    """The commands that set a key to ``example``, a line each.

    A list or an object is set part by part after what was there is gone: given as one text, the
    engine says that it is none. An empty one is what Pulumi.yaml has for it.
    """
    if _structure(example) is None:
        return parts(key, example)
    return f"pulumi config rm {_path(key)}'{key}'\n{parts(key, example)}".strip()


def parts(key: str, example: str) -> str:
    """The commands that set each part of a key that is not there; ``--type string`` keeps digits.

    https://www.pulumi.com/docs/iac/cli/commands/pulumi_config_set/
    """
    value = _structure(example)
    return "\n".join(
        f"pulumi config set {_path(part)}--type string '{part}' '{text}'"
        for part, text in ([(key, example)] if value is None else _leaves(key, value))
    )


def blank(example: str) -> str:
    """``example`` with VALUE for each of its texts."""
    value = _structure(example)
    return "VALUE" if value is None else json.dumps(_blank(value))


def _blank(value: object) -> object:
    if isinstance(value, dict):
        return {name: _blank(part) for name, part in cast(dict[str, object], value).items()}
    if isinstance(value, list):
        return [_blank(part) for part in cast(list[object], value)]
    return "VALUE"


def _structure(example: str) -> object:
    """The list or object that ``example`` is; None where it is a text."""
    try:
        value: object = json.loads(example)
    except ValueError:
        return None
    return cast(object, value) if isinstance(value, list | dict) else None


def _leaves(key: str, value: object) -> Iterator[tuple[str, str]]:
    """The texts in ``value``, each with the path that the engine knows it by."""
    if isinstance(value, dict):
        for name, part in cast(dict[str, object], value).items():
            yield from _leaves(f"{key}.{name}", part)
    elif isinstance(value, list):
        for number, part in enumerate(cast(list[object], value)):
            yield from _leaves(f"{key}[{number}]", part)
    else:
        yield key, str(value)


def _path(key: str) -> str:
    return "--path " if re.search(r"[.\[]", key) else ""


class Reader:
    """The texts of a stack's configuration, by key without the project's name.

    What can't be read is noted in ``mistakes`` and stands in for as an empty value, so that the
    rest is read too; the caller raises them all with ``refuse_mistakes``.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._read: set[str] = set()
        self.mistakes: list[Mistake] = []

    def note(self, key: str, found: str, allowed: str, example: str) -> None:
        """Remember a mistake."""
        self.mistakes.append(Mistake(key, found, allowed, setting(key, example)))

    def surplus(self, key: str, found: str, allowed: str) -> None:
        """Remember a mistake that goes with its key."""
        remedy = f"pulumi config rm {_path(key)}'{key}'"
        self.mistakes.append(Mistake(key, found, allowed, remedy))

    def text(self, key: str, allowed: Allowed) -> str:
        """A text that must be there."""
        found = self._get(key)
        if not found:
            self.note(key, "is not set.", allowed.words, allowed.example)
            return ""
        return self._checked(key, found, allowed)

    def optional(self, key: str, allowed: Allowed) -> str | None:
        """A text, or None where the key is absent or empty."""
        found = self._get(key)
        return self._checked(key, found, allowed) if found else None

    def secret_is_set(self, key: str) -> bool:
        """Is there a value? What it is, is never looked at here."""
        return bool(self._get(key))

    def decimal(self, key: str, allowed: Allowed) -> Decimal:
        """A number; 0 where there is a mistake."""
        found = self.text(key, allowed)
        return Decimal(found) if found and allowed.holds(found) else Decimal(0)

    def flag(self, key: str) -> bool:
        """``true`` or ``false``."""
        return self.text(key, Allowed("true|false", "true or false", "false")) == "true"

    def one_of(self, key: str, default: Word) -> Word:
        """One of the words of the enum that ``default`` is of, which stands in for a mistake."""
        kind = type(default)
        words = [str(word) for word in kind]
        found = self.text(key, Allowed("|".join(words), ", ".join(words), str(default)))
        return kind(found) if found in words else default

    def texts(self, key: str, allowed: Allowed) -> tuple[str, ...]:
        """A list of texts, each of them allowed; empty where the key is absent."""
        items = self._list(key, "a list", f'["{allowed.example}"]')
        for number, item in enumerate(items):
            if not isinstance(item, str) or not allowed.holds(item):
                self.note(f"{key}[{number}]", f"is {_shown(item)}.", allowed.words, allowed.example)
        return tuple(item for item in items if isinstance(item, str))

    def objects(self, key: str, example: str) -> "list[Fields]":
        """A list of objects; what is not one is noted and left out."""
        items = self._list(key, "a list of objects", example)
        found: list[Fields] = []
        for number, item in enumerate(items):
            if isinstance(item, dict):
                found.append(Fields(self, f"{key}[{number}]", cast(dict[str, Any], item)))
            else:
                one = json.dumps(json.loads(example)[0])
                self.note(f"{key}[{number}]", f"is {_shown(item)}.", "an object", one)
        return found

    def mapping(self, key: str, allowed: Allowed, names: Allowed) -> dict[str, str]:
        """An object of texts; empty where the key is absent."""
        example = '{"team": "platform"}'
        items: dict[str, object] = self._json(key, {}, "an object of texts", example)
        for name, value in items.items():
            if not names.holds(name):
                self.note(key, f"has the name '{name}'.", names.words, names.example)
            if not isinstance(value, str) or not allowed.holds(value):
                self.note(f"{key}.{name}", f"is {_shown(value)}.", allowed.words, allowed.example)
        return {name: value for name, value in items.items() if isinstance(value, str)}

    def refuse_mistakes(self, known: Iterable[str]) -> None:
        """Raise ``ConfigError`` with every mistake, keys that nobody knows among them."""
        names = sorted(set(known) | self._read)
        for key in sorted(set(self._values) - set(names)):
            near = _nearest(key, names)
            self.surplus(
                key,
                "is no key of this project." + (f" Is '{near}' meant?" if near else ""),
                "the keys that Pulumi.yaml describes",
            )
        if self.mistakes:
            raise ConfigError(self.mistakes)

    def _get(self, key: str) -> str:
        self._read.add(key)
        return self._values.get(key, "").strip()

    def _checked(self, key: str, found: str, allowed: Allowed) -> str:
        if not allowed.holds(found):
            self.note(key, f"is {_shown(found)}.", allowed.words, allowed.example)
        return found

    def _list(self, key: str, words: str, example: str) -> list[object]:
        empty: list[object] = []
        return self._json(key, empty, words, example)

    def _json(self, key: str, empty: T, words: str, example: str) -> T:
        found = self._get(key)
        if not found:
            return empty
        try:
            value = json.loads(found)
        except ValueError:
            value = None
        if not isinstance(value, type(empty)):
            self.note(key, f"is {_shown(found)}.", f"{words}, as JSON", example)
            return empty
        return value


class Fields:
    """The fields of one object in the configuration."""

    def __init__(self, reader: Reader, key: str, values: Mapping[str, Any]) -> None:
        self._reader = reader
        self.key = key
        self._values = values

    def text(self, name: str, allowed: Allowed) -> str:
        """A text that must be there. An id of digits alone may have been stored as a number."""
        found = self._values.get(name)
        if found is None or found == "":
            self._reader.note(f"{self.key}.{name}", "is not set.", allowed.words, allowed.example)
            return ""
        return self._checked(name, found, allowed)

    def optional(self, name: str, allowed: Allowed) -> str | None:
        """A text, or None where it is absent or empty."""
        found = self._values.get(name)
        return None if found is None or found == "" else self._checked(name, found, allowed)

    def fields(self, name: str) -> "Fields":
        """An object within the object; empty where it is absent."""
        found = self._values.get(name)
        if found is not None and not isinstance(found, dict):
            self._reader.note(f"{self.key}.{name}", f"is {_shown(found)}.", "an object", "{}")
            found = None
        values = cast(dict[str, Any], found or {})
        return Fields(self._reader, f"{self.key}.{name}", values)

    def refuse_others(self, known: Sequence[str]) -> None:
        """Note every field that is not one of ``known``."""
        for name in sorted(set(self._values) - set(known)):
            self._reader.surplus(f"{self.key}.{name}", "is no field of it.", ", ".join(known))

    def _checked(self, name: str, found: object, allowed: Allowed) -> str:
        text = str(found).zfill(12) if isinstance(found, int) and found > 1 else found
        if not isinstance(text, str) or not allowed.holds(text):
            self._reader.note(
                f"{self.key}.{name}", f"is {_shown(found)}.", allowed.words, allowed.example
            )
        return text if isinstance(text, str) else ""


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return f"'{text[:80]}{'...' if len(text) > 80 else ''}'"


def _nearest(key: str, names: Sequence[str]) -> str | None:
    return next(iter(get_close_matches(key, names, n=1)), None)
