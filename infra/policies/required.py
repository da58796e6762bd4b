"""Fields that must hold one of some values: the rules are data, in ``settings.toml``."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cache
from importlib.resources import files
from typing import Any

from infra.policies.policy import Finding, Resource
from infra.policies.values import at


@dataclass(frozen=True)
class Required:
    """A field of a type, and what it may hold; ``missing`` says whether it may be absent.

    ``unless`` are fields and values of the resources that the rule is not for.
    """

    policy: str
    type: str
    field: str
    allowed: tuple[str | bool, ...]
    missing: bool = False
    unless: Mapping[str, str] = dataclass_field(default_factory=dict[str, str])

    def is_for(self, resource: Resource) -> bool:
        """Does the rule speak of this resource?"""
        if self.type != resource.type:
            return False
        return not self.unless or any(
            at(resource.inputs, path) != value for path, value in self.unless.items()
        )


@cache
def requirements() -> Sequence[Required]:
    """Every rule of ``settings.toml``."""
    text = files("infra.policies").joinpath("settings.toml").read_text(encoding="utf-8")
    rules: Sequence[Mapping[str, Any]] = tomllib.loads(text)["required"]
    return [
        Required(
            policy=rule["policy"],
            type=rule["type"],
            field=rule["field"],
            allowed=tuple(rule["allowed"]),
            missing=rule.get("missing", False),
            unless=rule.get("unless", {}),
        )
        for rule in rules
    ]


def unmet(policy: str, resource: Resource) -> Iterator[Finding]:
    """The fields of ``resource`` that break a rule of ``policy``."""
    for rule in requirements():
        if rule.policy != policy or not rule.is_for(resource):
            continue
        value = at(resource.inputs, rule.field)
        if value is None and rule.missing:
            continue
        # True == 1 in Python, and a field that holds 1 is not one that holds true.
        if not any(type(value) is type(word) and value == word for word in rule.allowed):
            words = " or ".join(repr(word) for word in rule.allowed)
            found = "is not set" if value is None else f"is {value!r}"
            yield Finding(f"'{rule.field}' {found}.", f"Set it to {words}.")
