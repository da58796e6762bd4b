"""The phases and stages of an environment. Which parts a phase has is decided in platform.py only.

A stage is what three keys of the stack's file say together; ``python -m infra promote`` and
``rollback`` write them, one stage at a time.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum, StrEnum

EVERYONE = "*"
"""Stands in ``migrated_customers`` for all, with what names no customer and who comes later."""


class Phase(IntEnum):
    """How far an environment has come. A later phase holds every resource of an earlier one."""

    HUB = 1
    """Every cloud's costs are collected into BigQuery."""
    NATIVE = 2
    """Each cloud has its own warehouse; BigQuery stays Google's own and the hub."""


class Stage(StrEnum):
    """The way from phase 1 to phase 2, in order; each has a step back."""

    SINGLE = "single"
    """Phase 1."""
    DUAL = "dual"
    """Both paths fill; everyone is served from the hub's."""
    PILOT = "pilot"
    """Some customers are served from the clouds' own warehouses."""
    ALL = "all"
    """Everyone is; both paths still fill."""
    NATIVE = "native"
    """The hub's path of AWS and Azure is retired, its data kept."""

    @property
    def next(self) -> "Stage | None":
        """The stage after it."""
        stages = list(Stage)
        place = stages.index(self) + 1
        return stages[place] if place < len(stages) else None

    @property
    def previous(self) -> "Stage | None":
        """The stage before it."""
        place = list(Stage).index(self) - 1
        return list(Stage)[place] if place >= 0 else None


class StageContradicted(ValueError):
    """The keys together are no stage; the text says which and what is allowed."""


def stage_of(phase: Phase, customers: Sequence[str], *, dual_run: bool) -> Stage:
    """The stage that the keys phase, migrated_customers and dual_run describe.

    Raises:
        StageContradicted: they describe none.
    """
    if phase < Phase.NATIVE:
        if dual_run or customers:
            raise StageContradicted(
                "Phase 1 has one path: with it dual_run is false and migrated_customers is empty."
            )
        return Stage.SINGLE
    if EVERYONE in customers and len(customers) > 1:
        raise StageContradicted(
            f"migrated_customers has '{EVERYONE}', which is everyone, beside others."
        )
    everyone = EVERYONE in customers
    if not dual_run:
        if not everyone:
            raise StageContradicted(
                "Without dual_run the hub's path of AWS and Azure is no longer filled: whoever is"
                f" not in migrated_customers would see no new cost. Allowed is ['{EVERYONE}']."
            )
        return Stage.NATIVE
    if everyone:
        return Stage.ALL
    return Stage.PILOT if customers else Stage.DUAL


def keys_of(stage: Stage, pilots: Sequence[str] = ()) -> Mapping[str, object]:
    """What the stack's file says in that stage; ``pilots`` are its customers where it has some.

    Raises:
        StageContradicted: a pilot without customers.
    """
    if stage is Stage.PILOT and not pilots:
        raise StageContradicted("A pilot is of somebody: name its customers.")
    customers: Mapping[Stage, Sequence[str]] = {
        Stage.PILOT: tuple(pilots),
        Stage.ALL: (EVERYONE,),
        Stage.NATIVE: (EVERYONE,),
    }
    return {
        "phase": int(Phase.HUB if stage is Stage.SINGLE else Phase.NATIVE),
        "dual_run": stage in (Stage.DUAL, Stage.PILOT, Stage.ALL),
        "migrated_customers": list(customers.get(stage, ())),
    }
