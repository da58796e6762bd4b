"""What a check comes to: how bad it is, what was found, what is allowed, what to do.

The words are data (findings.toml), by the name a check gives them.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, cast


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, or will by itself; somebody should know."""
    PROBLEM = "problem"
    """It does not work until somebody does something."""
    NOT_CHECKED = "not checked"
    """It can't be known; what was found says why."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``allowed`` and ``remedy`` are empty where all is well."""

    name: str
    level: Level
    about: str
    found: str
    allowed: str
    remedy: str


@dataclass(frozen=True)
class Text:
    """The words of a finding; $names are filled in."""

    level: Level
    about: str
    found: str
    allowed: str
    remedy: str


@cache
def texts() -> Mapping[str, Text]:
    """Every finding there is, by its name."""
    text = Path(__file__).with_name("findings.toml").read_text(encoding="utf-8")
    read: dict[str, dict[str, Any]] = tomllib.loads(text)
    return {
        f"{check}.{state}": Text(
            level=Level(words["level"]),
            about=words.get("about", entry["about"]),
            found=words["found"],
            allowed=words.get("allowed", ""),
            remedy=words.get("remedy", "").strip(),
        )
        for check, entry in read.items()
        for state, words in _states(entry)
    }


def _states(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for state, words in entry.items():
        if isinstance(words, dict):
            yield state, cast("Mapping[str, str]", words)


def finding(name: str, /, **names: object) -> Finding:
    """The finding called ``CHECK.STATE``, its $names filled in."""
    text = texts()[name]
    filled = {
        part: Template(getattr(text, part)).substitute(names)
        for part in ("about", "found", "allowed", "remedy")
    }
    return Finding(name=name, level=text.level, **filled)
