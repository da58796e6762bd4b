"""What a policy is: a rule over resources, with its reason and, for each breach, a remedy.

A rule on one resource sees only that resource, so that it can stand in a CrossGuard pack as a
resource validation as it is; a rule on the graph becomes a stack validation. ``Resource`` is what
both kinds need, whether it comes from a recording or from the engine.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias


class Level(StrEnum):
    """What a breach does."""

    MANDATORY = "mandatory"
    """It stops the update."""
    ADVISORY = "advisory"
    """It is printed."""


class Resource(Protocol):
    """A registered resource. ``inputs`` are camelCase, as they go to the provider."""

    @property
    def urn(self) -> str:
        """Its name in the state."""
        ...

    @property
    def type(self) -> str:
        """The type token."""
        ...

    @property
    def name(self) -> str:
        """Its name in the program."""
        ...

    @property
    def custom(self) -> bool:
        """Does it stand in a cloud, rather than group others?"""
        ...

    @property
    def provider(self) -> str:
        """The provider's URN and id; empty where none is named."""
        ...

    @property
    def protect(self) -> bool:
        """Does the engine refuse to delete it?"""
        ...

    @property
    def dependencies(self) -> Sequence[str]:
        """URNs of what it depends on."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the provider is given."""
        ...


Graph: TypeAlias = Sequence[Resource]


@dataclass(frozen=True)
class Finding:
    """One breach: what was found, and what to do about it."""

    found: str
    remedy: str


@dataclass(frozen=True)
class Violation:
    """A breach of a policy by a resource."""

    policy: str
    level: Level
    urn: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.urn}\n  {self.policy} ({self.level}): {self.found} {self.remedy}"


@dataclass(frozen=True)
class ResourcePolicy:
    """A rule on one resource."""

    name: str
    level: Level
    reason: str
    findings: Callable[[Resource], Iterable[Finding]]

    def check(self, graph: Graph) -> list[Violation]:
        """The breaches in a graph."""
        return [
            Violation(self.name, self.level, resource.urn, finding.found, finding.remedy)
            for resource in things(graph)
            for finding in self.findings(resource)
        ]


@dataclass(frozen=True)
class GraphPolicy:
    """A rule on resources together."""

    name: str
    level: Level
    reason: str
    findings: Callable[[Graph], Iterable[tuple[Resource, Finding]]]

    def check(self, graph: Graph) -> list[Violation]:
        """The breaches in a graph."""
        return [
            Violation(self.name, self.level, resource.urn, finding.found, finding.remedy)
            for resource, finding in self.findings(graph)
        ]


Policy: TypeAlias = ResourcePolicy | GraphPolicy


def things(graph: Graph) -> Iterator[Resource]:
    """What stands in a cloud: neither components nor providers."""
    return (
        resource
        for resource in graph
        if resource.custom and not resource.type.startswith("pulumi:")
    )


def belongs(child: Resource, owner: Resource, field: str) -> bool:
    """Is ``child`` about ``owner``, which both name by ``field``?

    Before the first ``up`` a name may be unknown; what depends on the owner then is about it.
    """
    named = child.inputs.get(field)
    if isinstance(named, str) and named == owner.inputs.get(field):
        return True
    return owner.urn in child.dependencies
