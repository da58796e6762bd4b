"""In which order an upgrade has to reach an environment, and how far it is.

A collector of this version refuses tables that lack a column, so the hub's tables come first. The
clouds' own warehouses are brought forward by their collectors, so those come next. Views and
dashboards ask for columns of both, and come last. One ``pulumi up`` makes everything at once, in an
order that follows from what refers to what: good where one step waits, not where several do.
"""

import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from infra.guard.preview import Change, Op, Preview

_TABLE = "gcp:bigquery/table:Table"


class Step(StrEnum):
    """The steps, first to last."""

    TABLES = "tables"
    COLLECTORS = "collectors"
    VIEWS = "views"
    DASHBOARDS = "dashboards"
    REST = "everything else"


@dataclass(frozen=True)
class Waiting:
    """What waits for an update, by step.

    ``needs`` are, by URN, the new resources that a change refers to: an update of single resources
    refuses one whose parent or dependency is not there yet. ``has_natives`` says whether clouds
    have warehouses of their own, ``is_new`` that nothing of the stack is there.
    """

    stack: str
    changes: Mapping[Step, Sequence[Change]]
    needs: Mapping[str, Sequence[str]]
    has_natives: bool
    is_new: bool

    def commands(self) -> Iterator[str]:
        """What to run, in order; nothing where nothing waits."""
        up = f"pulumi up --stack {shlex.quote(self.stack)}"
        left = [step for step in Step if self.changes[step]]
        for step in () if self.is_new else (Step.TABLES, Step.COLLECTORS):
            if step in left and left[-1] is not step:
                targets = (f"--target {shlex.quote(urn)}" for urn in self._reached(step))
                yield " ".join([up, *targets])
                left.remove(step)
                if step is Step.COLLECTORS:
                    yield from self._migration()
        if left:
            yield up
        if left and (left[-1] is Step.COLLECTORS or self.is_new):
            yield from self._migration()

    def _reached(self, step: Step) -> list[str]:
        """The URNs of a step's changes, and of all that is new and that they need."""
        found: set[str] = set()
        left = [change.urn for change in self.changes[step]]
        while left:
            urn = left.pop()
            if urn not in found:
                found.add(urn)
                left += self.needs.get(urn, ())
        return sorted(found)

    def _migration(self) -> Iterator[str]:
        if self.has_natives:
            stack = shlex.quote(self.stack)
            yield f"python -m infra run migrate --stack {stack} --path native"


def waiting(preview: Preview, *, has_natives: bool) -> Waiting:
    """What the engine would change, by step."""
    changes: dict[Step, list[Change]] = {step: [] for step in Step}
    needs: dict[str, list[str]] = {}
    new = {change.urn for change in preview.of(Op.CREATE)}
    for change in preview.changes:
        state = change.after or change.before
        if change.op is Op.SAME or state is None:
            continue
        needs[change.urn] = [urn for urn in (state.parent, *state.dependencies) if urn in new]
        if state.custom:
            changes[_step(change)].append(change)
    is_new = not any(change.before for change in preview.changes)
    return Waiting(preview.stack, changes, needs, has_natives, is_new)


def _step(change: Change) -> Step:
    state = change.after or change.before
    if change.type == _TABLE and state is not None and "view" in state.inputs:
        return Step.VIEWS
    return step_types().get(change.type, Step.REST)


@cache
def step_types() -> Mapping[str, Step]:
    """The step of each type that ``steps.toml`` names."""
    text = files("infra.upgrade").joinpath("steps.toml").read_text(encoding="utf-8")
    said: Mapping[str, Sequence[str]] = tomllib.loads(text)
    return {type_: Step(step) for step, types in said.items() for type_ in types}
