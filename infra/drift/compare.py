"""What was changed behind Pulumi's back, found by two previews.

One looks at the clouds first (``--refresh``), the other believes the state. What both would do is a
change of the program that waits for its ``up``; what only the first would do is drift. Names of
inputs are told, never their values: a report is read by more people than may see them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from infra.guard.preview import Change, Op, Preview


class Kind(StrEnum):
    """What became of a resource."""

    GONE = "gone"
    """It is not in its cloud any more."""
    CHANGED = "changed"
    """It is there with other properties."""


@dataclass(frozen=True)
class Drifted:
    """A resource that is not as it was made; ``properties`` are names of inputs."""

    urn: str
    type: str
    name: str
    kind: Kind
    properties: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = f" ({', '.join(self.properties)})" if self.properties else ""
        return f"{self.kind} {self.name}: {self.type}{said}"

    def document(self) -> Mapping[str, object]:
        """As JSON has it."""
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "kind": str(self.kind),
            "properties": list(self.properties),
        }


@dataclass(frozen=True)
class Pending:
    """A change of the program that no ``up`` has made yet."""

    urn: str
    name: str
    op: Op


@dataclass(frozen=True)
class Drift:
    """How a stack stands: by name what drifted, and what waits for an ``up``."""

    stack: str
    drifted: tuple[Drifted, ...]
    pending: tuple[Pending, ...]

    def document(self) -> Mapping[str, object]:
        """As JSON has it."""
        return {
            "stack": self.stack,
            "drifted": [each.document() for each in self.drifted],
            "pending": [
                {"urn": each.urn, "name": each.name, "op": str(each.op)} for each in self.pending
            ],
        }


def compare(believed: Preview, refreshed: Preview) -> Drift:
    """The drift between what the state says and what stands in the clouds."""
    planned = {change.urn: change for change in _changes(believed)}
    drifted = [
        found
        for change in _changes(refreshed)
        if (found := _drifted(change, planned.get(change.urn))) is not None
    ]
    return Drift(
        stack=refreshed.stack,
        drifted=tuple(sorted(drifted, key=lambda each: (each.name, each.urn))),
        pending=tuple(
            Pending(change.urn, change.name, change.op)
            for change in sorted(planned.values(), key=lambda each: (each.name, each.urn))
        ),
    )


def _drifted(change: Change, planned: Change | None) -> Drifted | None:
    """What a change says of the clouds beyond what is planned anyway."""
    if planned is not None and planned.op is change.op is not Op.UPDATE:
        return None
    if change.op is Op.CREATE:
        return Drifted(change.urn, change.type, change.name, Kind.GONE)
    if change.op is Op.DELETE:
        return None  # it left the program; where it is gone already, so much the better
    known = _named(planned) if planned else frozenset[str]()
    names = tuple(sorted(_named(change) - known))
    if planned is not None and not names:
        return None
    return Drifted(change.urn, change.type, change.name, Kind.CHANGED, names)


def _named(change: Change) -> frozenset[str]:
    return frozenset((*change.properties, *change.replaces))


def _changes(preview: Preview) -> Iterator[Change]:
    """What would happen to what stands in a cloud."""
    for change in preview.changes:
        state = change.after or change.before
        if (
            change.op is not Op.SAME
            and state is not None
            and state.custom
            and not state.type.startswith("pulumi:")
        ):
            yield change
