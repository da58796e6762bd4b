"""Where an environment stands: the stage that it has reached, and a move that has not ended."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from handlers.alerts.runner import Row, Runner
from handlers.errors import UsageError
from handlers.tables import PROMOTIONS
from infra.stages import Phase, Stage, contradictions, keys_of, stage_of


class Status(StrEnum):
    """What a row of ``promotions`` says."""

    BEGUN = "begun"
    REACHED = "reached"


class FileContradicts(UsageError):
    """The stack's file says a stage that the environment has not reached."""


@dataclass(frozen=True)
class Move:
    """From one stage to another; ``customers`` are those of the second."""

    source: Stage
    target: Stage
    customers: tuple[str, ...] = ()

    @property
    def keys(self) -> Mapping[str, object]:
        """What the stack's file says once it is begun."""
        return keys_of(self.target, self.customers)

    def __str__(self) -> str:
        of_whom = f" ({', '.join(self.customers)})" if self.target is Stage.PILOT else ""
        return f"{self.source} to {self.target}{of_whom}"


@dataclass(frozen=True)
class Standing:
    """The stage that was reached, since when, with which pilots, and a move under way.

    ``since`` is None where nothing was ever moved. ``pilots`` are the customers of the last pilot.
    """

    stage: Stage
    since: datetime | None
    customers: tuple[str, ...]
    pilots: tuple[str, ...]
    begun: Move | None

    @property
    def keys(self) -> Mapping[str, object]:
        """What the stack's file says in that stage."""
        return keys_of(self.stage, self.customers)


def standing(runner: Runner) -> Standing:
    """Where the environment stands, from the table ``promotions``.

    Raises:
        WarehouseError: the hub can't be asked.
    """
    rows = runner.rows(
        "SELECT kept.noted_at, kept.from_stage, kept.to_stage, kept.customers, kept.status"
        f" FROM {runner.words()['promotions']} AS kept ORDER BY kept.noted_at, kept.status"
    )
    stage, since, customers, pilots = Stage.SINGLE, None, tuple[str, ...](), tuple[str, ...]()
    begun: Move | None = None
    for row in rows:
        move = _move(row)
        if row["status"] == Status.BEGUN:
            begun = move
            continue
        begun, stage, customers = None, move.target, move.customers
        since = cast("datetime", row["noted_at"])
        pilots = customers if stage is Stage.PILOT else pilots
    return Standing(stage, since, customers, pilots, begun)


def check_file(found: Standing, keys: Mapping[str, object]) -> None:
    """Refuse a stack's file that was edited by hand to a stage that was not reached.

    Raises:
        FileContradicts: names what it says, what was reached and how to put it right.
    """
    allowed = [found.keys, *([found.begun.keys] if found.begun else [])]
    if dict(keys) in [dict(each) for each in allowed]:
        return
    raise FileContradicts(
        f"The stack's file says {_said(keys)}, but this environment has reached '{found.stage}'"
        f"{f' and is on its way to {found.begun.target}' if found.begun else ''}. Put back what it"
        f" said: {_shown(found.keys)}; then 'python -m infra promote' moves it."
    )


def note(runner: Runner, move: Move, status: Status, by: str, at: datetime) -> None:
    """Add a row to ``promotions``.

    Raises:
        WarehouseError: it can't be added.
    """
    cells = {
        "noted_at": at.replace(tzinfo=None),
        "moved_by": by,
        "from_stage": move.source.value,
        "to_stage": move.target.value,
        "customers": json.dumps(list(move.customers)),
        "status": status.value,
    }
    runner.insert(PROMOTIONS, [[cells[name] for name in PROMOTIONS.names]])


def _move(row: Row) -> Move:
    customers = cast("list[str]", json.loads(str(row["customers"])))
    return Move(Stage(str(row["from_stage"])), Stage(str(row["to_stage"])), tuple(customers))


def _said(keys: Mapping[str, object]) -> str:
    """The stage that the keys describe, or the keys where they describe none."""
    customers = [str(each) for each in cast("Sequence[object]", keys["migrated_customers"])]
    phase, dual_run = Phase(int(str(keys["phase"]))), keys["dual_run"] is True
    if contradictions(phase, customers, dual_run=dual_run):
        return _shown(keys)
    return f"'{stage_of(phase, customers, dual_run=dual_run)}'"


def _shown(keys: Mapping[str, object]) -> str:
    return ", ".join(f"{key}: {json.dumps(value)}" for key, value in keys.items())
