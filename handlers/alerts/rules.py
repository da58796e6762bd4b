"""The alert rules of ``rules.toml`` and the question that each asks."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TypeVar, cast

from handlers.alerts.hub import Names
from handlers.errors import SiteError

Choice = TypeVar("Choice", bound=StrEnum)

FILE = "handlers/alerts/rules.toml"
VALUE = "value"
"""The column, and the word in a text, of the number that is watched."""

USD = "usd"
"""The column, and the word in a text, of the dollars that it is about; null where it has none."""

RUNBOOKS = "docs/runbooks/alerts.md"
"""What to do about each rule, under a heading of its name."""

NOW = "CURRENT_TIMESTAMP()"
"""The moment of an evaluation, where whoever evaluates can't pass it in."""


class Severity(StrEnum):
    """How soon someone should look."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Unit(StrEnum):
    """The unit of a rule's number."""

    PERCENT = "percent"
    HOURS = "hours"
    LOADS = "loads"
    USD = "usd"
    TIMES = "times"
    """How many times too much or too little."""


class NoData(StrEnum):
    """What it means that a question has no answer at all."""

    OK = "ok"
    ALERTING = "alerting"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is watched; the fields are those that ``rules.toml`` describes."""

    id: str
    title: str
    sql: str
    labels: tuple[str, ...]
    key: tuple[str, ...]
    unit: Unit
    above: float
    up_to: float | None
    severity: Severity
    wait: str
    no_data: NoData
    dashboard: str
    panel: str
    panel_id: int
    summary: str
    remedy: str

    @property
    def runbook(self) -> str:
        """Where in the repository it says what to do."""
        return f"{RUNBOOKS}#{self.id.replace('_', '-')}"

    @property
    def tells_dollars(self) -> bool:
        """Whether its message says how many dollars it is about."""
        return USD in _WORD.findall(self.summary)

    @property
    def changing(self) -> tuple[str, ...]:
        """The labels that may say something else the next day of the same thing."""
        return tuple(label for label in self.labels if label not in self.key)

    def fires(self, value: float) -> bool:
        """Whether the rule fires about a thing of which ``value`` was measured."""
        return value > self.above and (self.up_to is None or value <= self.up_to)

    def told(self, words: Mapping[str, str]) -> str:
        """The summary with ``words`` for the labels, for ``value`` and for ``usd``."""
        return self.summary.format(**words)


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the file's order."""
    return parse(files("handlers.alerts").joinpath("rules.toml").read_text("utf-8"))


def parse(text: str) -> tuple[Rule, ...]:
    """The rules that ``text`` writes.

    Raises:
        SiteError: names every mistake with its rule and key.
    """
    found = {name: _Reading(name, said) for name, said in tomllib.loads(text).items()}
    made = [reading.rule() for reading in found.values()]
    mistakes = [mistake for reading in found.values() for mistake in reading.mistakes]
    if mistakes:
        raise SiteError(f"{FILE} has {len(mistakes)} mistakes:\n  " + "\n  ".join(mistakes))
    return tuple(made)


def asked(rule: Rule, hub: Names, now: str = NOW) -> str:
    """The rule's SQL as its file has it; ``now`` is a SQL expression of type TIMESTAMP.

    Columns: ``time``, the rule's labels (texts), ``value``, ``usd``.
    """
    text = files("handlers.alerts").joinpath("sql", rule.sql).read_text("utf-8")
    bands = _bands()
    return text.strip().format(now=now, price_bands=bands, **hub.words())


def question(rule: Rule, hub: Names, now: str = NOW) -> str:
    """The number that is watched, as Grafana takes it: ``time``, the key, ``value``.

    Of the labels only those of the key, because another label makes another alert in Grafana.
    """
    return _narrowed(rule.key, asked(rule, hub, now), VALUE)


def dollars(rule: Rule, hub: Names, now: str = NOW) -> str:
    """The dollars that it is about, as Grafana takes them: ``time``, all labels, ``value``."""
    return _narrowed(rule.labels, asked(rule, hub, now), USD)


def _narrowed(told: Sequence[str], sql: str, number: str) -> str:
    labels = ", ".join(told)
    return (
        f"SELECT time, {labels}, {number} AS {VALUE}\nFROM (\n{sql}\n) AS asked\nORDER BY {labels}"
    )


def _bands() -> str:
    """The plausible prices of ``price_bands.toml`` as a relation, USD per 1 M tokens."""
    text = files("handlers.alerts").joinpath("price_bands.toml").read_text("utf-8")
    bands = cast("dict[str, list[float]]", tomllib.loads(text))
    rows = (
        f"SELECT '{token_type}' AS token_type, {low!r} AS low, {high!r} AS high"
        for token_type, (low, high) in bands.items()
    )
    return "(" + " UNION ALL ".join(rows) + ")"


_WORD = re.compile(r"\{(\w*)\}")
_WAIT = re.compile(r"\d+[smhd]")
_TEXTS = ("title", "sql", "wait", "dashboard", "panel", "summary", "remedy")
_KEYS = {*_TEXTS, "labels", "key", "unit", "above", "up_to", "severity", "no_data", "panel_id"}


class _Reading:
    """One rule being read; what is wrong is noted and read on, so that all is told at once."""

    def __init__(self, name: str, said: object) -> None:
        self.name = name
        self.said: Mapping[str, object] = (
            cast("Mapping[str, object]", said) if isinstance(said, dict) else {}
        )
        self.mistakes: list[str] = []

    def rule(self) -> Rule:
        texts = {key: self._text(key) for key in _TEXTS}
        labels = self._labels("labels", ())
        key = self._labels("key", labels)
        above, up_to = self._number("above"), self._number("up_to", required=False)
        panel_id = self._number("panel_id")
        self._check(texts, labels, key)
        if above is not None and up_to is not None and up_to <= above:
            self._note("up_to", f"{up_to:g}", f"more than above, which is {above:g}")
        return Rule(
            id=self.name,
            labels=labels,
            key=key,
            panel_id=int(panel_id or 0),
            unit=self._choice("unit", Unit),
            above=above or 0.0,
            up_to=up_to,
            severity=self._choice("severity", Severity),
            no_data=self._choice("no_data", NoData),
            **texts,
        )

    def _check(self, texts: Mapping[str, str], labels: Sequence[str], key: Sequence[str]) -> None:
        for name in self.said:
            if name not in _KEYS:
                self._note(name, "a key", "one of " + ", ".join(sorted(_KEYS)))
        folder = files("handlers.alerts").joinpath("sql")
        if texts["sql"] and not folder.joinpath(texts["sql"]).is_file():
            self._note("sql", f"'{texts['sql']}'", "a file of handlers/alerts/sql")
        if texts["wait"] and not _WAIT.fullmatch(texts["wait"]):
            self._note("wait", f"'{texts['wait']}'", "a time like 0s, 30m or 6h")
        changing = sorted({*labels} - {*key})
        if changing and texts["summary"] and USD not in _WORD.findall(texts["summary"]):
            self._note("summary", "no {usd}", f"one with it: {', '.join(changing)} come with it")
        for word in self._unknown_words(texts, labels):
            known = ", ".join((*labels, VALUE, USD))
            self._note("summary", f"the word {{{word}}}", f"a label, {VALUE} or {USD}: {known}")

    @staticmethod
    def _unknown_words(texts: Mapping[str, str], labels: Sequence[str]) -> Iterator[str]:
        yield from (w for w in _WORD.findall(texts["summary"]) if w not in {*labels, VALUE, USD})

    def _note(self, key: str, found: str, allowed: str) -> None:
        self.mistakes.append(f"[{self.name}] {key}: found {found}; allowed is {allowed}.")

    def _text(self, key: str) -> str:
        value = self.said.get(key)
        if not isinstance(value, str) or not value.strip():
            self._note(key, "nothing" if value is None else repr(value), "a text")
            return ""
        return value

    def _labels(self, name: str, known: Sequence[str]) -> tuple[str, ...]:
        """A list of columns; some of those that are ``known``, or all of them, where there are."""
        value = self.said.get(name)
        if value is None and known:
            return tuple(known)
        found = cast("list[object]", value) if isinstance(value, list) else []
        taken = tuple(each for each in found if isinstance(each, str) and each.islower())
        if not found or len(taken) < len(found):
            self._note(name, repr(found), "a list of columns in small letters")
        elif known and not set(taken) <= set(known):
            self._note(name, repr(found), "some of the labels: " + ", ".join(known))
        return taken

    def _number(self, key: str, *, required: bool = True) -> float | None:
        value = self.said.get(key)
        if value is None and not required:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._note(key, "nothing" if value is None else repr(value), "a number")
            return None
        return float(value)

    def _choice(self, key: str, choices: type[Choice]) -> Choice:
        value = self.said.get(key)
        for choice in choices:
            if choice == value:
                return choice
        found = "nothing" if value is None else repr(value)
        self._note(key, found, "one of " + ", ".join(choices))
        return next(iter(choices))
