"""Structure from bytes: an input is read as choices, so that a changed byte is a small change."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

_ODD_TEXTS = (
    "",
    "..",
    "../../etc/passwd",
    "\u0000",
    "\ud800",
    "'; DROP TABLE llm_costs; --",
    "\u202eabc",
    "٣٤",
    "9" * 5000,
    "1e999999",
    "a" * 300,
    "{}",
    "null",
)
_ODD_NUMBERS = (0, -1, 1, 2**31, 2**63, 10**30, 1.5, 1e308, float("nan"))
_DEEPEST = 4
_LONGEST = 6


class Draw:
    """Draws from ``data`` until it is used up; after that every choice is the first one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        """From 0 to 255."""
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def flag(self) -> bool:
        """True or false."""
        return self.byte() % 2 == 1

    def one_of(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[self.byte() % len(choices)]

    def rest(self) -> bytes:
        """All that is left."""
        found, self._at = self._data[self._at :], len(self._data)
        return found

    def text(self) -> str:
        """A text: a strange one, or a short one of the input's own bytes."""
        if self.byte() % 3 == 0:
            return self.one_of(_ODD_TEXTS)
        length = self.byte() % 24
        found = self._data[self._at : self._at + length]
        self._at += length
        return found.decode("utf-8", "replace")

    def some(self, draw: Callable[[], T]) -> list[T]:
        """A few of them."""
        return [draw() for _ in range(self.byte() % _LONGEST)]

    def value(self, words: Sequence[str], depth: int = 0) -> object:
        """Anything that JSON holds; ``words`` are keys and texts that mean something."""
        kinds = 8 if depth < _DEEPEST else 6
        match self.byte() % kinds:
            case 0:
                return None
            case 1:
                return self.flag()
            case 2:
                return self.one_of(_ODD_NUMBERS)
            case 3 | 4:
                return self.one_of(words)
            case 5:
                return self.text()
            case 6:
                return self.some(lambda: self.value(words, depth + 1))
            case _:
                return self.mapping(words, depth)

    def mapping(self, words: Sequence[str], depth: int = 0) -> dict[str, object]:
        """An object whose keys are mostly such that mean something."""
        return {
            (self.one_of(words) if self.byte() % 5 else self.text()): self.value(words, depth + 1)
            for _ in range(self.byte() % _LONGEST)
        }

    def json(self, words: Sequence[str], seed: dict[str, object]) -> bytes:
        """JSON: the rest as it is, or ``seed`` with some of its values replaced."""
        if self.byte() % 4 == 0:
            return self.rest()
        changed: dict[str, object] = dict(seed)
        for _ in range(self.byte() % 4):
            key = self.one_of([*seed, *words])
            changed[key] = self.value(words)
            if self.byte() % 4 == 0:
                del changed[key]
        return json.dumps(changed).encode()
