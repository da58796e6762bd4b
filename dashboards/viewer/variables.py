"""What a reader has chosen, and how it goes into a query or a link.

A value that is not offered is refused; one that is offered is bound by ``duckdb_source`` and never
becomes part of the SQL's text.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from dashboards.duckdb_source import ALL_VALUES
from dashboards.viewer.model import Variable
from dashboards.viewer.times import Range

ALL = ALL_VALUES
"""What stands for All in an address, as in Grafana's."""

REFERENCE = re.compile(r"\$\{(?P<name>[\w.\[\]\"']+)(?::(?P<form>[\w:]+))?\}")


@dataclass(frozen=True)
class Option:
    """A value that a variable offers, and the text that a reader sees."""

    value: str
    text: str


@dataclass(frozen=True)
class Choice:
    """What is chosen of a variable; no value stands for All."""

    variable: Variable
    options: tuple[Option, ...]
    values: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What a reader sees of it."""
        names = {option.value: option.text for option in self.options}
        return tuple(names[value] for value in self.values) or ("All",)


def choose(
    variable: Variable, options: Sequence[Option], wanted: Sequence[str]
) -> tuple[Choice, tuple[str, ...]]:
    """The choice that ``wanted`` asks for, and what of it is not offered.

    Nothing, ALL, or nothing that is offered is All.
    """
    offered = {option.value for option in options}
    refused = tuple(value for value in wanted if value not in offered and value != ALL)
    values = tuple(dict.fromkeys(value for value in wanted if value in offered))
    return Choice(variable, tuple(options), () if ALL in wanted else values), refused


def query_words(choices: Mapping[str, Choice]) -> list[tuple[str, str]]:
    """The choices as they stand in an address: ``var-name=value``, one for each value."""
    return [
        (f"var-{name}", value) for name, each in choices.items() for value in each.values or (ALL,)
    ]


def time_words(chosen: Range) -> list[tuple[str, str]]:
    """The time range as it stands in an address."""
    return [("from", chosen.since), ("to", chosen.until)]


def encoded(words: Sequence[tuple[str, str]]) -> str:
    """Words of an address, safe in one."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in words)


def fill(
    text: str,
    choices: Mapping[str, Choice],
    chosen: Range,
    data: Callable[[str], str | None] = lambda _: None,
) -> str:
    """``text`` of a link or a panel with its variables put in; ``data`` gives those of a row.

    Raises:
        ValueError: a variable that the viewer does not know.
    """

    def put(match: re.Match[str]) -> str:
        name, form = match["name"], match["form"] or ""
        if name == "__url_time_range":
            return encoded(time_words(chosen))
        if name == "__all_variables":
            return encoded(query_words(choices))
        if name in choices:
            return _written(choices[name], form)
        value = data(name)
        if value is None:
            raise ValueError(f"{match[0]}: the viewer knows no such variable")
        return quote(value, safe="") if form == "percentencode" else value

    return REFERENCE.sub(put, text)


def _written(choice: Choice, form: str) -> str:
    match form:
        case "queryparam":
            return encoded(query_words({choice.variable.name: choice}))
        case "percentencode":
            return quote(",".join(choice.values or (ALL,)), safe="")
        case "text":
            return " + ".join(choice.texts)
        case _:
            return ",".join(choice.values or (ALL,))
