"""The phases and stages of an environment. Which parts one has is decided in platform.py alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from handlers.errors import UsageError

EVERYONE = "*"


class Phase(IntEnum):
    """How far an environment has come. A later phase holds every resource of an earlier one."""

    HUB = 1
    """Every cloud's costs are collected into BigQuery."""
    NATIVE = 2
    """Each cloud has its own warehouse; BigQuery stays Google's own and the hub."""


class Stage(StrEnum):
    """The steps from phase 1 to phase 2. Each has a step back."""

    SINGLE = "single"
    """Phase 1."""
    DUAL = "dual"
    """Both paths fill, and everybody is served by the old one."""
    PILOT = "pilot"
    """Both paths fill, and some customers are served by the new one."""
    ALL = "all"
    """Both paths fill, and everybody is served by the new one."""
    NATIVE = "native"
    """The old path of AWS and Azure is retired; its data is kept."""

    @property
    def fills_hub_path(self) -> bool:
        """Do the hub's own jobs collect AWS and Azure, too?"""
        return self is not Stage.NATIVE

    @property
    def fills_native_path(self) -> bool:
        """Do AWS and Azure have collectors and warehouses of their own?"""
        return self is not Stage.SINGLE

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


class PilotOfNobody(UsageError):
    """A pilot that names no customer."""


@dataclass(frozen=True)
class Contradiction:
    """Keys of the configuration that no stage has together; ``remedy`` is a value for ``key``."""

    key: str
    found: str
    allowed: str
    remedy: str


def stage_of(phase: Phase, migrated: Collection[str], *, dual_run: bool) -> Stage:
    """The stage that these keys describe; one with a contradiction counts as the nearest before."""
    if phase < Phase.NATIVE:
        return Stage.SINGLE
    if not dual_run:
        return Stage.NATIVE
    if EVERYONE in migrated:
        return Stage.ALL
    return Stage.PILOT if migrated else Stage.DUAL


def contradictions(
    phase: Phase, migrated: Collection[str], *, dual_run: bool
) -> list[Contradiction]:
    """What no stage has together, or would leave a cost served by nobody."""
    found: list[Contradiction] = []
    if phase < Phase.NATIVE and dual_run:
        found.append(
            Contradiction("dual_run", "is true in phase 1, which has one path.", "false", "false")
        )
    if phase < Phase.NATIVE and migrated:
        found.append(
            Contradiction(
                "migrated_customers",
                "names customers in phase 1, which has no native warehouse to serve them.",
                "an empty list in phase 1",
                "[]",
            )
        )
    if phase >= Phase.NATIVE and not dual_run and EVERYONE not in migrated:
        found.append(
            Contradiction(
                "migrated_customers",
                "does not name everyone, while dual_run is false: the old path, which would serve"
                " the others, is no longer filled.",
                '["*"] without dual_run, or dual_run true',
                '["*"]',
            )
        )
    if EVERYONE in migrated and len(migrated) > 1:
        found.append(
            Contradiction(
                "migrated_customers",
                "names everyone and single customers.",
                '["*"], or customers alone',
                '["*"]',
            )
        )
    return found


def keys_of(stage: Stage, pilots: Sequence[str] = ()) -> Mapping[str, object]:
    """What the stack's file says in that stage; ``pilots`` are its customers where it has some.

    Raises:
        PilotOfNobody: a pilot without customers.
    """
    if stage is Stage.PILOT and not pilots:
        raise PilotOfNobody("A pilot is of somebody: name its customers with --customer.")
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
