"""What a move between stages may change of what is there already: updates.toml, read."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from infra.stages import Stage


@dataclass(frozen=True)
class Change:
    """A step of the engine (``update``, ``delete``) on a resource, by its name in the program."""

    op: str
    name: str


@dataclass(frozen=True)
class Rule:
    """Changes that a move may make; ``names`` are patterns as in fnmatch."""

    op: str
    names: Sequence[str]
    reason: str

    def allows(self, change: Change) -> bool:
        """Is it one of the rule's?"""
        return change.op == self.op and any(fnmatchcase(change.name, name) for name in self.names)


def rules(source: Stage, target: Stage) -> Sequence[Rule]:
    """What the move from one stage to another may do to what is there; empty: nothing."""
    text = Path(__file__).with_name("updates.toml").read_text(encoding="utf-8")
    content: dict[str, Any] = tomllib.loads(text)
    return [
        Rule(change["op"], change["names"], change["reason"])
        for move in content["move"]
        if (move["from"], move["to"]) == (source, target)
        for change in move["change"]
    ]


def unlisted(changes: Iterable[Change], source: Stage, target: Stage) -> set[Change]:
    """The changes that the move may not make."""
    allowed = rules(source, target)
    return {change for change in changes if not any(rule.allows(change) for rule in allowed)}


def unused(changes: Iterable[Change], source: Stage, target: Stage) -> list[Rule]:
    """The rules that allow none of the changes: the list says more than is done."""
    made = list(changes)
    return [rule for rule in rules(source, target) if not any(map(rule.allows, made))]
