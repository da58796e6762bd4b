"""Each call of a load fails in turn; after each, one clean run must give the exact tables."""

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import duckdb

from handlers.errors import CostError
from tests.proof.faults.bill import Sample, by_truth
from tests.proof.faults.layer import NOTHING, How, Kind, Layer

MOST_TURNS = int(os.environ.get("PROOF_TURNS", "6"))
"""How many calls of a kind have their turn, from the first to the last; in the long run each."""

CHILD_SECONDS = 60

Tables = Mapping[str, Sequence[Any]]

_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["tests.proof.faults.preloaded"])


class Collector(Protocol):
    """A run of the collector with a layer under its clients; can be handed to a child process."""

    def __call__(self, bills: Path, layer: Layer) -> None:
        """Load the bill in ``bills``.

        Raises:
            CostError: it could not.
        """
        ...


class World(Protocol):
    """A warehouse, its collector, and what stands in its tables."""

    @property
    def collector(self) -> Collector:
        """What loads into it."""
        ...

    def save(self) -> None:
        """Keep the tables as they are, to come back to."""
        ...

    def back(self) -> None:
        """Make them again what they were."""
        ...

    def failing(self, layer: Layer) -> AbstractContextManager[None]:
        """Put the layer under the statements of a server, where there is one, for a block."""
        ...

    def settle(self) -> None:
        """Wait until what goes on without a client has ended."""
        ...

    def tables(self) -> Tables:
        """Every row of the tables that loads fill, sorted."""
        ...

    def facts(self) -> Sequence[Mapping[str, Any]]:
        """The rows of the table of facts, by column."""
        ...


@dataclass
class Turns:
    """What came of it: the calls that had their turn, and what the runs ended with."""

    calls: int = 0
    ended: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def said(self) -> list[str]:
        """How the runs ended, for the report."""
        return [f"{count} {how}" for how, count in sorted(self.ended.items())]


def fail_in_turn(world: World, sample: Sample, kind: Kind, how: How) -> Turns:
    """Replace a loaded bill by its newer version, failing one call after the other.

    Asserts after each that the tables were as before or as after, and that a clean run gives the
    tables of an undisturbed one, which are the sample's truth.
    """
    world.collector(sample.earlier, NOTHING)
    world.settle()
    before = world.tables()
    world.save()
    counting = Layer(kind, how)
    with world.failing(counting):
        world.collector(sample.newer, counting)
    world.settle()
    after = world.tables()
    assert by_truth(world.facts()) == sample.truth
    assert before != after
    turns = Turns()
    step = -(-len(counting.calls) // MOST_TURNS)
    number = 1
    while True:
        world.back()
        ended, had_its_turn = _run(world, sample.newer, Layer(kind, how, number))
        if not had_its_turn:
            break
        world.settle()
        where = f"{how}, call {number} of about {len(counting.calls)}"
        assert world.tables() in (before, after), f"half a load: {where}"
        world.collector(sample.newer, NOTHING)
        world.settle()
        assert world.tables() == after, f"a clean run did not mend it: {where}"
        turns.calls += 1
        turns.ended[ended] = turns.ended.get(ended, 0) + 1
        number += step
    assert ended == "succeeded"
    assert turns.calls > 0
    return turns


def _run(world: World, bills: Path, layer: Layer) -> tuple[str, bool]:
    """How a run ended, and whether its call had its turn."""
    if layer.how is How.KILLED:
        killed = run_in_child(world.collector, bills, layer)
        return ("killed", True) if killed else ("succeeded", False)
    try:
        with world.failing(layer):
            world.collector(bills, layer)
    except CostError:
        return "refused with a message", layer.had_its_turn
    except (OSError, duckdb.Error):
        return "ended by the disk's or engine's own error", layer.had_its_turn
    return "succeeded", layer.had_its_turn


def run_in_child(collector: Collector, bills: Path, layer: Layer) -> bool:
    """Whether a child of its own, forked from a clean process, was killed in that run."""
    child = _FORK.Process(target=collector, args=(bills, layer))
    child.start()
    child.join(CHILD_SECONDS)
    code = child.exitcode
    child.close()
    assert code in (0, -9), f"the child ended with {code}"
    return code == -9


def first_loads_at_once(world: World, sample: Sample) -> None:
    """Two first loads start together, of two versions of the bill.

    Asserts that a clean run then gives the sample's truth, and that one more changes nothing.
    """
    children = [
        _FORK.Process(target=_unless_overtaken, args=(world.collector, bills))
        for bills in (sample.earlier, sample.newer)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(CHILD_SECONDS)
    codes = [child.exitcode for child in children]
    for child in children:
        child.close()
    assert codes == [0, 0]
    world.settle()
    world.collector(sample.newer, NOTHING)
    world.settle()
    after = world.tables()
    assert by_truth(world.facts()) == sample.truth
    world.collector(sample.newer, NOTHING)
    world.settle()
    assert world.tables() == after


def _unless_overtaken(collector: Collector, bills: Path) -> None:
    """One of two may be refused because the other was first."""
    with suppress(CostError):
        collector(bills, NOTHING)
