"""What holds data can't be deleted or replaced by an update."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from infra.policies.policy import Finding, Level, Resource, ResourcePolicy


@dataclass(frozen=True)
class DataType:
    """A type that holds data, and how one of them says that it does not."""

    type: str
    unless: str | None = None
    """A field that is set on what can go."""
    empty: Mapping[str, str] | None = None
    """Fields and values of the one that stays empty."""

    def holds(self, inputs: Mapping[str, Any]) -> bool:
        """Does a resource with these inputs hold data?"""
        if self.unless is not None and inputs.get(self.unless):
            return False
        if self.empty is None:
            return True
        return any(inputs.get(field) != value for field, value in self.empty.items())


@cache
def data_types() -> Mapping[str, DataType]:
    """The rules of ``data.toml`` by type."""
    text = files("infra.policies").joinpath("data.toml").read_text(encoding="utf-8")
    return {rule["type"]: DataType(**rule) for rule in tomllib.loads(text)["holds"]}


def _findings(resource: Resource) -> Iterator[Finding]:
    rule = data_types().get(resource.type)
    if rule is not None and not resource.protect and rule.holds(resource.inputs):
        yield Finding("It holds data and is not protected.", "Register it with protect=True.")


PROTECTED_DATA = ResourcePolicy(
    name="protected-data",
    level=Level.MANDATORY,
    reason="A misspelt setting must not delete years of bills.",
    findings=_findings,
)
